package import Model

/// Files beside a backup that go where it goes: `X.sha256` beside X, `X.log` beside `X.vma.zst`, `X.tar.gz.sha256`
/// beside `X.tar.gz.aa` and `….ab`.
///
/// Checksums, signatures, `.log`, `.notes`, `.snar` and the parity files of `par2` are side files and nothing else.
/// `.json`, `.txt` and the like may be backups: they are side files only where the other file is there.
package enum SideFiles {
    /// Proxmox's vzdump makes an empty `X.protected` beside a backup that its own pruning must not take.
    private static let protectedEnding: Bytes = ".protected"

    /// Why one is left alone.
    static let alone = "side file without its backup"

    /// How one of the files of a backup is protected by the tool that wrote it; `nil`: none is.
    static func protection(among files: [Bytes]) -> String? {
        let marks = files.filter { $0.hasSuffix(protectedEnding) }
        guard !marks.isEmpty else { return nil }
        let names = Set(files)
        let mark = marks.sorted().first { names.contains($0.dropLast(protectedEnding.count)) }
        return mark.map { "protected by the file \($0.display)" }
    }

    // MARK: Endings

    /// Nothing but side files end so.
    private static let sure = ShortWord.set(
        "sha1 sha224 sha256 sha384 sha512 b2 md5 sha1sum sha224sum sha256sum sha384sum sha512sum b2sum md5sum sha1sums "
            + "sha224sums sha256sums sha384sums sha512sums b2sums md5sums sig minisig par2 log notes snar")
    /// A backup may end so.
    private static let likely = ShortWord.set("asc lst list info json meta manifest metadata txt err")

    /// Checksums that are side files only with a backup's whole name before them, and where that is there.
    private static let exact = ShortWord.set(
        "crc crc32 crc32c crc64 sfv cksum sum sha sha3 sha3sum sha3-256 sha3-512 blake2 blake2b blake2s "
            + "blake3 b3 b3sum xxh xxh3 xxh32 xxh64 xxh128 xxhsum xxhash md4 rmd160 ripemd160 "
            + "checksum checksums sums adler32")

    /// The name without a side file's ending; `nil` for any other name. Asked for every name of a directory.
    package static func stem(of name: Bytes) -> Bytes? {
        switch (name.storage.last ?? 0) | 0x20 {
        // The last bytes of the endings above.
        case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "4"), UInt8(ascii: "5"), UInt8(ascii: "6"),
            UInt8(ascii: "m"), UInt8(ascii: "s"), UInt8(ascii: "g"), UInt8(ascii: "r"):
            guard let (ending, dot) = ShortWord.ending(of: name.storage), sure.contains(ending) else { return nil }
            let stem = Bytes(name.storage[..<dot])
            return name.storage[name.count - 2] | 0x20 == UInt8(ascii: "r") ? withoutVolume(stem) : stem
        default: return nil
        }
    }

    /// `x.tar.vol003+04.par2` repairs `x.tar`.
    private static func withoutVolume(_ stem: Bytes) -> Bytes {
        guard let dot = stem.storage.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return stem }
        let volume = stem.storage[(dot + 1)...]
        let rest = volume.dropFirst(3)
        let isVolume =
            volume.starts(with: "vol".utf8) && rest.contains(where: \.isDigit)
            && rest.allSatisfy { $0.isDigit || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        return isVolume ? Bytes(stem.storage[..<dot]) : stem
    }

    /// The same for endings that a backup may have.
    private static func likelyStem(of name: Bytes) -> Bytes? {
        switch (name.storage.last ?? 0) | 0x20 {
        case UInt8(ascii: "a"), UInt8(ascii: "c"), UInt8(ascii: "n"), UInt8(ascii: "o"), UInt8(ascii: "r"),
            UInt8(ascii: "t"):
            guard let (ending, dot) = ShortWord.ending(of: name.storage), likely.contains(ending) else { return nil }
            return Bytes(name.storage[..<dot])
        default: return nil
        }
    }

    /// The file X that an `X.crc32` or `X.xxh64` is beside; `nil`: any other name.
    private static func checked(_ name: Bytes, _ listing: Listing) -> Int? {
        exactStem(of: name).flatMap { listing.index(of: $0) }.flatMap { listing.entries[$0].isFile ? $0 : nil }
    }

    private static func exactStem(of name: Bytes) -> Bytes? {
        switch (name.storage.last ?? 0) | 0x20 {
        case UInt8(ascii: "0"), UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"),
            UInt8(ascii: "8"), UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "c"), UInt8(ascii: "h"),
            UInt8(ascii: "m"), UInt8(ascii: "s"), UInt8(ascii: "v"):
            guard let (ending, dot) = ShortWord.ending(of: name.storage), exact.contains(ending) else { return nil }
            return Bytes(name.storage[..<dot])
        default: return nil
        }
    }

    /// Whether a name is that of a side file, if what it is beside is there.
    static func mayBe(_ name: Bytes) -> Bool {
        stem(of: name) != nil || likelyStem(of: name) != nil || exactStem(of: name) != nil
            || name.hasSuffix(protectedEnding)
    }

    // MARK: Stages

    /// Told first of all, by the names alone: what is beside which other name. What that is, and whether it is a
    /// backup, shows later.
    struct Beside: Recogniser {
        let name = "a side file"

        func claim(in listing: inout Listing) {
            var search = OwnerSearch()
            for index in listing.entries.indices where listing.entries[index].isFile {
                let name = listing.entries[index].name
                if let stem = SideFiles.stem(of: name) {
                    search.bind(index, stem, &listing)
                } else if let owner = SideFiles.protected(name, listing) ?? SideFiles.checked(name, listing)
                    ?? SideFiles.described(name, &listing)
                {
                    listing.claim(index, as: .member(of: owner))
                }
            }
        }
    }

    /// What the tools' own layouts have not claimed: `STEM.json` beside `STEM.tar`. What has a side file's name and no
    /// backup beside it is left alone, unless a person's `match` knows better.
    struct Alone: Recogniser {
        let name = SideFiles.alone

        func claim(in listing: inout Listing) {
            var search = OwnerSearch(isLate: true)
            for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
                let name = listing.entries[index].name
                if let stem = SideFiles.stem(of: name) {
                    if !search.bind(index, stem, &listing) { listing.leave(index, self.name) }
                } else if let stem = SideFiles.likelyStem(of: name) {
                    // `x.asc` may be another copy of `x`, encrypted: it is a signature only of a whole name.
                    search.bind(index, stem, piecesOnly: name.lowercased.hasSuffix(".asc"), &listing)
                }
            }
        }
    }

    /// Only exactly `X.protected` beside X: anything else of that ending may be a backup of somebody's.
    private static func protected(_ name: Bytes, _ listing: Listing) -> Int? {
        guard name.storage.last == UInt8(ascii: "d"), name.hasSuffix(protectedEnding) else { return nil }
        return listing.index(of: name.dropLast(protectedEnding.count)).flatMap { mayOwn($0, listing) ? $0 : nil }
    }

    /// `X.json` beside a file X, or a directory X that has a date: any other is looked into.
    private static func described(_ name: Bytes, _ listing: inout Listing) -> Int? {
        guard let stem = likelyStem(of: name), let owner = listing.index(of: stem) else { return nil }
        let entry = listing.entries[owner]
        return entry.isFile || entry.isDirectory && listing.parser.read(entry.name).isTime ? owner : nil
    }

    private static func mayOwn(_ index: Int, _ listing: Listing) -> Bool {
        listing.entries[index].isFile || listing.entries[index].isDirectory
    }

    /// Finds what a side file is of.
    private struct OwnerSearch {
        /// When layouts have claimed what they know, a side file without a date may be of one backup with several
        /// files.
        var isLate = false
        /// The first two names of a stem that are no side files: `par2` writes many files of one stem.
        private var owners: [Range<Int>: [Int]] = [:]
        /// Its directories spell the day.
        private var isOfDay: Bool?

        init(isLate: Bool = false) { self.isLate = isLate }

        /// Whether it found one.
        @discardableResult
        mutating func bind(_ side: Int, _ stem: Bytes, piecesOnly: Bool = false, _ listing: inout Listing) -> Bool {
            guard !stem.isEmpty else { return false }
            if let exact = listing.index(of: stem), SideFiles.mayOwn(exact, listing) {
                listing.claim(side, as: .member(of: exact))
                return true
            }
            let range = listing.indices(ofStem: stem)
            let found = owners[range] ?? first(two: range, listing)
            owners[range] = found
            guard let owner = found.first else {
                guard let piece = listing.first(of: PieceNames.firsts(of: stem)) else {
                    return false
                }
                listing.claim(side, as: .member(of: piece))
                return true
            }
            if piecesOnly, PieceNames.run(listing.entries[owner].name)?.whole != stem { return false }
            let isDated = listing.parser.read(stem).isTime || isOfDay(listing)
            if found.count == 1 {
                // `backup.log` is not of the one `backup.2026-11-23.tar` that is there today.
                guard isDated || !listing.parser.read(listing.entries[owner].name).isTime else { return false }
                listing.claim(side, as: .member(of: owner))
                return true
            }
            guard isDated || isLate else { return false }
            listing.share(side, among: range, isDated: isDated)
            return true
        }

        private mutating func isOfDay(_ listing: Listing) -> Bool {
            let answer = isOfDay ?? DateSteps(listing.directory).map { $0.depth != .month } ?? false
            isOfDay = answer
            return answer
        }

        private func first(two range: Range<Int>, _ listing: Listing) -> [Int] {
            var found: [Int] = []
            for index in range where SideFiles.mayOwn(index, listing) {
                let name = listing.entries[index].name
                if SideFiles.stem(of: name) != nil || SideFiles.checked(name, listing) != nil { continue }
                if isLate, listing.isOpen(index), SideFiles.likelyStem(of: name) != nil { continue }
                found.append(index)
                if found.count == 2 { break }
            }
            return found
        }
    }
}
