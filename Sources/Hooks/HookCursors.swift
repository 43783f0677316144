internal import Audit
internal import Config
internal import Disk
internal import Foundation
package import Model

/// `<state>/hooks/NAME`: up to which record each hook was told, and how it went. Written only by who holds `NAME.lock`.
package struct HookCursors: Sendable {
    let stateDirectory: Bytes
    let names: [String]

    init(stateDirectory: Bytes, hooks: [Hook]) {
        self.stateDirectory = stateDirectory
        names = hooks.filter { !$0.events.isEmpty }.map(\.name)
    }

    struct Position: Codable, Hashable, Sendable {
        /// The last record that it was told, or that it does not want.
        var seq: Int
        /// How often in a row it failed, and not before when it is tried again.
        var failures = 0
        var retryAt: Timestamp?
        /// Why it failed last.
        var why: String?
        /// Of `healthchecks`.
        var health: HookHealth?

        var isPossible: Bool { AuditLog.numbers.contains(seq) && (0..<1_000_000_000).contains(failures) }

        /// It took all up to this record, or does not want it.
        mutating func told(upTo seq: Int) { self = Position(seq: seq, health: health) }
    }

    /// The smallest number that any hook was told: records above it are still needed. `nil`: there are no hooks.
    package func lowest() throws(Fault) -> Int? {
        guard let directory = try opened(making: false) else { return nil }
        var lowest: Int?
        for name in names {
            if let position = try read(name, directory) { lowest = min(lowest ?? position.seq, position.seq) }
        }
        return lowest
    }

    /// A hook that is new is told what comes from now on.
    func begin(at seq: Int) throws(Fault) {
        guard !names.isEmpty, let directory = try opened(making: true) else { return }
        for name in names where try read(name, directory) == nil {
            guard let lock = try lock(name) else { continue }
            defer { withExtendedLifetime(lock) {} }
            if try read(name, directory) == nil { try write(Position(seq: seq), name, directory) }
        }
    }

    func read(_ name: String) throws(Fault) -> Position? {
        guard let directory = try opened(making: false) else { return nil }
        return try read(name, directory)
    }

    func write(_ position: Position, _ name: String) throws(Fault) {
        guard let directory = try opened(making: true) else { return }
        try write(position, name, directory)
    }

    /// `nil`: another one delivers.
    func lock(_ name: String) throws(Fault) -> FileLock? {
        guard let directory = try opened(making: true) else { return nil }
        do {
            return try FileLock.take(Bytes(name + ".lock"), in: directory, holder: "reprieve", waitSeconds: 0)
        } catch {
            guard error.code == .locked else { throw error }
            return nil
        }
    }

    private func opened(making: Bool) throws(Fault) -> Directory? {
        let state = try Directory.open(absolute: stateDirectory)
        if making { return try state.ensureDirectory("hooks", mode: 0o750) }
        do {
            return try state.open("hooks")
        } catch {
            guard error.errno == Errno.ENOENT else { throw error }
            return nil
        }
    }

    private func read(_ name: String, _ directory: Directory) throws(Fault) -> Position? {
        guard let bytes = try directory.ownFiles.read(Bytes(name), limit: 1 << 16) else { return nil }
        // One that cannot be read is begun anew: told twice is better than never, and the log's start is known.
        let position = try? JSONDecoder().decode(Position.self, from: Data(bytes.storage))
        return position.flatMap { $0.isPossible ? $0 : nil } ?? Position(seq: 0)
    }

    private func write(_ position: Position, _ name: String, _ directory: Directory) throws(Fault) {
        do {
            try directory.ownFiles.replace(
                Bytes(name), with: Bytes(Array(try JSONEncoder().encode(position))), mode: 0o640)
        } catch let error as Fault {
            throw error
        } catch {
            preconditionFailure("numbers and texts are encoded: \(error)")
        }
    }
}
