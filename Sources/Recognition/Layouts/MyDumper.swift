internal import Model

/// mydumper: a directory with `metadata`, `DB-schema-create.sql` and `DB.TABLE.00000.sql`, each with or without `.gz`
/// or `.zst`. It writes `metadata.partial`, and gives it the name `metadata` behind its last line, `Finished dump at:
/// …`; from 0.11 on that line is a comment in a file of sections (`src/mydumper/mydumper_start_dump.c`).
struct MyDumper: Layout {
    let guide = LayoutGuide(
        tool: "mydumper", names: "a directory with metadata and DB-schema-create.sql.gz in it",
        complete: "`metadata` says when the dump finished")

    private static let record: Bytes = "metadata"
    private static let partial: Bytes = "metadata.partial"

    func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory, unit.has(Self.record) || unit.has(Self.partial),
            unit.names.contains(where: Self.isSQL)
        else { return nil }
        guard unit.has(Self.record), let found = unit.read(Self.record) else {
            var contents = Contents(tool: name, file: Self.partial.display)
            contents.outcome = .running
            contents.why = "it has 'metadata.partial' and no 'metadata': mydumper is at work, or broke off"
            return contents
        }
        var contents = Contents(tool: name, file: Self.record.display)
        contents.signs = [Self.record.display]
        switch found {
        case .text(let text): finish(&contents, text.storage)
        case .unread(let why):
            // Of thousands of tables it is long; the name alone says that the dump finished.
            let head = unit.head(of: Self.record)
            guard head.count >= SmallFile.limit, Self.begins(head) else { return .unread(name, Self.record, why) }
            (contents.outcome, contents.said) = (.finished, "a dump of many tables")
        }
        return contents
    }

    private func finish(_ contents: inout Contents, _ text: [UInt8]) {
        guard Self.begins(text), !text.contains(0) else {
            contents = .unread(name, Self.record, "does not say when the dump started")
            return
        }
        let mark = Array("Finished dump at:".utf8)
        let line = text.split(separator: 0x0A).last { line in line.drop { $0 == 0x23 || $0 == 0x20 }.starts(with: mark)
        }
        if let line {
            contents.outcome = .finished
            contents.said = Bytes(line.drop { $0 == 0x23 || $0 == 0x20 }.prefix(60)).display
        } else {
            contents.outcome = .failed
            contents.why = "'metadata' does not say that the dump finished"
        }
    }

    /// `Started dump at: …`, or the same as a comment.
    private static func begins(_ text: [UInt8]) -> Bool {
        text.drop { $0 == 0x23 || $0 == 0x20 }.starts(with: "Started dump at:".utf8)
    }

    private static func isSQL(_ name: Bytes) -> Bool {
        [".sql", ".sql.gz", ".sql.zst"].contains { name.hasSuffix($0) }
    }
}
