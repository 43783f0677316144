internal import Disk
internal import Foundation
package import Model

/// The audit log: JSON lines, each with the hash of the one before. What could not be written here is not done
/// (invariant 9).
///
/// Several processes append at once: each takes `audit.lock`, writes whole lines at the end, syncs, and leaves number
/// and hash of the last line in `audit.head`. If we stop in between, the tail of the log tells; a line without its end
/// was never acknowledged and is cut off by the next who appends.
package final class AuditLog: Sendable {
    let stateDirectory: Bytes
    package let path: Bytes
    private let actor: Actor
    /// As JSON, the same for all records.
    private let actorText: [UInt8]

    /// `path`: absolute; its directory must exist.
    package init(path: Bytes, stateDirectory: Bytes, actor: Actor) {
        self.path = path
        self.stateDirectory = stateDirectory
        self.actor = actor
        var text: [UInt8] = []
        actor.json.write(to: &text)
        actorText = text
    }

    struct Head: Codable {
        var seq = 0
        var hash = AuditLog.noHash
        /// The number of the last run.
        var run = 0
    }

    private static let headLength = 255
    static let noHash = String(repeating: "0", count: 64)

    /// Appends the records in one durable step: when this returns they are on stable storage.
    package func append(_ records: [AuditRecord], at now: Moment) throws(Fault) {
        guard !records.isEmpty else { return }
        try withLock { state throws(Fault) in
            var head = try self.head(state)
            let log = try LogFile(path)
            let tail = try log.cutTornTail()
            // After a crash between log and head the log is ahead; a log that was taken away is behind.
            if let tail, tail.seq >= head.seq {
                head.seq = tail.seq
                head.hash = tail.hash
            }
            var text: [UInt8] = []
            text.reserveCapacity(512 * records.count)
            let time = now.wall.rfc3339Milliseconds
            for record in records {
                head.seq += 1
                head.hash = record.write(seq: head.seq, time: time, actor: actorText, prev: head.hash, to: &text)
            }
            try log.append(text)
            // On a full disk the tail of the log tells as much.
            try writeIfThereIsRoom(head, state)
        }
    }

    /// The number of a new run.
    package func nextRun() throws(Fault) -> Int {
        try withLock { state throws(Fault) in
            var head = try self.head(state)
            head.run += 1
            // The purge that makes room must not wait for a number.
            try writeIfThereIsRoom(head, state)
            return head.run
        }
    }

    private func withLock<T>(_ body: (Directory) throws(Fault) -> T) throws(Fault) -> T {
        do {
            let state = try Directory.open(absolute: stateDirectory)
            let lock = try FileLock.take(
                "audit.lock", in: state, holder: "\(actor.program) (\(actor.pid))", waitSeconds: 10)
            defer { withExtendedLifetime(lock) {} }
            return try body(state)
        } catch {
            throw Fault(
                .unaudited, "could not write the audit log: \(error.message)",
                hint: error.hint ?? "nothing is moved or deleted without it", path: path, errno: error.errno)
        }
    }

    private func head(_ state: Directory) throws(Fault) -> Head {
        guard let bytes = try state.read("audit.head", limit: 4096) else { return Head() }
        guard let head = try? JSONDecoder().decode(Head.self, from: Data(bytes.storage)) else {
            // The tail of the log is as good; only the run number starts again above it.
            return Head()
        }
        return head
    }

    private func writeIfThereIsRoom(_ head: Head, _ state: Directory) throws(Fault) {
        do {
            try write(head, state)
        } catch {
            guard error.isFull else { throw error }
        }
    }

    private func write(_ head: Head, _ state: Directory) throws(Fault) {
        let json: JSON = [
            "seq": .integer(Int64(head.seq)), "hash": .string(head.hash), "run": .integer(Int64(head.run)),
        ]
        // Always the same length, below one sector: on a full disk it is written in its place.
        let text = json.line
        let content = Bytes(text + String(repeating: " ", count: max(0, Self.headLength - text.utf8.count)) + "\n")
        do {
            try state.replace("audit.head", with: content, mode: 0o640)
        } catch {
            guard error.isFull else { throw error }
            try state.overwrite("audit.head", with: content)
        }
    }
}
