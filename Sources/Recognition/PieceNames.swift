package import Model

/// Names of files that are one piece of a whole: `x.tar.aa`, `x.tar.001`, `x.z01`, `x.part1.rar`. All that is known of
/// such names stands here: which name is the whole's, which number a piece has, and which pieces are of one whole.
///
/// - split writes `aa ab … yz zaaa …`, with `-d` `00 01 … 89 9000 …`, with `-a` a fixed number of letters or digits,
///   behind whatever prefix it is given.
/// - 7-Zip and HJSplit count `001 002 … 999 1000`.
/// - zip counts `.z01 .z02 …`, and `.zip` is the last one. RAR counts `.part1.rar` or `.part01.rar`; before version 3
///   `.rar .r00 .r01 … .r99 .s00 …`.
package enum PieceNames {
    /// Endings of what people split. What is in front of a piece's number and ends otherwise may be anything.
    private static let wholes: Set<Bytes> = [
        "tar", "tgz", "tbz", "tbz2", "txz", "tzst", "gz", "bz2", "xz", "zst", "lz4", "lz", "lzo", "7z", "zip", "rar",
        "cpio",
        "zpaq", "sql", "dump", "dmp", "bak", "backup", "bson", "xbstream", "img", "iso", "raw", "dd", "qcow2", "vmdk",
        "vdi",
        "vhd", "vhdx", "vma", "ova", "zfs", "btrfs", "gpg", "pgp", "age", "enc", "aes", "crypt",
    ]

    /// Whether a name ends like an archive, a dump or an image.
    static func isWhole(_ name: Bytes) -> Bool {
        guard let dot = name.storage.suffix(9).lastIndex(of: dot), dot > 0 else { return false }
        return wholes.contains(Bytes(name.storage[(dot + 1)...]).lowercased)
    }

    private static let dot = UInt8(ascii: ".")
    private static let joints = Array(".-_".utf8)
    private static let (a, z, zero, nine) = (
        UInt8(ascii: "a"), UInt8(ascii: "z"), UInt8(ascii: "0"), UInt8(ascii: "9")
    )

    // MARK: aa ab, 000 001

    enum Counting: Hashable {
        case letters(Int)
        case digits(Int)
    }

    /// What the pieces of one whole have in common, found by one of the first of them.
    struct Run: Hashable {
        /// The name of the whole.
        var whole: Bytes
        /// What stands before the number.
        var prefix: Bytes
        var counting: Counting

        /// The number that counting begins with; `nil`: 0 or 1.
        var first: Int? { if case .letters = counting { 0 } else { nil } }
        /// `home-2026-11-23.00` may be an hour, `x-2026-11-23-de` a language.
        var isSure: Bool { isWhole(whole) }
        var mayBeCounted: Bool {
            guard prefix.count == whole.count + 1, prefix.storage.last == dot else { return false }
            if case .digits(let width) = counting, whole.storage.last?.isDigit ?? false { return width >= 3 }
            return true
        }

        /// The number of a piece; `nil`: no piece of this whole.
        private func number(_ name: Bytes) -> Int? {
            guard name.count > prefix.count, name.count <= prefix.count + 6, name.hasPrefix(prefix) else { return nil }
            let count = name.storage[prefix.count...]
            return switch counting {
            case .letters(let width): PieceNames.letters(count, width)
            case .digits(let width): PieceNames.digits(count, width)
            }
        }

        /// The pieces among these names, in order. `x.tar.gz` is a piece only behind `x.tar.gy`.
        func pieces(among names: [(id: Int, name: Bytes)]) -> [(number: Int, id: Int)] {
            var sure: [(number: Int, id: Int)] = []
            var doubtful: [(number: Int, id: Int)] = []
            for (id, name) in names {
                guard let number = number(name) else { continue }
                if PieceNames.endings.contains(name.dropFirst(prefix.count)) {
                    doubtful.append((number, id))
                } else {
                    sure.append((number, id))
                }
            }
            let numbers = Set(sure.map(\.number))
            return (sure + doubtful.filter { numbers.contains($0.number - 1) }).sorted { $0 < $1 }
        }
    }

    /// The run that a name begins: its number is 0, 1 or 2. `nil`: any other name, told by its last two bytes.
    static func run(_ name: Bytes) -> Run? {
        let bytes = name.storage
        guard bytes.count > 3 else { return nil }
        switch (bytes[bytes.count - 2], bytes[bytes.count - 1]) {
        case (a, a), (a, a + 1):
            return run(bytes, longest: bytes.suffix(5).reversed().prefix { isLetter($0) }.count) {
                $0.dropLast().allSatisfy { $0 == a } ? .letters($0.count) : nil
            }
        case (zero, zero...(zero + 2)):
            return run(bytes, longest: bytes.suffix(6).reversed().prefix(while: \.isDigit).count) {
                $0.dropLast().allSatisfy { $0 == zero } ? .digits($0.count) : nil
            }
        default: return nil
        }
    }

    /// `longest`: how many bytes at the end may be the number.
    private static func run(_ bytes: [UInt8], longest: Int, _ counting: (ArraySlice<UInt8>) -> Counting?) -> Run? {
        let start = bytes.count - longest
        if start > 1, joints.contains(bytes[start - 1]), let found = counting(bytes[start...]) {
            return Run(whole: Bytes(bytes[..<(start - 1)]), prefix: Bytes(bytes[..<start]), counting: found)
        }
        // Without a joint only what stands before it tells: `x.tar.gzaa`.
        for width in 2...4 where width <= longest {
            let whole = Bytes(bytes.dropLast(width))
            if let found = counting(bytes.suffix(width)), isWhole(whole) {
                return Run(whole: whole, prefix: whole, counting: found)
            }
        }
        return nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (a...z).contains(byte) }

    /// Two letters go on as `yz zaaa … zyzz zzaaaa`.
    private static func letters(_ count: ArraySlice<UInt8>, _ width: Int) -> Int? {
        guard count.allSatisfy(isLetter) else { return nil }
        let wider = width == 2 ? count.prefix { $0 == z }.count : 0
        let before: Int
        switch (count.count, wider) {
        case (width, _): before = 0
        case (4, 1): before = 650
        case (6, 2): before = 650 + 16_900
        default: return nil
        }
        let rest = before == 0 ? count : count.dropFirst(wider)
        return rest.reduce(0) { $0 * 26 + Int($1 - a) } + before
    }

    /// Endings that are rather none of split's.
    private static let endings: Set<Bytes> = [
        "gz", "xz", "lz", "bz", "br", "sz", "ok", "md", "db", "gpg", "pgp", "asc", "age", "enc", "aes", "sig", "zst",
        "lzo",
        "log", "txt", "lst", "err", "sha", "md5", "sum", "old", "bak", "new", "tmp", "bad", "key", "par", "idx", "tar",
        "zip",
        "rar", "sql", "tgz", "txz", "tbz", "done",
    ]

    /// Two digits go on as `89 9000 … 9899 990000`, three as `999 1000`.
    private static func digits(_ count: ArraySlice<UInt8>, _ width: Int) -> Int? {
        guard count.allSatisfy(\.isDigit) else { return nil }
        func value(_ digits: ArraySlice<UInt8>) -> Int { digits.reduce(0) { $0 * 10 + Int($1 - zero) } }
        let nines = count.prefix { $0 == nine }.count
        switch (width, count.count) {
        case (_, width): return value(count)
        case (2, 4) where nines == 1: return 90 + value(count.dropFirst())
        case (2, 6) where nines == 2: return 990 + value(count.dropFirst(2))
        case (3, 4) where count.first != zero: return value(count)
        default: return nil
        }
    }

    // MARK: zip, RAR

    enum Volumes: Hashable { case zip, rar, oldRAR }

    /// A volume of zip or RAR that says so itself: the name of the whole, and its number from 1. Not `x.zip` and not
    /// `x.rar`, which may be whole.
    static func volume(_ name: Bytes) -> (whole: Bytes, of: Volumes, number: Int)? {
        let bytes = name.storage
        guard let last = bytes.last, bytes.count > 4 else { return nil }
        if last.isDigit {
            let start = bytes.count - bytes.reversed().prefix(while: \.isDigit).count
            guard start >= 3, (2...4).contains(bytes.count - start), bytes[start - 2] == dot else { return nil }
            let stem = Bytes(bytes[..<(start - 2)])
            let number = bytes[start...].reduce(0) { $0 * 10 + Int($1 - zero) }
            switch bytes[start - 1] | 0x20 {
            case z where number > 0: return (stem + ".zip", .zip, number)
            case UInt8(ascii: "r"): return (stem + ".rar", .oldRAR, number + 1)
            case UInt8(ascii: "s"): return (stem + ".rar", .oldRAR, number + 101)
            default: return nil
            }
        }
        guard last == UInt8(ascii: "r"), name.hasSuffix(".rar") else { return nil }
        let stem = bytes.dropLast(4)
        let digits = stem.reversed().prefix(while: \.isDigit).count
        let head = Bytes(stem.dropLast(digits))
        guard (1...5).contains(digits), head.hasSuffix(".part"), head.count > 5 else { return nil }
        let number = stem.suffix(digits).reduce(0) { $0 * 10 + Int($1 - zero) }
        return number > 0 ? (head.dropLast(5) + ".rar", .rar, number) : nil
    }

    // MARK: Of one whole

    /// Names that a first piece of this whole may have beside `WHOLE.…`.
    static func firsts(of whole: Bytes) -> [Bytes] {
        let volumes = whole.hasSuffix(".rar") ? [".part1.rar", ".part01.rar", ".part001.rar"] : [] as [Bytes]
        let counts: [Bytes] =
            isWhole(whole) ? ["-aa", "_aa", "aa", "aaa", "-00", "_00", "00", "-000", "000", "-001", "001"] : []
        return volumes.map { whole.dropLast(4) + $0 } + counts.map { whole + $0 }
    }

    /// What the names of one set have in common: the whole that they are pieces of, and their common beginning without
    /// the joint and what is left of a word behind it: `a-20261123` of `a-20261123.vol1`, `a-20261123.vol2`.
    static func stems(of names: [Bytes]) -> [Bytes] {
        guard var common = names.first?.storage[...] else { return [] }
        for name in names.dropFirst() {
            let same = zip(common, name.storage).prefix { $0 == $1 }.count
            common = common.prefix(same)
        }
        var stems = Set(names.compactMap { run($0)?.whole ?? volume($0)?.whole })
        if let joint = common.lastIndex(where: { joints.contains($0) }), joint > 0 {
            stems.insert(Bytes(common[..<joint]))
        }
        return stems.sorted()
    }

    /// The pieces among the files of one backup, in order, and the name of the whole; `nil`: its first name begins no
    /// run. Put one behind the other they are the whole.
    package static func pieces(_ name: Bytes, among others: [Bytes]) -> (whole: Bytes, names: [Bytes])? {
        guard let run = run(name) else { return nil }
        let names = [name] + others
        return (run.whole, run.pieces(among: names.enumerated().map { ($0, $1) }).map { names[$0.id] })
    }

    /// Whether it may be the first piece of something; only that has the head of the whole.
    static func isFirst(_ name: Bytes) -> Bool {
        let lower = name.lowercased
        if let run = run(lower) { return run.isSure || run.counting == .digits(3) || run.whole == "x" }
        if lower == "xaa" || volume(lower)?.number == 1 { return true }
        // `x.tar.1`, `x.tar.part1`, `x.taraa`
        let digits = lower.storage.reversed().prefix(while: \.isDigit).count
        guard (1...6).contains(digits), lower.storage.suffix(digits).reduce(0, { $0 * 10 + Int($1 - zero) }) <= 1 else {
            return false
        }
        var stem = lower.dropLast(digits)
        if let last = stem.storage.last, joints.contains(last) { stem = stem.dropLast(1) }
        return stem.hasSuffix("part") || stem.hasSuffix("vol") || isWhole(stem)
    }
}

extension Bytes {
    /// With ASCII's capitals made small.
    var lowercased: Bytes { Bytes(storage.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }) }
}
