internal import Disk
package import Model

/// `status.json`: what `reprieve status` shows, for any user of the machine (no secrets are in it). In the service's
/// runtime directory, `/run/reprieve`; without one beside the state.
package struct StatusFile: Sendable {
    package static let name: Bytes = "status.json"
    package let path: Bytes

    /// Where the agent and `agent --once` write it. `runtime`: systemd's `RUNTIME_DIRECTORY`.
    package init(runtime: String?, state: Bytes) {
        // Several are possible; the first is ours.
        let directory = runtime.flatMap { $0.split(separator: ":").first }.map { Bytes(String($0)) } ?? state
        path = directory.appending(Self.name)
    }

    private init(_ path: Bytes) { self.path = path }

    package func write(_ text: String) throws(Fault) {
        // Everybody may read it, and it tells of no more than `status` does.
        try Directory.open(absolute: path.parent).publish(Self.name, Bytes(text + "\n"))
    }

    /// For who may not read the state: what was written, at each place that has it; and the time now, to tell its age.
    package static func read(_ overrides: Overrides) -> (texts: [Bytes], now: Timestamp) {
        let runtime = overrides.environment["RUNTIME_DIRECTORY"] ?? "/run/reprieve"
        let places = [
            StatusFile(runtime: runtime, state: "/"), StatusFile(Bytes(Places(overrides).state).appending(name)),
        ]
        // What is not there or not for us is looked for in the next place.
        let texts = places.compactMap { try? Directory.read(absolute: $0.path, limit: 1 << 26) }
        return (texts, Clock.system.now().wall)
    }
}
