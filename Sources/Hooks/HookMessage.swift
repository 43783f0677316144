internal import Audit
internal import Config
internal import Disk
internal import Foundation
internal import JSONText
internal import Model

/// What a hook is told: JSON, and `REPRIEVE_*` for those that read no JSON.
struct HookMessage: Sendable {
    /// The name of the event, or of the phase.
    var what: String
    var seq: Int?
    var vault: String?
    /// One object.
    var json: String
    var variables: [String: String]
    /// For a person, in one line.
    var subject: String
    var body: String
    /// Of a run: whether all was done.
    var hasFailed = false

    /// Of a record of the audit log, as it stands there.
    init(_ line: AuditLine, for hook: Hook) {
        self.init(record: String(decoding: line.bytes, as: UTF8.self), for: hook)
        (seq, vault) = (line.seq, line.vault)
    }

    init(record: String, for hook: Hook) {
        let fields = (try? JSONSerialization.jsonObject(with: Data(record.utf8))) as? [String: Any] ?? [:]
        what = fields["event"] as? String ?? ""
        json = Self.head("event", hook) + #","record":\#(record)}"#
        variables = Self.variables(hook, what)
        for (key, field) in [
            "SEQ": "seq", "TIME": "time", "VAULT": "vault", "SERIES": "series", "BACKUP": "backup", "BATCH": "batch",
            "PATH": "path", "REASON": "reason", "RUN": "run",
        ] {
            if let value = fields[field] { variables["REPRIEVE_" + key] = Self.plain("\(value)") }
        }
        let about = ["vault", "series", "path", "hook"].compactMap { fields[$0] as? String }
        subject = Bytes(([what] + about).joined(separator: " ")).display
        body = fields.sorted { $0.key < $1.key }.filter { !["prev", "hash", "actor"].contains($0.key) }
            .map { "\($0.key): \(Bytes("\($0.value)").display)" }.joined(separator: "\n")
        hasFailed =
            what == AuditEvent.vaultOffline.rawValue
            || what == AuditEvent.retentionCompleted.rawValue && (fields["failed"] as? Int ?? 0) > 0
            || what == AuditEvent.indexed.rawValue && (fields["unreadable"] as? Int ?? 0) > 0
    }

    /// Of a question before a deed.
    init(_ phase: Hook.Phase, vault: String, _ backups: [Backup], why: String, for hook: Hook) {
        what = phase.rawValue
        self.vault = vault
        let list = backups.map { backup -> JSON in
            .object(
                [JSON.Field("id", .string(backup.id.text))] + [JSON.Field](path: backup.series, key: "series")
                    + [JSON.Field](path: backup.path) + [JSON.Field("size", .integer(backup.size))])
        }
        let fields: JSON = [
            "phase": .string(phase.rawValue), "vault": .string(vault), "why": .string(why), "backups": .array(list),
        ]
        json = Self.head("phase", hook) + "," + fields.line.dropFirst()
        variables = Self.variables(hook, what)
        variables["REPRIEVE_VAULT"] = Self.plain(vault)
        variables["REPRIEVE_BACKUPS"] = String(backups.count)
        variables["REPRIEVE_REASON"] = Self.plain(why)
        subject = "\(what) \(vault)"
        body = ""
    }

    /// An object without its end.
    private static func head(_ schema: String, _ hook: Hook) -> String {
        let fields: JSON = [
            "schema": .string("reprieve.\(schema)/1"), "host": .string(Surroundings.hostName),
            "hook": .string(hook.name),
        ]
        return String(fields.line.dropLast())
    }

    private static func variables(_ hook: Hook, _ what: String) -> [String: String] {
        [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
            "REPRIEVE_HOOK": hook.name, "REPRIEVE_EVENT": what, "REPRIEVE_HOST": plain(Surroundings.hostName),
        ]
    }

    /// As the kernel takes it: no NUL, and not longer than it allows.
    private static func plain(_ text: String) -> String { String(text.filter { $0 != "\0" }.prefix(8192)) }
}
