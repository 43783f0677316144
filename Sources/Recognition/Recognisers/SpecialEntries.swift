import Disk
import Model

/// What is neither file nor directory. Links are told apart: what they point to is not to go.
struct SpecialEntries: Recogniser {
    let name = "neither file nor directory"

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) {
            switch listing.entries[index].kind {
            case .symlink: listing.claim(index, as: .link)
            case .other, .unknown: listing.leave(index, name)
            case .file, .directory: break
            }
        }
    }
}
