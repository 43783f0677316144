package import Model

/// Words that say the kind: `home-2026-11-23.full.tar.gz` beside `….inc.tar.gz`, `full/` beside `inc/`, levels of GNU
/// tar, dump and xfsdump (`root.L0.dump`, `level1`), and single letters (`-F`, `-I`) where every name of the series has
/// one.
///
/// A word alone proves nothing: `diff` may be what is backed up. It counts where names that are the same but for the
/// word have at least two different ones, one of them of a dependent kind. All of them are one series then.
package struct KindWords: Layout {
    package let guide = LayoutGuide(
        tool: "names that say the kind",
        names: "home-2026-11-23.full.tar.gz, ….inc.tar.gz, ….diff.tar.gz, root-2026-11-23.L0.dump, full/ beside inc/",
        kind: "the word; `F`, `I`, `D` only where every name of the series has one of them in the same place",
        chain:
            "`diff`: the last full one; `inc`: everything back to the last full one; level N: the newest before it of "
            + "each lower level")

    package init() {}

    package func claim(in listing: inout Listing) {
        let directory = Self.kind(ofDirectory: listing)
        var words: [Named] = []
        for index in listing.entries.indices where listing.isOpen(index) {
            let name = listing.entries[index].finalName
            if let found = Self.word(in: name.storage) {
                words.append(Named(index: index, word: found, name: name))
            } else if directory != nil {
                words.append(Named(index: index, word: nil, name: name))
            }
        }
        guard !words.isEmpty else { return }
        for (shape, group) in Dictionary(grouping: words, by: { shape($0, &listing) }) {
            guard let shape else { continue }
            claim(group, shape, directory, &listing)
        }
    }

    /// An entry, and the word that its name has.
    private struct Named {
        var index: Int
        var word: Word?
        var name: Bytes

        /// The name as it would be without the word.
        var withoutWord: Bytes {
            guard let word else { return name }
            return Bytes(name.storage[..<word.range.lowerBound] + [mark] + name.storage[word.range.upperBound...])
        }
    }

    /// What is the same in all names of one series.
    private struct Shape: Hashable {
        var key: Bytes
        var isDirectory: Bool
        var isLetter: Bool
    }

    /// `nil`: a name without a date.
    private func shape(_ named: Named, _ listing: inout Listing) -> Shape? {
        guard case .time(_, let pattern, _) = listing.parser.read(named.withoutWord) else { return nil }
        return Shape(
            key: SeriesKey.withoutCompression(pattern), isDirectory: listing.entries[named.index].isDirectory,
            isLetter: named.word?.isLetter ?? false)
    }

    private func claim(_ group: [Named], _ shape: Shape, _ directory: Said?, _ listing: inout Listing) {
        var group = group
        if directory == nil, !shape.isLetter { group += withoutWords(beside: group, shape, &listing) }
        let said = group.map { $0.word?.said ?? directory?.said ?? .full }
        let kinds = Set(said)
        let isFullBeside = kinds.contains { !$0.isDependent } && kinds.contains(where: \.isDependent)
        // Behind the date a word is about that backup; before it, it may be a name.
        let isBehind = shape.key.storage.lastIndex(of: UInt8(ascii: "*")).map { star in
            shape.key.storage.firstIndex(of: Self.mark).map { $0 > star } ?? false
        }
        let isSure = group.allSatisfy { named in
            named.word.map { Self.sureWords.contains($0.text) || isBehind == true && $0.said.isDependent } ?? false
        }
        guard directory != nil || isFullBeside || isSure && !shape.isLetter else { return }
        if shape.isLetter, !everyNameHasOne(group, shape, &listing) { return }
        for (named, said) in zip(group, said) {
            guard case .time(let time, _, let doubt) = listing.parser.read(named.withoutWord) else { continue }
            var contents = Contents()
            switch said {
            case .full: break
            case .level(let level):
                contents.level = level
                if level > 0 { contents.needs = [.levelsBelow(level)] }
            case .incremental, .differential, .log: break
            }
            listing.claim(
                named.index,
                as: .backup(
                    .init(
                        series: key(shape, directory, listing), time: time, by: name, doubt: doubt, kind: said.kind,
                        contents: contents)))
        }
    }

    /// Full ones that say nothing: `home-2026-11-02.tar.gz` beside `home-2026-11-03.inc.tar.gz`.
    private func withoutWords(beside group: [Named], _ shape: Shape, _ listing: inout Listing) -> [Named] {
        guard group.allSatisfy({ $0.word?.said.isDependent ?? false }),
            let at = shape.key.storage.firstIndex(of: Self.mark)
        else { return [] }
        // The word goes with the joint before it, or behind it where it stands first.
        let plain = Bytes(shape.key.storage[..<max(0, at - 1)] + shape.key.storage[(at + (at == 0 ? 2 : 1))...])
        return listing.entries.indices.compactMap { index in
            let entry = listing.entries[index]
            guard listing.isOpen(index), entry.isDirectory == shape.isDirectory,
                Self.word(in: entry.finalName.storage) == nil,
                case .time(_, let pattern, _) = listing.parser.read(entry.finalName),
                SeriesKey.withoutCompression(pattern) == plain
            else { return nil }
            return Named(index: index, word: nil, name: entry.finalName)
        }
    }

    /// A single letter is a kind only where no name of the series is without one; a digit is a level only where no two
    /// are of one time, as the parts of a set are.
    private func everyNameHasOne(_ group: [Named], _ shape: Shape, _ listing: inout Listing) -> Bool {
        if group.contains(where: { if case .level = $0.word?.said { true } else { false } }) {
            guard group.allSatisfy({ if case .level = $0.word?.said { true } else { false } }) else { return false }
            let times = group.map { listing.parser.read($0.withoutWord) }
            return Set(times).count == times.count
        }
        let own = Set(group.map(\.index))
        for index in listing.entries.indices where listing.isOpen(index) && !own.contains(index) {
            let bytes = listing.entries[index].finalName.storage
            // Another letter in the same place.
            for token in Self.tokens(bytes) where token.count == 1 && bytes[token.lowerBound].isLetter {
                let rest = Bytes(bytes[..<token.lowerBound] + [Self.mark] + bytes[token.upperBound...])
                if case .time(_, let key, _) = listing.parser.read(rest),
                    SeriesKey.withoutCompression(key) == shape.key
                {
                    return false
                }
            }
        }
        return true
    }

    private func key(_ shape: Shape, _ directory: Said?, _ listing: Listing) -> Bytes {
        let pattern = Bytes(shape.key.storage.map { $0 == Self.mark ? UInt8(ascii: "*") : $0 })
        guard let directory else { return listing.key(pattern) }
        let place =
            directory.parent.components.map(SeriesKey.escaped) + ["*"]
            + directory.rest.components.map(SeriesKey.escaped)
        return place.reduce(Bytes()) { $0.appending($1) }.appending(pattern)
    }

    /// Stands for the word in a pattern; no name that people write has it.
    private static let mark: UInt8 = 0x01

    // MARK: Words

    enum Kind: Hashable {
        case full, incremental, differential, log
        case level(Int)

        var isDependent: Bool { self != .full && self != .level(0) }

        var kind: Backup.Kind {
            switch self {
            case .full, .level(0): .full
            case .differential: .differential
            case .incremental, .level: .incremental
            case .log: .log
            }
        }
    }

    private struct Word {
        var range: Range<Int>
        var said: Kind
        var isLetter: Bool
        var text: Bytes
    }

    /// These mean nothing else, also where no full one is beside them; `inc` may be a company, `diff` what is backed
    /// up.
    private static let sureWords: Set<Bytes> = ["incr", "incremental", "differential"]

    private static let words: [Bytes: Kind] = [
        "full": .full, "base": .full, "fullbackup": .full,
        "inc": .incremental, "incr": .incremental, "increment": .incremental, "incremental": .incremental,
        "diff": .differential, "differential": .differential, "dif": .differential,
    ]
    private static let letters: [UInt8: Kind] = [
        UInt8(ascii: "f"): .full, UInt8(ascii: "i"): .incremental, UInt8(ascii: "d"): .differential,
    ]

    /// The first word of a name that says a kind; of single letters the last that stands alone.
    private static func word(in name: [UInt8]) -> Word? {
        var letter: Word?
        for token in tokens(name) {
            if let said = said(name[token]) {
                return Word(range: token, said: said, isLetter: false, text: Bytes(name[token]).lowercased)
            }
            guard token.count == 1, token.lowerBound > 0 else { continue }
            let byte = name[token.lowerBound]
            if let said = letters[byte | 0x20], byte.isLetter {
                letter = Word(range: token, said: said, isLetter: true, text: Bytes(name[token]))
            } else if byte.isDigit, letter == nil, name[token.lowerBound - 1] == UInt8(ascii: ".") {
                letter = Word(range: token, said: .level(Int(byte - 0x30)), isLetter: true, text: Bytes(name[token]))
            }
        }
        return letter
    }

    private static func said(_ token: ArraySlice<UInt8>) -> Kind? {
        guard let first = token.first, (2...12).contains(token.count) else { return nil }
        switch first | 0x20 {
        case UInt8(ascii: "f"), UInt8(ascii: "i"), UInt8(ascii: "d"), UInt8(ascii: "b"), UInt8(ascii: "l"): break
        default: return nil
        }
        let lower = Bytes(token.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
        if let said = words[lower] { return said }
        // `full1`, `inc2`, `incr07`: numbered.
        let head = lower.storage.prefix { !$0.isDigit }
        let digits = lower.storage.dropFirst(head.count)
        guard !digits.isEmpty, digits.count <= 3, digits.allSatisfy(\.isDigit) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        switch Bytes(head) {
        case "l", "lv", "lvl", "level": return number <= 9 && digits.count == 1 ? .level(number) : nil
        default: return words[Bytes(head)]
        }
    }

    /// Runs of letters and digits; a run of both is one, but for a number before letters.
    private static func tokens(_ name: [UInt8]) -> [Range<Int>] {
        var tokens: [Range<Int>] = []
        var at = 0
        while at < name.count {
            guard name[at].isDigit || name[at].isLetter else {
                at += 1
                continue
            }
            let end = name[at...].firstIndex { !($0.isDigit || $0.isLetter) } ?? name.count
            tokens.append(at..<end)
            at = end
        }
        return tokens
    }

    // MARK: Directories

    /// What the directory says of all that lies in it.
    private struct Said {
        var said: Kind
        /// Above it, and between it and the listing.
        var parent: Bytes
        var rest: Bytes
    }

    /// Whether a directory's name says a kind.
    package static func isKind(_ name: Bytes) -> Bool { said(name.storage[...]) != nil }

    /// Whether a name, or its directory, may say that it is an incremental one.
    static func mayBeDependent(_ name: Bytes, in listing: Listing) -> Bool {
        !listing.siblings.isEmpty || word(in: name.storage)?.said.isDependent == true
    }

    /// The last directory of a path whose name says a kind: what is above it, and its place among the components.
    package static func directory(in path: Bytes) -> (parent: Bytes, at: Int)? {
        // Nearly no path has one; a component of that length that begins so is rare enough.
        let components = path.components
        guard let at = components.lastIndex(where: isKind) else { return nil }
        return (components[..<at].reduce(Bytes()) { $0.appending($1) }, at)
    }

    /// Only beside a directory of another kind, one of the two of a dependent one.
    private static func kind(ofDirectory listing: Listing) -> Said? {
        guard !listing.siblings.isEmpty, let (parent, at) = directory(in: listing.directory) else { return nil }
        let components = listing.directory.components
        guard let own = said(components[at].storage[...]) else { return nil }
        let others = listing.siblings.compactMap { said($0.storage[...]) }
        let kinds = Set(others + [own])
        guard kinds.count > 1, kinds.contains(where: \.isDependent), kinds.contains(where: { !$0.isDependent }) else {
            return nil
        }
        return Said(said: own, parent: parent, rest: components[(at + 1)...].reduce(Bytes()) { $0.appending($1) })
    }
}
