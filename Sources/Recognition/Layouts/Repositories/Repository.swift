internal import Model

/// A store of backups that only its own tool can thin out, because many of its backups share its files. It is opaque:
/// listed as one thing with the command that prunes it, never looked into.
///
/// A store is told by several signs, so that it is still told, and by the same name, where any one of its files is
/// missing. A tool is named only where its signs belong to no other tool.
struct Repository: Layout {
    let guide: LayoutGuide
    let signs: [Bytes]
    private let why: SkippedEntry.Why
    private let isFile: (@Sendable (Bytes) -> Bool)?
    private let isDirectory: (@Sendable (Bytes) -> Bool)?
    private let isPlace: @Sendable (PlaceNames) -> Bool

    /// `file`, `directory`: whether a name alone gives away a file or a directory of this tool, which then has one of
    /// these `signs` in it. `place`: whether the names in a directory do; ``never``: no directory is told so.
    init(
        _ tool: String, names: String, prunes: String, signs: [Bytes] = [], file: (@Sendable (Bytes) -> Bool)? = nil,
        directory: (@Sendable (Bytes) -> Bool)? = nil, place: @escaping @Sendable (PlaceNames) -> Bool
    ) {
        guide = LayoutGuide(
            tool: tool, names: names, kind: "left alone as a whole", chain: "the tool's own", complete: "not looked at",
            prunes: prunes)
        why = .managed(tool: tool, prune: prunes)
        self.signs = signs
        (isFile, isDirectory, isPlace) = (file, directory, place)
    }

    static let never: @Sendable (PlaceNames) -> Bool = { _ in false }

    func place(_ place: PlaceNames) -> SkippedEntry.Why? { isPlace(place) ? why : nil }

    func claim(in listing: inout Listing) {
        guard isFile != nil || isDirectory != nil else { return }
        for index in listing.entries.indices where listing.isCandidate(index) {
            let entry = listing.entries[index]
            guard let isOne = entry.isFile ? isFile : isDirectory, isOne(entry.name) else { continue }
            listing.claim(index, as: .skippedEntries(why))
        }
    }
}

extension PlaceNames {
    /// Whether at least so many of these names are there.
    func holds(_ least: Int, of signs: [Bytes]) -> Bool { count(of: signs) >= least }

    /// Whether every name is like this, and there are several.
    func holdsOnly(_ isLike: (Bytes) -> Bool) -> Bool { names.count > 1 && names.allSatisfy(isLike) }

    /// Whether a name is this beginning and a number: `index.12`.
    func holdsNumbered(_ beginning: Bytes) -> Bool {
        contains { $0.count > beginning.count && $0.hasPrefix(beginning) && $0.endsInDigits(from: beginning.count) }
    }

    /// Whether a small file of it says this.
    func says(_ text: Bytes, in file: Bytes) -> Bool {
        guard case .text(let found)? = read(file) else { return false }
        return found.holds(text)
    }
}

extension Bytes {
    /// Whether all from here on are digits.
    func endsInDigits(from start: Int) -> Bool { storage[start...].allSatisfy(\.isDigit) }

    /// Whether all are hexadecimal digits.
    var isHexadecimal: Bool { storage.allSatisfy { $0.isDigit || (0x61...0x66).contains($0 | 0x20) } }

    /// Whether this stands anywhere in it.
    func holds(_ part: Bytes) -> Bool {
        guard let first = part.storage.first, count >= part.count else { return part.isEmpty }
        return (0...(count - part.count)).contains { storage[$0] == first && storage[$0...].starts(with: part.storage) }
    }
}
