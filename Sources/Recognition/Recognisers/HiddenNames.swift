import Model

/// Names that people and systems hide. A hidden name that is a temporary one waits for its final name.
struct HiddenNames: Recogniser {
    let name = "hidden"

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) {
            let entry = listing.entries[index]
            if !entry.isTemporary, entry.name.storage.first == UInt8(ascii: ".") { listing.leave(index, name) }
        }
    }
}
