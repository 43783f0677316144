package import Config
internal import Disk
package import Model

/// `status.json`: what `reprieve status` shows, for any user of the machine (no secrets are in it). In the service's
/// runtime directory; as root in `/run/reprieve`, which is made where systemd does not; otherwise beside the state.
package struct StatusFile: Sendable {
    private static let name: Bytes = "status.json"
    private static let shared: Bytes = "/run/reprieve"

    /// For who may not read the state: what was written, at each place that has it; and the time now, to tell its age.
    package static func read(_ overrides: Overrides) -> (texts: [Bytes], now: Timestamp) {
        let places =
            [runtime(overrides).map { $0.appending(name) }, shared.appending(sharedName(overrides))].compactMap { $0 }
            + [Bytes(Places(overrides).state).appending(name)]
        // What is not there or not for us is looked for in the next place.
        let texts = places.compactMap { try? Directory.read(absolute: $0, limit: 1 << 26) }
        return (texts, Clock.system.now().wall)
    }

    /// What the agent and `agent --once` write. Everybody may read it, and it tells of no more than `status` does.
    /// `state`: the state directory.
    package static func write(_ text: String, _ overrides: Overrides, state: Bytes) throws(Fault) {
        let text = Bytes(text + "\n")
        if let runtime = runtime(overrides) {
            return try Directory.open(absolute: runtime).ownFiles.publish(name, text)
        }
        if let directory = sharedDirectory() {
            return try directory.ownFiles.publish(sharedName(overrides), text)
        }
        try Directory.open(absolute: state).ownFiles.publish(name, text)
    }

    /// systemd's. Several are possible; the first is ours.
    private static func runtime(_ overrides: Overrides) -> Bytes? {
        overrides.environment["RUNTIME_DIRECTORY"].flatMap { $0.split(separator: ":").first }.map { Bytes(String($0)) }
    }

    /// `nil`: it cannot be made, or is not root's alone.
    private static func sharedDirectory() -> Directory? {
        guard Surroundings.isRoot else { return nil }
        do throws(Fault) {
            let parent = try Directory.open(absolute: shared.parent)
            let (directory, made) = try parent.openOrMake(shared.lastComponent, mode: 0o755)
            // The umask may have taken the others' right to read.
            try made?.setMode(0o755)
            let seen = try directory.sighting()
            return seen.uid == 0 && seen.mode & 0o022 == 0 ? directory : nil
        } catch {
            return nil
        }
    }

    /// Of a configuration or a state of its own it has a name of its own: those who write and read it have the same
    /// options.
    private static func sharedName(_ overrides: Overrides) -> Bytes {
        var standard = overrides
        (standard.config, standard.stateDirectory) = (nil, nil)
        let (own, system) = (Places(overrides), Places(standard))
        guard own.config != system.config || own.state != system.state || overrides.adHoc != nil else { return name }
        // The same name for the same places in every process.
        var places = FNV()
        places.add(Bytes(own.config + "\0" + Configuration.absolute(own.state).display))
        return Bytes("status-" + BackupID(object: places.value).objectText + ".json")
    }
}
