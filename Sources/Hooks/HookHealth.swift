internal import Audit
internal import Model

/// What a `healthchecks` hook was told of its vaults. One check stands for all of them: neither the look before a
/// cleanup that fails, nor another vault that is well, is a success.
struct HookHealth: Codable, Hashable, Sendable {
    /// Vaults whose last run failed, at least in part, and when.
    private var runs: [String: Timestamp] = [:]
    /// Vaults that are offline, or were not wholly readable at the last look.
    private var looks: Set<String> = []

    /// A run that failed is tried again within a day. After two, there was nothing left to do for it.
    private static let lastingSeconds: Int64 = 172_800

    /// Takes a record; `message` says then whether all is well. `vaults`: those that are configured.
    mutating func take(_ line: AuditLine, _ message: inout HookMessage, vaults: Set<String>) {
        guard let vault = line.vault, let at = Timestamp(rfc3339: line.time) else { return }
        runs = runs.filter { vaults.contains($0.key) && abs(at.seconds(since: $0.value)) < Self.lastingSeconds }
        looks = looks.filter(vaults.contains)
        switch AuditEvent(rawValue: line.event) {
        case .retentionCompleted: runs[vault] = message.hasFailed ? at : nil
        case .indexed, .vaultOffline: if message.hasFailed { looks.insert(vault) } else { looks.remove(vault) }
        default: return
        }
        let failing = looks.union(runs.keys)
        guard !failing.isEmpty else { return }
        message.hasFailed = true
        message.body += "\nfailing: \(failing.sorted().joined(separator: ", "))"
    }
}
