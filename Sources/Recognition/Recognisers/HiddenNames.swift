import Model

/// Names that people and systems hide. A hidden name that is a temporary one waits for its final name.
struct HiddenNames: Recogniser {
    let name = "hidden or of the system"

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) {
            let entry = listing.entries[index]
            guard !entry.isTemporary else { continue }
            if entry.name.storage.first == UInt8(ascii: ".") || Self.isSystem(entry.name) { listing.leave(index, name) }
        }
    }

    private static func isSystem(_ name: Bytes) -> Bool {
        switch name.storage.first {
        case UInt8(ascii: "l"), UInt8(ascii: "@"), UInt8(ascii: "#"), UInt8(ascii: "$"): systems.contains(name)
        default: false
        }
    }

    private static let systems: Set<Bytes> = ["lost+found", "@eaDir", "#recycle", "$RECYCLE.BIN"]
}
