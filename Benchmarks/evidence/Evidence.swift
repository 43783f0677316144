import Audit
import Disk
import Foundation
import Model

/// One of several processes that append, and the figures of `Scripts/bench evidence`.
///
///     bench-evidence append DIRECTORY NAME COUNT BATCH SEGMENT-BYTES [SYSLOG]
///     bench-evidence verify DIRECTORY
@main
enum Evidence {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count > 2 else { return usage() }
        let directory = Bytes(words[2])
        switch words[1] {
        case "append" where words.count >= 7:
            guard let count = Int(words[4]), let batch = Int(words[5]), let bytes = Int(words[6]) else {
                return usage()
            }
            try append(log(directory, bytes, words.count > 7 ? Bytes(words[7]) : nil), words[3], count, batch)
        case "verify": try verify(log(directory, 64 << 20, nil))
        default: usage()
        }
    }

    private static func usage() {
        print("usage: bench-evidence append DIRECTORY NAME COUNT BATCH SEGMENT-BYTES [SYSLOG] | verify DIRECTORY")
        exit(64)
    }

    private static func log(_ directory: Bytes, _ bytes: Int, _ syslog: Bytes?) -> AuditLog {
        var limits = AuditLog.Limits()
        limits.segmentBytes = bytes
        return AuditLog(
            path: directory.appending("audit.log"), stateDirectory: directory,
            actor: Actor(
                uid: Surroundings.userID, loginUID: nil, user: "root", pid: Surroundings.processID, program: "bench"),
            limits: limits, syslog: syslog)
    }

    /// After each batch the number of records that are on stable storage; at the end the seconds it took.
    private static func append(_ log: AuditLog, _ name: String, _ count: Int, _ batch: Int) throws {
        let vault = VaultID(text: "0123456789abcdef0123456789abcdef")
        let start = Clock.system.now()
        for first in stride(from: 0, to: count, by: batch) {
            let end = min(count, first + batch)
            let records = (first..<end).map {
                AuditRecord(
                    .condemned(size: 1, earliestPurge: Clock.system.now().wall), run: 4711, vault: "dumps",
                    vaultID: vault, series: "postgres/app",
                    backup: BackupID(object: UInt64($0)), batch: "20261123T041500.123Z",
                    path: Bytes("postgres/app-\(name)-\($0).dump"),
                    reason: "no rule keeps it: daily 7, weekly 5, monthly 12")
            }
            try log.append(records, at: Clock.system.now())
            if first / batch % 8 == 7 { _ = try log.rotateIfDue(needed: nil, at: Clock.system.now()) }
            print("\(end)")
            fflush(nil)
        }
        print("seconds \(Double(Clock.system.now().boot - start.boot) / 1e9)")
    }

    /// Records, problems, seconds.
    private static func verify(_ log: AuditLog) throws {
        let start = Clock.system.now()
        let found = try log.verify()
        let seconds = Double(Clock.system.now().boot - start.boot) / 1e9
        print("\(found.records)\t\(found.problemCount)\t\(seconds)")
        for problem in found.problems.prefix(10) { print("\(problem.file.display):\(problem.line): \(problem.text)") }
    }
}
