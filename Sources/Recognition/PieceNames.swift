package import Model

/// Names of files that are one piece of a whole: `x.tar.aa`, `x.tar.001`, `x.z01`, `x.part1.rar`. All that is known of
/// such names stands here: which name is the whole's, which number a piece has, and which pieces are of one whole.
///
/// - split writes `aa ab … yz zaaa …`, with `-d` `00 01 … 89 9000 …`, with `-a` a fixed number of letters or digits,
///   behind whatever prefix it is given: `x.tar.gz.part-aa`. Each piece may be encrypted afterwards: `x.tar.gz.aa.gpg`.
/// - 7-Zip and HJSplit count `001 002 … 999 1000`.
/// - zip counts `.z01 .z02 …`, and `.zip` is the last one. RAR counts `.part1.rar` or `.part01.rar`; before version 3
///   `.rar .r00 .r01 … .r99 .s00 …`.
/// - People's scripts count behind the name (`x.tar.part1`, `x.tar.1`) and before its ending (`x-part1.tar.gz`,
///   `x.vol1.tar`, `x-1of3.tar`, `x.001.tar`).
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
    package static func isWhole(_ name: Bytes) -> Bool {
        guard let dot = name.storage.suffix(9).lastIndex(of: dot), dot > 0 else { return false }
        return wholes.contains(Bytes(name.storage[(dot + 1)...]).lowercased)
    }

    /// Of ``wholes`` those that a tool writes as one file of many others.
    private static let archives: Set<Bytes> = [
        "tar", "tgz", "tbz", "tbz2", "txz", "tzst", "7z", "zip", "cpio",
    ]
    private static let packers: Set<Bytes> = ["gz", "bz2", "xz", "zst", "lz4", "lz", "lzo"]
    /// What each piece may be encrypted to.
    private static let ciphers: [Bytes] = [".gpg", ".pgp", ".age", ".enc", ".aes"]

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
        /// The same without the ending of ``cipher``.
        var base: Bytes
        /// What stands before the number.
        var prefix: Bytes
        var counting: Counting
        /// The ending behind the number, where each piece was encrypted by itself.
        var cipher = Bytes()

        /// The number that counting begins with; `nil`: 0 or 1.
        var first: Int? { if case .letters = counting { 0 } else { nil } }
        /// `home-2026-11-23.00` may be an hour, `x-2026-11-23-de` a language.
        var isSure: Bool { isWhole(base) }
        var mayBeCounted: Bool {
            guard cipher.isEmpty, prefix.count == whole.count + 1, prefix.storage.last == dot else { return false }
            if case .digits(let width) = counting, whole.storage.last?.isDigit ?? false { return width >= 3 }
            return true
        }

        /// The number of a piece; `nil`: no piece of this whole.
        private func number(_ name: Bytes) -> Int? {
            guard name.count > prefix.count + cipher.count, name.count <= prefix.count + 6 + cipher.count,
                name.hasPrefix(prefix), name.hasSuffix(cipher)
            else { return nil }
            let count = name.storage[prefix.count..<(name.count - cipher.count)]
            return switch counting {
            case .letters(let width): PieceNames.letters(count, width)
            case .digits(let width): PieceNames.digits(count, width)
            }
        }

        /// The pieces among these names, in order. `x.tar.gz` is a piece only behind `x.tar.gy`.
        func pieces(among names: [(id: Int, name: Bytes)]) -> [(number: Int, id: Int)] {
            var sure: [(number: Int, id: Int)] = []
            var ambiguous: [(number: Int, id: Int)] = []
            for (id, name) in names {
                guard let number = number(name) else { continue }
                if PieceNames.endings.contains(name.dropFirst(prefix.count).dropLast(cipher.count)) {
                    ambiguous.append((number, id))
                } else {
                    sure.append((number, id))
                }
            }
            let numbers = Set(sure.map(\.number))
            return (sure + ambiguous.filter { numbers.contains($0.number - 1) }).sorted { $0 < $1 }
        }
    }

    /// The run that a name begins: its number is 0, 1 or 2. `nil`: any other name, told by its last two bytes.
    static func run(_ name: Bytes) -> Run? {
        guard let cipher = cipher(name) else { return run(of: name.storage) }
        guard var run = run(of: name.storage.dropLast(cipher.count)), run.isSure else { return nil }
        (run.whole, run.cipher) = (run.base + cipher, cipher)
        return run
    }

    /// Told by the last byte, nearly always.
    private static func cipher(_ name: Bytes) -> Bytes? {
        switch name.storage.last {
        case UInt8(ascii: "g"), UInt8(ascii: "p"), UInt8(ascii: "e"), UInt8(ascii: "c"), UInt8(ascii: "s"):
            ciphers.first { name.hasSuffix($0) }
        default: nil
        }
    }

    private static func run(of bytes: [UInt8]) -> Run? {
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
            let whole = withoutPart(Bytes(bytes[..<(start - 1)]))
            return Run(whole: whole, base: whole, prefix: Bytes(bytes[..<start]), counting: found)
        }
        // Without a joint only what stands before it tells: `x.tar.gzaa`.
        for width in 2...4 where width <= longest {
            guard let found = counting(bytes.suffix(width)) else { continue }
            let prefix = Bytes(bytes.dropLast(width))
            let whole = withoutPart(prefix)
            if isWhole(whole) { return Run(whole: whole, base: whole, prefix: prefix, counting: found) }
        }
        return nil
    }

    /// `x.tar.gz` of `x.tar.gz.part`; any other name as it is.
    private static func withoutPart(_ name: Bytes) -> Bytes {
        guard name.count > 6, name.hasSuffix("part"), joints.contains(name.storage[name.count - 5]) else { return name }
        let whole = name.dropLast(5)
        return isWhole(whole) ? whole : name
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

    enum Volumes: Hashable, Comparable {
        case zip, rar, oldRAR
        /// `x.tar.part1`, `x-part1.tar`.
        case parts
        /// `x.vol1.tar`.
        case numbered
        /// `x.tar.1`, `x.001.tar`: may be other things.
        case ambiguous
        /// `x-1of3.tar`, and of how many.
        case of(Int)
    }

    /// One of several volumes, and what they have in common.
    struct Volume: Hashable {
        /// The name of the whole.
        var whole: Bytes
        /// What stands before the number, and the part of it that may say when the whole was made.
        var prefix: Bytes
        var stem: Bytes
        var kind: Volumes
    }

    /// The volume that a name says that it is, and its number from 1 (or from 0, where people count). Not `x.zip` and
    /// not `x.rar`, which may be whole.
    static func volume(_ name: Bytes) -> (of: Volume, number: Int)? {
        if let (whole, kind, number) = volumeOfTool(name) {
            let stem = whole.dropLast(4)
            return (Volume(whole: whole, prefix: stem, stem: stem, kind: kind), number)
        }
        return name.hasSuffix(".rar") ? nil : volumeOfScript(name.storage)
    }

    private static func volumeOfTool(_ name: Bytes) -> (whole: Bytes, of: Volumes, number: Int)? {
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

    // MARK: x.tar.part1, x-part1.tar, x-1of3.tar

    /// A number behind the name or before its last endings, of which there are three at most.
    private static func volumeOfScript(_ bytes: [UInt8]) -> (of: Volume, number: Int)? {
        var end = bytes.count
        for _ in 0...3 {
            if end > 3, bytes[end - 1].isDigit, let found = volume(bytes, numberEnds: end) { return found }
            guard let dot = bytes[..<end].suffix(6).lastIndex(of: dot), dot > 3, end - dot > 2 else { return nil }
            end = dot
        }
        return nil
    }

    private static func volume(_ bytes: [UInt8], numberEnds end: Int) -> (of: Volume, number: Int)? {
        guard let (start, number) = number(bytes, endingAt: end), start > 2 else { return nil }
        guard mayEndBefore(bytes[..<start]) else { return nil }
        let before = bytes[..<start]
        let isLast = end == bytes.count || ciphers.contains(Bytes(bytes[end...]))
        func found(_ kind: Volumes, _ number: Int, stem: ArraySlice<UInt8>, prefix: ArraySlice<UInt8>)
            -> (of: Volume, number: Int)?
        {
            let stem = Bytes(stem)
            guard !stem.isEmpty, isLast ? isWhole(stem) : isArchive(bytes[end...]) else { return nil }
            let volume = Volume(whole: stem + Bytes(bytes[end...]), prefix: Bytes(prefix), stem: stem, kind: kind)
            return (volume, number)
        }
        if let word = word("part", endOf: before) { return found(.parts, number, stem: word, prefix: before) }
        // Behind another joint it may be the volume of a machine: `nas-vol1`.
        if let word = word("vol", endOf: before) {
            return bytes[word.endIndex] == dot ? found(.numbered, number, stem: word, prefix: before) : nil
        }
        if let (stem, prefix, part) = counted(before), (1...number).contains(part), number < 10_000 {
            return found(.of(number), part, stem: stem, prefix: prefix)
        }
        guard before.last == dot else { return nil }
        let stem = before.dropLast()
        let isPadded = end - start == 3
        let isPlain = end - start < 4 && (bytes[start] != zero || end - start == 1)
        guard isLast ? isPlain && isArchive(endingsOf: stem) : isPadded else { return nil }
        return found(.ambiguous, number, stem: stem, prefix: before)
    }

    /// `part`, `vol`, `of`, a dot, or `of-`: nearly every number of a date has something else before it.
    private static func mayEndBefore(_ bytes: ArraySlice<UInt8>) -> Bool {
        switch (bytes.last ?? 0) | 0x20 {
        case UInt8(ascii: "t"), UInt8(ascii: "l"), UInt8(ascii: "f"), dot: true
        default: bytes.dropLast().last == UInt8(ascii: "f")
        }
    }

    private static func number(_ bytes: [UInt8], endingAt end: Int) -> (start: Int, value: Int)? {
        let digits = bytes[..<end].suffix(6).reversed().prefix(while: \.isDigit).count
        guard (1...5).contains(digits) else { return nil }
        return (end - digits, bytes[(end - digits)..<end].reduce(0) { $0 * 10 + Int($1 - zero) })
    }

    /// What stands before this word and its joint; `nil`: it does not end so.
    private static func word(_ word: Bytes, endOf bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let rest = bytes.dropLast(word.count)
        guard rest.count > 1, let joint = rest.last, joints.contains(joint),
            zip(bytes[rest.endIndex...], word.storage).allSatisfy({ $0 | 0x20 == $1 })
        else { return nil }
        return rest.dropLast()
    }

    /// `x-1of`, `x-1-of-`, `x.part1of`: the stem, what stands before the number, and the number.
    private static func counted(_ bytes: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>, Int)? {
        var rest = bytes
        if let joint = rest.last, joints.contains(joint) { rest = rest.dropLast() }
        guard rest.suffix(2).elementsEqual("of".utf8) else { return nil }
        rest = rest.dropLast(2)
        if let joint = rest.last, joints.contains(joint) { rest = rest.dropLast() }
        guard let (start, number) = number(Array(rest), endingAt: rest.count), start > 1 else { return nil }
        let prefix = rest[..<start]
        if let stem = word("part", endOf: prefix) { return (stem, prefix, number) }
        guard let joint = prefix.last, joints.contains(joint) else { return nil }
        return (prefix.dropLast(), prefix, number)
    }

    /// `.tar`, `.tar.gz`, `.zip.gpg`.
    private static func isArchive(_ endings: ArraySlice<UInt8>) -> Bool {
        let endings = endings.dropFirst().split(separator: dot, omittingEmptySubsequences: false)
            .map { Bytes($0).lowercased }
        guard let first = endings.first, archives.contains(first) else { return false }
        return endings.dropFirst().allSatisfy { packers.contains($0) || ciphers.contains("." + $0) }
    }

    /// Whether a name ends so.
    private static func isArchive(endingsOf name: ArraySlice<UInt8>) -> Bool {
        var end = name.endIndex
        for _ in 0..<3 {
            guard let dot = name[..<end].suffix(6).lastIndex(of: dot), dot > 0 else { return false }
            if isArchive(name[dot...]) { return true }
            end = dot
        }
        return false
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
        var stems = Set(names.compactMap { run($0)?.whole ?? volume($0)?.of.whole })
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
