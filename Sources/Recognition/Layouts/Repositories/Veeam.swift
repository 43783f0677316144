internal import Model

/// The files of a job are one chain: full (`.vbk`), forward (`.vib`) and reverse increments (`.vrb`), logs (`.vlb`),
/// and the description of all of them (`.vbm`). With reverse increments an older one needs the newer ones.
extension Repository {
    static let veeam = Repository(
        "Veeam backup chain", names: "`JOB D2026-11-23T010000_AB12.vbk`, `.vib`, `.vrb`, `.vlb`, `JOB.vbm`",
        prunes: "the retention policy of its job in Veeam", file: isOne
    ) { $0.holdsOnly(isOne) }

    private static let isOne: @Sendable (Bytes) -> Bool = { name in
        guard let last = name.storage.last, Array("kbm".utf8).contains(last) else { return false }
        return endings.contains { name.hasSuffix($0) }
    }

    private static let endings: [Bytes] = [".vbk", ".vib", ".vrb", ".vbm", ".vlb"]
}
