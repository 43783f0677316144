import Audit
import Foundation
import Model
import Support
import Testing

/// A log of a test's own, with small limits.
final class AuditHouse {
    let scratch: Scratch
    let limits: AuditLog.Limits
    let log: AuditLog
    let clock = TestClock()
    var url: URL { scratch.url.appending(path: "audit.log") }
    var moment: Moment { clock.moment }

    init(segmentBytes: Int = 64 << 20, mostBytes: Int = 1 << 30, syslog: Bytes? = nil) throws {
        scratch = try Scratch()
        var limits = AuditLog.Limits()
        limits.segmentBytes = segmentBytes
        limits.mostBytes = mostBytes
        self.limits = limits
        log = Self.log(scratch.path, limits, syslog)
    }

    static func log(_ directory: Bytes, _ limits: AuditLog.Limits, _ syslog: Bytes? = nil) -> AuditLog {
        AuditLog(
            path: directory.appending("audit.log"), stateDirectory: directory,
            actor: Actor(uid: 0, loginUID: 1000, user: "root", pid: 1, program: "test"), limits: limits,
            syslog: syslog)
    }

    /// So many records at once, numbered on in their paths.
    func append(_ count: Int) throws {
        try log.append(
            (0..<count).map {
                AuditRecord(
                    .condemned(size: 1, earliestPurge: moment.wall), run: 1, vault: "v", vaultID: VaultID(text: "aa"),
                    series: "app",
                    backup: BackupID(object: UInt64($0)), batch: "b", path: Bytes("app/db-\($0).dump"),
                    reason: "no rule keeps it")
            }, at: moment)
    }

    func rotate(needed: Int? = nil) throws -> AuditLog.RotationNote? { try log.rotateIfDue(needed: needed, at: moment) }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).filter { $0.hasPrefix("audit.log") }
            .sorted()
    }

    func numbers() throws -> [Int] {
        var numbers: [Int] = []
        try log.forEach { numbers.append($0.seq) }
        return numbers
    }

    /// All that `verify` finds, in words.
    func problems() throws -> [String] {
        try log.verify().problems.map { "\($0.file.lastComponent.display):\($0.line): \($0.text)" }
    }

    func events() throws -> [String] {
        var events: [String] = []
        try log.forEach { events.append($0.event) }
        return events
    }
}
