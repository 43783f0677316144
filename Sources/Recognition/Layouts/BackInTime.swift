internal import Model

/// Back In Time: `backintime/HOST/USER/1/20261123-010000-123/` with `backup/` and `info`, all of one profile in one
/// directory. It works in `new_snapshot/` and renames that at its end. `failed` says that rsync had errors, and
/// `name` is what a person called it: its own pruning leaves out named ones (`common/snapshots.py`).
struct BackInTime: Layout {
    let guide = LayoutGuide(
        tool: "Back In Time", names: "backintime/HOST/USER/1/20261123-010000-123/",
        complete: "no `failed` is in it; `new_snapshot/` is never a backup")

    private static let work: Bytes = "new_snapshot"

    func claim(in listing: inout Listing) {
        guard let index = listing.index(of: Self.work), listing.entries[index].isDirectory, listing.isOpen(index),
            listing.directory.components.contains("backintime") || listing.index(of: "last_snapshot") != nil
                || listing.entries.contains(where: { $0.isDirectory && Self.isSnapshot($0.name) })
        else { return }
        listing.leave(index, "Back In Time is writing it, or was interrupted")
    }

    func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory, Self.isSnapshot(unit.name), unit.has("backup"), unit.has("info") else { return nil }
        if let strange = unit.strangeSign("info", of: name) { return strange }
        var contents = Contents(tool: name, file: "info")
        contents.outcome = .finished
        if unit.has("failed") {
            (contents.outcome, contents.file) = (.failed, "failed")
            contents.why = "'failed' is in it: Back In Time had errors"
        }
        switch unit.read("name") {
        case .text(let text)?:
            let given = Bytes(text.storage.prefix { $0 != 0x0A }.prefix(100)).display
            if given.contains(where: { $0 != " " }) {
                contents.protectedBy = "it has the name '\(given)' in Back In Time"
            }
        case .unread?: contents.protectedBy = "it has a name in Back In Time"
        case nil: break
        }
        return contents
    }

    /// `20261123-010000-123`; before the profile had a number of its own, without it.
    private static func isSnapshot(_ name: Bytes) -> Bool {
        let bytes = name.storage
        guard bytes.count == 15 || bytes.count == 19 else { return false }
        return bytes.indices.allSatisfy { $0 == 8 || $0 == 15 ? bytes[$0] == UInt8(ascii: "-") : bytes[$0].isDigit }
    }
}
