internal import Model

/// A journal of all versions that is only ever appended to; of an archive in several files each needs those before it.
extension Repository {
    static let zpaq = Repository(
        "zpaq archive", names: "`x.zpaq`, `x0001.zpaq`",
        prunes: "zpaq cannot remove versions: begin a new archive, and remove the old one as a whole",
        signs: [".zpaq"],
        file: { $0.storage.last == UInt8(ascii: "q") && $0.hasSuffix(".zpaq") }, place: never)
}
