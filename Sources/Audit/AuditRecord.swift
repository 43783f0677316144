package import Model

/// One thing that was done or decided, for the log.
package struct AuditRecord: Sendable {
    package var event: AuditEvent
    package var run: Int?
    /// The vault's label and id.
    package var vault: String?
    package var vaultID: VaultID?
    package var series: Bytes?
    package var backup: BackupID?
    package var batch: String?
    package var path: Bytes?
    package var reason: String?
    package var more: [JSON.Field]

    package init(
        _ event: AuditEvent, run: Int? = nil, vault: String? = nil, vaultID: VaultID? = nil, series: Bytes? = nil,
        backup: BackupID? = nil, batch: String? = nil, path: Bytes? = nil, reason: String? = nil,
        more: [JSON.Field] = []
    ) {
        self.event = event
        self.run = run
        self.vault = vault
        self.vaultID = vaultID
        self.series = series
        self.backup = backup
        self.batch = batch
        self.path = path
        self.reason = reason
        self.more = more
    }
}

/// Who does it. Under sudo the login shows who it was.
package struct Actor: Sendable {
    package var uid: UInt32
    package var loginUID: UInt32?
    package var user: String
    package var pid: Int32
    package var program: String

    package init(uid: UInt32, loginUID: UInt32?, user: String, pid: Int32, program: String) {
        self.uid = uid
        self.loginUID = loginUID
        self.user = user
        self.pid = pid
        self.program = program
    }

    var json: JSON {
        .object([
            .init("uid", .integer(Int64(uid))), .init("loginuid", loginUID.map { .integer(Int64($0)) } ?? .null),
            .init("user", .string(user)), .init("pid", .integer(Int64(pid))), .init("program", .string(program)),
        ])
    }
}

/// A record as it is read back. Fields that it does not have are `nil`.
package struct AuditLine: Codable, Sendable {
    package var seq: Int
    package var time: String
    package var event: String
    package var run: Int?
    package var vault: String?
    package var vaultID: String?
    package var series: String?
    package var backup: String?
    package var batch: String?
    package var path: String?
    package var reason: String?
    /// Of an intent to condemn: the hash of the batch's manifest.
    package var manifest: String?
    /// Of a freeze: what caused it (``FreezeCause``).
    package var cause: String?
    /// Of a failed hook: its name.
    package var hook: String?
    /// The series in base64 where it is no UTF-8.
    package var seriesRaw: String?
    package var actor: Actor?
    package var prev: String
    package var hash: String

    package struct Actor: Codable, Sendable {
        package var user: String
    }

    enum CodingKeys: String, CodingKey {
        case seq, time, event, run, vault, series, backup, batch, path, reason, manifest, cause, hook, actor, prev, hash
        case seriesRaw = "series_raw"
        case vaultID = "vault_id"
    }
}
