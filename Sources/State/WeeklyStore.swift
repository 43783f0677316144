package import Model

/// `<state>/weekly.json`: when somebody was last told of what is to be said once a week, by vault.
package struct WeeklyStore: Sendable {
    private let file: StateFile<[String: Timestamp]>
    private static let weekSeconds: Int64 = 7 * 86_400

    init(stateDirectory: Bytes) { file = StateFile(directory: stateDirectory, name: "weekly.json", isCache: true) }

    /// Those of whom nobody was told for a week; they are told now. Where that cannot be written down, all are.
    package func due(_ vaults: [String], at now: Timestamp) -> Set<String> {
        guard !vaults.isEmpty else { return [] }
        let known = (try? file.read()) ?? [:]
        let due = Set(
            vaults.filter { vault in
                known[vault].map { !(0..<Self.weekSeconds).contains(now.seconds(since: $0)) } ?? true
            })
        guard !due.isEmpty else { return [] }
        try? file.change { times in
            for vault in due { times = (times ?? [:]).merging([vault: now]) { $1 } }
        }
        return due
    }
}
