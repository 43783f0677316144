internal import Model

/// The slices of dar's archives that may need each other in a way that no name tells (see ``DarArchive``): each archive
/// is one opaque unit, under the name of its first slice.
struct DarSlices: Recogniser {
    let name = "an archive of dar"

    func claim(in listing: inout Listing) {
        var files: [Bytes] = []
        for (n, entry) in listing.entries.enumerated() where entry.isFile && listing.isOpen(n) {
            if DarArchive.slice(entry.name) != nil { files.append(entry.name) }
        }
        for archive in DarArchive.opaque(among: files) {
            for (n, slice) in archive.slices.enumerated() {
                guard let index = listing.index(of: slice) else { continue }
                if n == 0 {
                    let tool = DarArchive.tool
                    listing.claim(index, as: .leftAlone(.opaque(tool: tool.name, prune: tool.prune)))
                } else {
                    listing.leave(index, "a slice of the dar archive \(archive.base.display)")
                }
            }
        }
    }
}
