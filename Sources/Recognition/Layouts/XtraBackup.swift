internal import Model

/// mariadb-backup and Percona XtraBackup: one directory a backup, its kind and what it needs in
/// `xtrabackup_checkpoints` (from MariaDB 11 on `mariadb_backup_checkpoints`), or for a stream in that file beside it
/// (`--extra-lsndir`). An incremental begins at the LSN at which the one that it needs ends, wherever in the vault that
/// is. LSNs of two servers say nothing of each other; on a quiet server several backups end at the same one.
struct XtraBackup: Layout {
    let guide = LayoutGuide(
        tool: "mariadb-backup, xtrabackup",
        names: "any directory with `xtrabackup_checkpoints` in it; X.xb.gz, X.xbstream.zst … beside X-lsn/",
        kind: "`backup_type` in `xtrabackup_checkpoints`",
        chain: "the newest before it whose `to_lsn` is its `from_lsn`",
        complete: "`xtrabackup_checkpoints` is in it, or in the directory of `--extra-lsndir`")

    static let checkpoints: [Bytes] = ["xtrabackup_checkpoints", "mariadb_backup_checkpoints"]
    private static let infos: [Bytes] = ["xtrabackup_info", "mariadb_backup_info"]

    /// A stream has its records in a directory beside it, which goes where it goes.
    var signs: [Bytes] { Self.streams.map { "." + $0 } }

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.entries[index].isFile {
            guard let stem = Self.stem(ofStream: listing.entries[index].finalName) else { continue }
            let beside = listing.first(of: Self.lsnEndings.map { stem + $0 })
            if let beside, listing.isUnclaimed(beside), listing.entries[beside].isDirectory {
                listing.claim(beside, as: .member(of: index))
            }
        }
    }

    private static let lsnEndings: [Bytes] = [
        "-lsn", "_lsn", ".lsn", "-lsndir", "_lsndir", ".lsndir", "-checkpoints", "_checkpoints", "",
    ]
    private static let streams: [Bytes] = ["xb", "xbstream", "mbstream", "mb"]

    /// The name before `.xb`, `.xbstream` or `.mbstream`, whatever compression and encryption stand behind it.
    private static func stem(ofStream name: Bytes) -> Bytes? {
        let bytes = name.storage
        for dot in bytes.indices where bytes[dot] == UInt8(ascii: ".") && dot > 0 && dot + 2 < bytes.count {
            guard bytes[dot + 2] == UInt8(ascii: "b") else { continue }
            let end = bytes[(dot + 1)...].firstIndex(of: UInt8(ascii: ".")) ?? bytes.count
            if streams.contains(Bytes(bytes[(dot + 1)..<end])) { return Bytes(bytes[..<dot]) }
        }
        return nil
    }

    func read(_ unit: UnitContents) -> Contents? {
        guard let (file, found) = Self.record(Self.checkpoints, unit) else { return nil }
        let tool = file == Self.checkpoints[0] ? "xtrabackup" : "mariadb-backup"
        guard case .text(let text) = found else {
            guard case .unread(let why) = found else { return nil }
            return .unread(tool, file, why)
        }
        guard let values = KeyValues(text), let type = values["backup_type"] else {
            return .unread(tool, file, "names no backup_type")
        }
        guard let from = Self.lsn(values["from_lsn"]), let to = Self.lsn(values["to_lsn"]) else {
            return .unread(tool, file, "has no from_lsn and to_lsn that are numbers of 64 bits")
        }
        let (server, writer) = Self.server(unit)
        var contents = Contents(tool: writer ?? tool, file: file.display)
        contents.signs = [Self.checkpoints[0].display]
        contents.provides = [Token("lsn", to, scope: server)]
        switch type {
        case "full-backuped", "full-prepared", "log-applied":
            contents.kind = .full
            contents.said = "\(type), to LSN \(to)"
        case "incremental", "delta":
            contents.kind = .incremental
            contents.needs = [.newestBefore(Token("lsn", from, scope: server))]
            contents.said = "incremental, from LSN \(from) to \(to)"
        default: return .unread(tool, file, "has an unknown backup_type '\(type.prefix(40))'")
        }
        return contents
    }

    /// Of a directory a file in it; of a stream one in the directory beside it.
    private static func record(_ names: [Bytes], _ unit: UnitContents) -> (Bytes, SmallFile)? {
        for name in names {
            if let found = unit.read(name) { return (name, found) }
            guard !unit.isDirectory, stem(ofStream: unit.name) != nil else { continue }
            for member in unit.members {
                if let found = unit.read(name, in: member) { return (name, found) }
            }
        }
        return nil
    }

    /// Without leading zeros; `nil`: no number of 64 bits.
    private static func lsn(_ text: String?) -> String? { text.flatMap { UInt64($0) }.map { String($0) } }

    /// What tells servers apart that write into one directory: the UUID where the tool notes it, or else where it
    /// found the server. And the tool's own name.
    private static func server(_ unit: UnitContents) -> (scope: String, tool: String?) {
        var tool: String?
        var scope = ""
        if case .text(let text)? = record(infos, unit)?.1, let values = KeyValues(text) {
            tool = values["tool_name"].map { String($0.prefix(40)) }
            let words = (values["tool_command"] ?? "").split(separator: " ")
            let places = words.filter { word in
                ["--datadir=", "--socket=", "--host=", "--port="].contains { word.hasPrefix($0) }
            }
            scope = places.map(String.init).sorted().joined(separator: " ")
        }
        if case .text(let text)? = unit.read("backup-my.cnf"), let id = KeyValues(text)?["server_uuid"] {
            scope = "uuid=\(id)"
        }
        return (String(scope.prefix(200)), tool)
    }
}
