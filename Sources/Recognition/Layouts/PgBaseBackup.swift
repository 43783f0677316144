internal import Model

/// pg_basebackup, plain or as tars: one directory a backup. `backup_manifest` is written last (from PostgreSQL 13 on).
/// From 17 on a backup may be incremental: its `backup_label` names the timeline and LSN at which the one that it needs
/// began, and files of it are called `INCREMENTAL.…`. In compressed tars the label cannot be read; the manifest then
/// tells that it is incremental, and not of what. Source: PostgreSQL, `xlogbackup.c`.
struct PgBaseBackup: Layout {
    let guide = LayoutGuide(
        tool: "pg_basebackup", names: "a directory with backup_label or base.tar(.gz), and backup_manifest",
        kind: "`INCREMENTAL FROM LSN` in backup_label, or `INCREMENTAL.` files in backup_manifest",
        chain:
            "the newest before it that began at that LSN; from compressed tars alone, everything back to the last full one",
        complete: "`backup_manifest` is whole; missing, it is demanded once the series has shown one")

    private static let label: Bytes = "backup_label"
    private static let manifest: Bytes = "backup_manifest"
    private static let archives: [Bytes] = ["base.tar", "base.tar.gz", "base.tar.lz4", "base.tar.zst"]

    func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory, unit.has(Self.label) || unit.has(Self.manifest) || unit.first(of: Self.archives) != nil
        else { return nil }
        if let strange = unit.strangeSign(Self.manifest, of: name) { return strange }
        var contents = Contents(tool: name)
        var system = ""
        if unit.hasFile(Self.manifest) {
            contents.signs = [Self.manifest.display]
            let head = unit.head(of: Self.manifest)
            system = Self.number(behind: "\"System-Identifier\":", in: head).map { "system=\($0)" } ?? ""
            if Self.contains(head, "INCREMENTAL.") {
                (contents.kind, contents.file) = (.incremental, Self.manifest.display)
                contents.said = "incremental; what it is based on stands in an archive"
            }
        }
        guard let label = label(unit) else { return contents }
        guard case .text(let text) = label else {
            guard case .unread(let why) = label else { return contents }
            return .unread(name, Self.label, why)
        }
        return read(text, system, contents)
    }

    /// The label itself, or the first member of an uncompressed tar.
    private func label(_ unit: UnitContents) -> SmallFile? {
        if let label = unit.read(Self.label) { return label }
        let head = unit.head(of: Self.archives[0])
        guard head.count > 1024, head.starts(with: Self.label.storage + [0]) else { return nil }
        let size = head[124..<135].reduce(0) { $0 * 8 + ((0x30...0x37).contains($1) ? Int($1 - 0x30) : 0) }
        guard size > 0, size <= head.count - 512 else { return .unread("in base.tar could not be read") }
        return .text(Bytes(head[512..<(512 + size)]))
    }

    private func read(_ text: Bytes, _ system: String, _ known: Contents) -> Contents {
        guard let values = KeyValues(text, separator: ":"), let start = values["START WAL LOCATION"],
            let lsn = Self.lsn(start.prefix { $0 != " " })
        else { return .unread(name, Self.label, "names no START WAL LOCATION") }
        var contents = known
        contents.file = Self.label.display
        let timeline = values["START TIMELINE"].flatMap { UInt32($0) } ?? 1
        contents.provides = [Token("lsn", "\(timeline):\(lsn)", scope: system)]
        guard let from = values["INCREMENTAL FROM LSN"] else {
            guard known.kind != .incremental else {
                return .unread(
                    name, Self.label, "does not say what the backup is based on, and its manifest says that it is")
            }
            contents.kind = .full
            contents.said = "full, from LSN \(lsn)"
            return contents
        }
        guard let base = Self.lsn(from[...]), let line = values["INCREMENTAL FROM TLI"].flatMap({ UInt32($0) }) else {
            return .unread(name, Self.label, "says INCREMENTAL and not from where")
        }
        contents.kind = .incremental
        contents.needs = [.newestBefore(Token("lsn", "\(line):\(base)", scope: system))]
        contents.said = "incremental, from LSN \(base) on timeline \(line)"
        return contents
    }

    /// `16/B374D848`, without leading zeros; `nil`: nothing of that kind.
    private static func lsn(_ text: Substring) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let high = UInt32(parts[0], radix: 16), let low = UInt32(parts[1], radix: 16) else {
            return nil
        }
        return String(high, radix: 16, uppercase: true) + "/" + String(low, radix: 16, uppercase: true)
    }

    private static func number(behind key: String, in bytes: [UInt8]) -> UInt64? {
        guard let at = find(key, in: bytes) else { return nil }
        let digits = bytes[(at + key.utf8.count)...].drop { $0 == 0x20 }.prefix { $0.isDigit }.prefix(20)
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    private static func contains(_ bytes: [UInt8], _ text: String) -> Bool { find(text, in: bytes) != nil }

    private static func find(_ text: String, in bytes: [UInt8]) -> Int? {
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count, let first = wanted.first else { return nil }
        var at = 0
        while at <= bytes.count - wanted.count {
            if bytes[at] == first, bytes[at..<(at + wanted.count)].elementsEqual(wanted) { return at }
            at += 1
        }
        return nil
    }
}
