internal import Disk
internal import JSONText
package import Model

/// The audit log: JSON lines, each with the hash of the one before. What could not be written here is not done
/// (invariant 9).
///
/// Several processes append at once: each takes `audit.lock`, writes whole lines at the end, syncs, and leaves number
/// and hash of the last line in `audit.head`. If we stop in between, the tail of the log tells; a line without its end
/// was never acknowledged and is cut off by the next who appends. A log that is full is put aside under the number of
/// its first record, and the chain goes on in a new one (`AuditLog+Rotation.swift`); one that others renamed is
/// followed.
package final class AuditLog: Sendable {
    let stateDirectory: Bytes
    let parts: LogParts
    package var path: Bytes { parts.path }
    /// When it is put aside, and what is kept.
    let limits: Limits
    private let actor: Actor
    /// As JSON, the same for all records.
    private let actorText: [UInt8]
    private let syslog: Syslog?

    package struct Limits: Sendable {
        /// A log of this size is put aside.
        package var segmentBytes = 64 << 20
        /// How long records are kept that nobody needs.
        package var keptSeconds: Int64 = 365 * 86_400
        /// What all that was put aside may take on the disk, needed or not.
        package var mostBytes = 1 << 30

        package init() {}
    }

    /// `path`: absolute; its directory must exist. `syslog`: the socket that heads are sent to, `/dev/log`.
    package init(
        path: Bytes, stateDirectory: Bytes, actor: Actor, limits: Limits = Limits(), syslog: Bytes? = nil
    ) {
        parts = LogParts(path: path)
        self.stateDirectory = stateDirectory
        self.actor = actor
        self.limits = limits
        self.syslog = syslog.map { Syslog(path: $0, program: "reprieve", pid: actor.pid) }
        var text: [UInt8] = []
        actor.json.write(to: &text)
        actorText = text
    }

    /// Appends the records in one durable step: when this returns they are on stable storage.
    package func append(_ records: [AuditRecord], at now: Moment) throws(Fault) {
        guard !records.isEmpty else { return }
        let head = try withLock { state throws(Fault) in
            var (head, log, found) = try self.open(state)
            let before = head.seq
            var text: [UInt8] = []
            text.reserveCapacity(512 * records.count)
            let time = now.wall.rfc3339Milliseconds
            for record in found.map({ [$0] + records }) ?? records {
                head.seq += 1
                head.hash = record.write(seq: head.seq, time: time, actor: actorText, prev: head.hash, to: &text)
            }
            try log.append(text)
            head.file = try fileID()
            // On a full disk the tail of the log tells as much.
            try head.writeIfThereIsRoom(state)
            return head.seq / Self.herald > before / Self.herald ? head : nil
        }
        if let head { announce(head, at: now) }
    }

    /// The number of a new run.
    package func nextRun() throws(Fault) -> Int {
        try withLock { state throws(Fault) in
            var head = try Head.read(state) ?? Head()
            head.run += 1
            // The purge that makes room must not wait for a number.
            try head.writeIfThereIsRoom(state)
            return head.run
        }
    }

    /// How many records come between two heads in syslog.
    private static let herald = 1000

    /// Sends number and hash of the last record to syslog: a log that is cut there shows.
    package func announceHead(at now: Moment) throws(Fault) {
        let state = try Directory.open(absolute: stateDirectory)
        if let head = try Head.read(state) { announce(head, at: now) }
    }

    private func announce(_ head: Head, at now: Moment) {
        syslog?.send("audit log head: record \(head.seq), hash \(head.hash), '\(path.display)'", at: now)
    }

    /// The log and where its chain stands. A log that is full is put aside first. `found`: what is to be said of it.
    private func open(_ state: Directory) throws(Fault) -> (head: Head, log: LogFile, found: AuditRecord?) {
        let stored = try Head.read(state)
        var head = stored ?? Head()
        var log = try LogFile(path)
        let tail = try log.cutTornTail()
        var found: AuditRecord?
        // After a crash between log and head the log is ahead; a log that was taken away is behind.
        if let tail, tail.seq >= head.seq {
            (head.seq, head.hash) = tail
        } else if head.seq > 0 || stored == nil {
            found = try lookBehind(&head, tail?.seq, log)
        }
        if tail == nil { try Directory.open(absolute: path.parent).sync() }
        if head.first == nil { head.first = try parts.segments().first?.first ?? head.seq + 1 }
        if tail != nil, try log.size() >= limits.segmentBytes, let fresh = try putAsideIfPossible(log, head, state) {
            log = fresh
        }
        return (head, log, found)
    }

    /// Which file the log is: an inode's number would not do, the next file has it at once.
    func fileID() throws(Fault) -> String? {
        try Directory.open(absolute: path.parent).sighting(of: path.lastComponent)?.object.text
    }

    func withLock<T>(_ body: (Directory) throws(Fault) -> T) throws(Fault) -> T {
        do {
            let state = try Directory.open(absolute: stateDirectory)
            let lock = try FileLock.take(
                "audit.lock", in: state, holder: holder, waitSeconds: 10, pauseMicroseconds: 1000)
            defer { withExtendedLifetime(lock) {} }
            return try body(state)
        } catch {
            throw Fault(
                .unaudited, "could not write the audit log: \(error.message)",
                hint: error.hint ?? "nothing is moved or deleted without it", path: path, errno: error.errno)
        }
    }

    var holder: String { actor.program }
}
