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
        claimInDatedDirectory(&listing)
        let directory = Self.kind(ofDirectory: listing)
        var found: [Named] = []
        for index in listing.entries.indices where listing.isOpen(index) {
            let name = listing.entries[index].finalName
            if let word = KindWord(in: name.storage) {
                found.append(Named(index: index, word: word, name: name))
            } else if directory != nil {
                found.append(Named(index: index, word: nil, name: name))
            }
        }
        guard !found.isEmpty else { return }
        for (shape, group) in Dictionary(grouping: found, by: { shape($0, &listing) }) {
            guard let shape else { continue }
            claim(group, shape, directory: directory, listing: &listing)
        }
    }

    /// An entry, and the word that its name has.
    private struct Named {
        var index: Int
        var word: KindWord?
        var name: Bytes

        /// The name as it would be without the word.
        var withoutWord: Bytes {
            guard let word else { return name }
            return Bytes(name.storage[..<word.range.lowerBound] + [mark] + name.storage[word.range.upperBound...])
        }
    }

    /// What is the same in all names of one series, wherever in it the word stands, and whatever it is packed with.
    private struct Shape: Hashable {
        /// Without the word and the joint before it.
        var plain: Bytes
        var isDirectory: Bool
        var isLetter: Bool
        /// Of letters: where in the name.
        var marked: Bytes?
    }

    /// `nil`: a name without a date.
    private func shape(_ named: Named, _ listing: inout Listing) -> Shape? {
        guard case .time(_, let pattern, _) = listing.parser.read(named.withoutWord) else { return nil }
        let isLetter = named.word?.isLetter ?? false
        return Shape(
            plain: Self.withoutPackers(Self.plain(pattern)), isDirectory: listing.entries[named.index].isDirectory,
            isLetter: isLetter, marked: isLetter ? pattern : nil)
    }

    /// The word goes with the joint before it, or behind it where it stands first.
    private static func plain(_ pattern: Bytes) -> Bytes {
        let bytes = pattern.storage
        guard let at = bytes.firstIndex(of: mark) else { return pattern }
        func isJoint(_ n: Int) -> Bool { bytes.indices.contains(n) && Array("-_. @+".utf8).contains(bytes[n]) }
        let start = isJoint(at - 1) ? at - 1 : at
        let end = start == at && isJoint(at + 1) ? at + 2 : at + 1
        return Bytes(bytes[..<start] + bytes[end...])
    }

    private static let packers: [Bytes] = [
        ".gz", ".zst", ".xz", ".bz2", ".lz4", ".lzo", ".gpg", ".age", ".enc", ".aes",
    ]

    private static func withoutPackers(_ pattern: Bytes) -> Bytes {
        var rest = pattern
        while let packer = packers.first(where: { rest.hasSuffix($0) }) { rest = rest.dropLast(packer.count) }
        return rest
    }

    private func claim(_ group: [Named], _ shape: Shape, directory: Said?, listing: inout Listing) {
        var directory = directory
        if let known = directory, known.isImplicit, !listing.siblings.contains(Self.shapeBeside(shape.plain)) {
            directory = nil
        }
        var group = directory == nil ? group.filter { $0.word != nil } : group
        guard !group.isEmpty else { return }
        let isDependent = group.contains { $0.word?.said.isDependent ?? false }
        let isFull = group.contains { $0.word.map { !$0.said.isDependent } ?? false }
        if directory == nil, !shape.isLetter, isDependent, !isFull {
            group += withoutWords(like: shape, &listing)
        }
        let said = group.map { $0.word?.said ?? directory?.said ?? .full }
        let kinds = Set(said)
        let isPair = kinds.contains { !$0.isDependent } && kinds.contains(where: \.isDependent)
        let isSure = group.allSatisfy { $0.word?.isSure ?? false } || isBehindDate(group, &listing)
        guard directory != nil || isPair || isSure && !shape.isLetter else { return }
        if shape.isLetter, !everyNameHasOne(group, shape, &listing) { return }
        for (named, said) in zip(group, said) {
            guard case .time(let time, _, let ambiguity) = listing.parser.read(named.withoutWord) else { continue }
            listing.claim(
                named.index,
                as: .backup(
                    .init(
                        series: key(shape, directory, listing), time: time, by: name, ambiguity: ambiguity,
                        kind: said.kind,
                        contents: Self.contents(said))))
        }
    }

    private static func contents(_ said: KindWord.Said) -> Contents {
        var contents = Contents()
        if case .level(let level) = said {
            contents.level = level
            if level > 0 { contents.needs = [.levelsBelow(level)] }
        }
        return contents
    }

    /// Behind the date a word is about that backup; before it, it may be a name.
    private func isBehindDate(_ group: [Named], _ listing: inout Listing) -> Bool {
        for named in group {
            guard let word = named.word, !word.isGlued, word.said.isDependent,
                case .time(_, let pattern, _) = listing.parser.read(named.withoutWord),
                let star = pattern.storage.lastIndex(of: UInt8(ascii: "*")),
                let at = pattern.storage.firstIndex(of: Self.mark), at > star
            else { return false }
        }
        return true
    }

    /// Full ones that say nothing: `home-2026-11-02.tar.gz` beside `home-2026-11-03.inc.tar.gz`.
    private func withoutWords(like shape: Shape, _ listing: inout Listing) -> [Named] {
        var found: [Named] = []
        for index in listing.entries.indices where listing.isOpen(index) {
            let entry = listing.entries[index]
            guard entry.isDirectory == shape.isDirectory, KindWord(in: entry.finalName.storage) == nil,
                case .time(_, let pattern, _) = listing.parser.read(entry.finalName),
                Self.withoutPackers(pattern) == shape.plain
            else { continue }
            found.append(Named(index: index, word: nil, name: entry.finalName))
        }
        return found
    }

    /// A single letter is a kind only where no name of the series is without one; a digit is a level only where no two
    /// are of one time, as the parts of a set are.
    private func everyNameHasOne(_ group: [Named], _ shape: Shape, _ listing: inout Listing) -> Bool {
        if group.contains(where: { $0.word?.isLevel ?? false }) {
            guard group.allSatisfy({ $0.word?.isLevel ?? false }) else { return false }
            let times = group.map { listing.parser.read($0.withoutWord) }
            return Set(times).count == times.count
        }
        let own = Set(group.map(\.index))
        for index in listing.entries.indices where listing.isOpen(index) && !own.contains(index) {
            let bytes = listing.entries[index].finalName.storage
            // Another letter in the same place.
            for token in KindWord.tokens(bytes) where token.count == 1 && bytes[token.lowerBound].isLetter {
                let rest = Bytes(bytes[..<token.lowerBound] + [Self.mark] + bytes[token.upperBound...])
                if case .time(_, let pattern, _) = listing.parser.read(rest), pattern == shape.marked { return false }
            }
        }
        return true
    }

    /// The star for the word stands behind the last one for the time.
    private func key(_ shape: Shape, _ directory: Said?, _ listing: Listing) -> Bytes {
        guard let directory else {
            let bytes = shape.plain.storage
            let star = (bytes.lastIndex(of: UInt8(ascii: "*")) ?? -1) + 1
            return listing.key(Bytes(bytes[..<star] + [UInt8(ascii: "*")] + bytes[star...]))
        }
        let place =
            directory.parent.components.map(SeriesKey.escaped) + ["*"]
            + directory.rest.components.map(SeriesKey.escaped)
        return place.reduce(Bytes()) { $0.appending($1) }.appending(shape.plain)
    }

    /// Stands for the word in a pattern; no name that people write has it.
    private static let mark: UInt8 = 0x01

    // MARK: In the directory of a day

    /// `2026/11/23/home-full.tar.gz`, `2026/11/24/home-inc.tar.gz`: the others of the series lie in other directories,
    /// so the word alone counts, where it stands before the ending.
    private func claimInDatedDirectory(_ listing: inout Listing) {
        guard let steps = DateSteps(listing.directory), steps.depth != .month else { return }
        for index in listing.entries.indices where listing.isOpen(index) {
            let name = listing.entries[index].finalName
            guard let word = KindWord(in: name.storage), !word.isLetter, !word.isGlued, word.isBeforeEnding(of: name),
                case .none = listing.parser.read(name)
            else { continue }
            let named = Named(index: index, word: word, name: name)
            let plain = Self.withoutPackers(Self.plain(named.withoutWord))
            listing.claim(
                index,
                as: .backup(
                    .init(
                        series: steps.key(SeriesKey.escaped(plain)), time: listing.instant(of: steps.civil),
                        by: self.name,
                        ambiguity: steps.ambiguity, kind: word.said.kind, contents: Self.contents(word.said))))
        }
    }

    /// A dated directory with `home.inc.tar.gz` and nothing full in it.
    package func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory, unit.names.count <= Self.mostNames else { return nil }
        let words = unit.names.compactMap { name in
            KindWord(in: name.storage).flatMap { $0.isSure || $0.isBehindDot(in: name) ? $0 : nil }
        }
        let dependent = words.first { $0.said.isDependent && $0.said.kind != .log }
        guard let dependent, !words.contains(where: { !$0.said.isDependent }) else { return nil }
        var contents = Self.contents(dependent.said)
        contents.kind = dependent.said.kind
        contents.said = "\(dependent.said.kind.rawValue), by the names in it"
        return contents
    }

    private static let mostNames = 64

    // MARK: Directories

    /// What the directory says of all that lies in it.
    private struct Said {
        var said: KindWord.Said
        /// Above it, and between it and the listing.
        var parent: Bytes
        var rest: Bytes
        /// No directory says `full`: only names that are alike on both sides are meant.
        var isImplicit = false
    }

    /// How the shape of a dated name that lies beside a directory of a kind, or in it, stands among the siblings.
    private static func shapeBeside(_ plain: Bytes) -> Bytes { "./" + plain }

    /// Of the entries of another directory, what ``Listing/siblings`` has of their names.
    package static func shapes(of names: [Bytes], _ parser: inout NameTimeParser) -> Set<Bytes> {
        var shapes: Set<Bytes> = []
        for name in names.prefix(mostShapes) where !isKind(name) {
            guard case .time(_, let pattern, _) = parser.read(name) else { continue }
            shapes.insert(shapeBeside(withoutPackers(plain(pattern))))
        }
        return shapes
    }

    private static let mostShapes = 4096

    /// The directories whose names tell a dependent kind, where none tells a full one: full ones may lie beside them.
    package static func dependentDirectories(among names: [Bytes]) -> [Bytes] {
        let kinds = names.map { ($0, KindWord.directory($0)) }
        guard kinds.allSatisfy({ $0.1?.isDependent ?? true }) else { return [] }
        return kinds.filter { $0.1 != nil }.map(\.0)
    }

    /// Whether a directory's name says a kind.
    package static func isKind(_ name: Bytes) -> Bool { KindWord.directory(name) != nil }

    /// Whether a name, or its directory, may say that it is an incremental one.
    static func mayBeDependent(_ name: Bytes, in listing: Listing) -> Bool {
        !listing.siblings.isEmpty || KindWord(in: name.storage)?.said.isDependent == true
    }

    /// The last directory of a path whose name says a kind: what is above it, and its place among the components.
    package static func directory(in path: Bytes) -> (parent: Bytes, at: Int)? {
        let components = path.components
        guard let at = components.lastIndex(where: isKind) else { return nil }
        return (components[..<at].reduce(Bytes()) { $0.appending($1) }, at)
    }

    /// Only beside a directory of another kind, one of the two of a dependent one; or full ones beside `inc/`.
    private static func kind(ofDirectory listing: Listing) -> Said? {
        if let below = kindBelow(listing) { return below }
        guard !listing.siblings.isEmpty, let (parent, at) = directory(in: listing.directory) else { return nil }
        let components = listing.directory.components
        guard let own = KindWord.directory(components[at]) else { return nil }
        let kinds = Set(listing.siblings.compactMap { KindWord.directory($0) } + [own])
        let hasFull = kinds.contains { !$0.isDependent }
        guard kinds.contains(where: \.isDependent) else { return nil }
        let rest = components[(at + 1)...].reduce(Bytes()) { $0.appending($1) }
        // Beside full ones without a directory of their own, only directly.
        guard hasFull || rest.isEmpty else { return nil }
        return Said(said: own, parent: parent, rest: rest, isImplicit: !hasFull)
    }

    /// `home-D.tar.gz` beside a directory `inc/` and no directory for full ones.
    private static func kindBelow(_ listing: Listing) -> Said? {
        let kinds = Set(
            listing.entries.lazy.filter(\.isDirectory).compactMap { KindWord.directory($0.name) })
        guard !kinds.isEmpty, kinds.allSatisfy(\.isDependent) else { return nil }
        return Said(said: .full, parent: listing.directory, rest: Bytes(), isImplicit: true)
    }
}
