internal import JSONText
package import Model

/// One thing that was done or decided, for the log.
package struct AuditRecord: Sendable {
    package var event: Event
    package var run: Int?
    /// The vault's label and id.
    package var vault: String?
    package var vaultID: VaultID?
    package var series: Bytes?
    package var backup: BackupID?
    package var batch: String?
    package var path: Bytes?
    package var reason: String?

    package init(
        _ event: Event, run: Int? = nil, vault: String? = nil, vaultID: VaultID? = nil, series: Bytes? = nil,
        backup: BackupID? = nil, batch: String? = nil, path: Bytes? = nil, reason: String? = nil
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
    }
}

/// Who does it. Under sudo and su the login shows who it was; the kernel keeps it, and nobody can set another one.
package struct Actor: Sendable {
    package var uid: UInt32
    package var loginUID: UInt32?
    package var user: String
    /// As sudo says, where it was used.
    package var sudoUser: String?
    package var pid: Int32
    package var program: String

    package init(uid: UInt32, loginUID: UInt32?, user: String, sudoUser: String? = nil, pid: Int32, program: String) {
        self.uid = uid
        self.loginUID = loginUID
        self.user = user
        self.sudoUser = sudoUser
        self.pid = pid
        self.program = program
    }

    var json: JSON {
        var fields: [JSON.Field] = [
            .init("uid", .integer(Int64(uid))), .init("loginuid", loginUID.map { .integer(Int64($0)) } ?? .null),
            .init("user", .string(user)),
        ]
        if let sudoUser { fields.append(.init("sudo_user", .string(sudoUser))) }
        fields += [.init("pid", .integer(Int64(pid))), .init("program", .string(program))]
        return .object(fields)
    }
}
