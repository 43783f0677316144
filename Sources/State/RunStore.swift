internal import Foundation
package import Model

/// `<state>/runs.json`: when each vault was last looked at whole and last cleaned up, by whom, and what came of it; and
/// since when the agent runs. For who watches over us: nothing is decided by it.
package struct RunStore: Sendable {
    private let file: StateFile<File>

    package enum Actor: String, Codable, Sendable {
        case agent
        /// `agent --once`, by cron or a timer.
        case once
        case person
    }

    package struct Run: Codable, Hashable, Sendable {
        package var lookAt: Timestamp?
        package var runAt: Timestamp?
        /// `done`, `held`, `partial` or `failed`.
        package var result: String?
        /// Why it failed.
        package var problem: String?
        /// Who looks by himself; `nil`: nobody does.
        package var by: Actor?
        /// Between the last two turns of `agent --once`: how often cron starts it.
        package var intervalSeconds: Int64?
    }

    package struct File: Codable, Sendable {
        package var agentSince: Timestamp?
        /// Why the agent cannot answer `GET /metrics`; `nil`: it can, or nobody asked for it.
        package var metricsProblem: String?
        package var vaults: [String: Run] = [:]

        package init(agentSince: Timestamp? = nil, metricsProblem: String? = nil, vaults: [String: Run] = [:]) {
            self.agentSince = agentSince
            self.metricsProblem = metricsProblem
            self.vaults = vaults
        }
    }

    init(stateDirectory: Bytes) {
        file = StateFile(directory: stateDirectory, name: "runs.json", isCache: true)
    }

    package func read() throws(Fault) -> File { try file.read() ?? File() }

    package func recordAgent(since now: Timestamp) throws(Fault) {
        try file.change { file in
            var current = file ?? File()
            current.agentSince = now
            current.metricsProblem = nil
            file = current
        }
    }

    package func recordMetrics(problem: String?) throws(Fault) {
        guard try read().metricsProblem != problem else { return }
        try file.change { file in
            var current = file ?? File()
            current.metricsProblem = problem
            file = current
        }
    }

    /// What was done in some vaults, by label.
    package func record(_ notes: [(vault: String, note: RunRecord)], by: Actor) throws(Fault) {
        guard !notes.isEmpty else { return }
        try file.change { file in
            var current = file ?? File()
            for (vault, note) in notes { current.vaults[vault, default: Run()].add(note, by: by) }
            file = current
        }
    }
}

/// One look or one run, as it ended.
package struct RunRecord: Sendable {
    package var at: Timestamp
    package var isLook: Bool
    /// Of a run.
    package var result: String?
    package var problem: String?

    package static func look(at now: Timestamp) -> RunRecord { RunRecord(at: now, isLook: true) }

    package static func run(at now: Timestamp, _ status: ExitStatus, problem: String? = nil) -> RunRecord {
        let result =
            switch status {
            case .done: "done"
            case .held: "held"
            case .partial: "partial"
            default: "failed"
            }
        return RunRecord(at: now, isLook: false, result: result, problem: problem)
    }
}

extension RunStore.Run {
    fileprivate mutating func add(_ note: RunRecord, by: RunStore.Actor) {
        if by == .once, note.isLook {
            intervalSeconds = lookAt.map { note.at.seconds(since: $0) }
        }
        if by != .person { self.by = by }
        if note.isLook {
            lookAt = note.at
        } else {
            (runAt, result, problem) = (note.at, note.result, note.problem)
        }
    }
}
