internal import Disk
package import Model
package import Retention
internal import Synchronization

/// `<state>/brakes/VAULT.json`: what the brakes of a vault remember from look to look. Lost, it is found anew from the
/// catalog; what lies far back is then no longer suspect.
package struct BrakeStore: Sendable {
    package struct Memory: Codable, Sendable, Equatable {
        /// By object, in 16 hexadecimal digits.
        package var suspects: [String: Suspect] = [:]
        /// When somebody was last told that suspect ones wait.
        package var remindedAt: Timestamp?
        /// What changed of late, and what is usual.
        package var upheaval = MassChange()
    }

    package struct Suspect: Codable, Sendable, Equatable {
        package var note: String
        package var since: Timestamp

        package init(note: String, since: Timestamp) {
            self.note = note
            self.since = since
        }
    }

    /// What could not be written: in this process it holds until it can be.
    private final class Unwritten: Sendable {
        let memories = Mutex<[VaultID: Memory]>([:])
    }

    private let directory: Bytes
    private let damage: Damage?
    private let unwritten = Unwritten()

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        directory = stateDirectory.appending("brakes")
        self.damage = damage
    }

    private func file(_ vault: VaultID) -> StateFile<Memory> {
        StateFile(directory: directory, name: Bytes(vault.text + ".json"), damage: damage)
    }

    package func memory(of vault: VaultID) throws(Fault) -> Memory {
        if let held = unwritten.memories.withLock({ $0[vault] }) { return held }
        return try file(vault).read() ?? Memory()
    }

    /// Changes it where `body` does, and writes only then.
    package func change<T>(_ vault: VaultID, _ body: (inout Memory) -> T) throws(Fault) -> T {
        let before = try memory(of: vault)
        var trial = before
        let answer = body(&trial)
        guard trial != before else { return answer }
        let held = unwritten.memories.withLock { $0[vault] }
        do {
            let answer = try file(vault).change { file in
                var current = held ?? file ?? Memory()
                let answer = body(&current)
                file = current
                return answer
            }
            unwritten.memories.withLock { $0[vault] = nil }
            return answer
        } catch {
            // A full disk must stop no purge, and no brake: what was seen is not seen again.
            guard error.isFull || error.errno == Errno.EROFS else { throw error }
            unwritten.memories.withLock { $0[vault] = trial }
            return answer
        }
    }
}
