internal import Model

/// A store of nobody known, told by the names that stores give: hashes of 32 to 64 hexadecimal digits, or directories
/// that fan out by the first digits of a hash, `00` to `ff`. To remove any of these by age breaks whatever shares them.
///
/// Where other entries lie beside them, only these are left alone.
struct ContentStore: Layout {
    let guide = LayoutGuide(
        tool: "unknown store", names: "many names of 32 to 64 hexadecimal digits, directories `00/` to `ff/`",
        kind: "left alone as a whole", chain: "the tool's own", complete: "not looked at",
        prunes: "the tool that writes it")

    private static let why = SkippedEntry.Why.managed(
        tool: "store of an unknown tool (names are hashes)", prune: "the tool that writes it")
    /// Fewer of them are a coincidence.
    private static let fewest = 16

    func place(_ place: PlaceNames) -> SkippedEntry.Why? {
        guard place.names.count >= Self.fewest else { return nil }
        var (shapes, others) = (Shapes(), 0)
        // One name in ten may be anything: a lock, a note, what the file browser leaves.
        let most = place.names.count / 10
        for name in place.names {
            if let shape = Shapes.shape(name) {
                shapes.add(name, shape)
            } else {
                others += 1
                if others > most { return nil }
            }
        }
        return shapes.stores.isEmpty || Self.isPhone(place) ? nil : Self.why
    }

    func claim(in listing: inout Listing) {
        var found: [(index: Int, shape: Shape)] = []
        var shapes = Shapes()
        for index in listing.entries.indices where listing.isCandidate(index) {
            let entry = listing.entries[index]
            guard let shape = Shapes.shape(entry.name), shape.isHash || entry.isDirectory else { continue }
            shapes.add(entry.name, shape)
            found.append((index, shape))
        }
        let stores = shapes.stores
        for (index, shape) in found where stores.contains(shape) { listing.claim(index, as: .skippedEntries(Self.why)) }
    }

    /// A backup of a telephone, whole in itself, looks so inside.
    private static func isPhone(_ place: PlaceNames) -> Bool {
        place.holds(2, of: ["Manifest.db", "Manifest.mbdb", "Status.plist", "Info.plist"])
    }
}

/// Names of hexadecimal digits, by their length: all hashes of a store have one.
private struct Shape: Hashable {
    let digits: Int
    var isHash: Bool { digits >= 32 }
}

private struct Shapes {
    private var counts: [Shape: (all: Int, withLetter: Int, withDigit: Int, firsts: Set<UInt8>)] = [:]

    /// `nil`: no name of a store.
    static func shape(_ name: Bytes) -> Shape? {
        guard (1...2).contains(name.count) || (32...64).contains(name.count), name.isHexadecimal else { return nil }
        return Shape(digits: name.count)
    }

    mutating func add(_ name: Bytes, _ shape: Shape) {
        let hasLetter = name.storage.contains { !$0.isDigit }, hasDigit = name.storage.contains(where: \.isDigit)
        counts[shape, default: (0, 0, 0, [])].all += 1
        counts[shape]?.firsts.insert(name.storage[0] | 0x20)
        if hasLetter { counts[shape]?.withLetter += 1 }
        if hasDigit { counts[shape]?.withDigit += 1 }
    }

    /// Days, hours and years have no letters, words no digits, and `d0` to `d39` one first digit.
    var stores: Set<Shape> {
        Set(
            counts.filter { shape, count in
                let fewest = shape.digits == 1 ? 12 : 16
                return count.all >= fewest && count.withLetter >= count.all / 8 + 1
                    && count.withDigit >= count.all / 8 + 1 && count.firsts.count >= 10
            }.keys)
    }
}
