internal import Conflicts
internal import Engine
internal import JSONText
internal import Model

/// What `init` says of its proposals.
extension Init {
    private static let mostRows = 20
    private static let mostReasons = 8

    /// What was recognised, before what would be written.
    func text(_ proposal: Proposal) -> String {
        var lines = [
            "\(proposal.path.display): \(Text.plural(proposal.backups, "backup")) in \(Text.plural(proposal.rows.count, "series", "series")), \(Text.size(proposal.size))"
        ]
        if !proposal.rows.isEmpty {
            var table = Table(["WHAT", "HOW MANY", "EVERY", "READ AS"], [.left, .right, .right, .left])
            for row in proposal.rows.prefix(Self.mostRows) {
                table.add([
                    Text.fit(Backup.name(ofSeries: row.series).display, 32), Text.count(row.count),
                    row.everySeconds.map(Text.every) ?? "-",
                    row.readAs + (row.lacksFull ? ", no full one" : ""),
                ])
            }
            lines.append(table.text)
            if proposal.rows.count > Self.mostRows { lines.append("… and \(proposal.rows.count - Self.mostRows) more") }
        }
        lines += proposal.managed.prefix(Self.mostReasons).map {
            Text.wrap("Not for Reprieve: \($0.path.display) (\($0.why.text))")
        }
        lines += proposal.skipped.prefix(Self.mostReasons).map {
            let entries = Text.plural($0.entries, "entry", "entries")
            return Text.wrap("Not read: \(entries) (\($0.why)), such as \($0.example.display)")
        }
        if !proposal.skipped.isEmpty {
            lines.append(
                Text.wrap("Names that are not read are left alone. How each name is read: reprieve names VAULT"))
        }
        if let tonight = proposal.tonight { lines += text(tonight) }
        return lines.joined(separator: "\n")
    }

    /// The old line beside the policy.
    private func text(_ tonight: Tonight) -> [String] {
        var table = Table(
            ["TONIGHT", "BACKUPS", "OLD LINE", "REPRIEVE", "WHY IT STAYS"], [.left, .right, .right, .right, .left])
        let rows = tonight.rows.filter { $0.old != 0 || $0.goes != 0 }
        guard !rows.isEmpty || tonight.others > 0 else {
            return [Text.wrap("Tonight \(tonight.tool) would delete nothing here, and Reprieve would move nothing.")]
        }
        for row in rows.prefix(Self.mostRows) {
            table.add([
                Text.fit(Backup.name(ofSeries: row.series).display, 32), Text.count(row.backups), Text.count(row.old),
                Text.count(row.goes), row.kept.map { why($0.decision, tonight.zone) } ?? "",
            ])
        }
        var lines = ["", table.text]
        if rows.count > Self.mostRows { lines.append("… and \(rows.count - Self.mostRows) more") }
        lines.append(
            Text.wrap(
                "The old line deletes for good; what Reprieve moves waits in .trash, and nothing is moved before "
                    + "somebody approves it."))
        if let first = tonight.firstOther {
            let files =
                tonight.others == 1 ? "a file that is not a backup" : "\(tonight.others) files that are not backups"
            lines.append(Text.wrap("The old line would delete \(files), too, such as \(first.display)."))
        }
        return lines
    }

    private func why(_ decision: Decision, _ zone: Zone) -> String {
        decision.reasons.first?.text(id: \.text, date: { Text.day($0, zone) }) ?? ""
    }

    private func json(_ tonight: Tonight) -> JSON {
        .object([
            .init("tool", .string(tonight.tool)), .init("other_files", .integer(Int64(tonight.others))),
            .init(
                "series",
                .array(
                    tonight.rows.map {
                        [
                            "series": .string(Backup.name(ofSeries: $0.series).display),
                            "backups": .integer(Int64($0.backups)), "old_deletes": .integer(Int64($0.old)),
                            "goes": .integer(Int64($0.goes)), "stays": JSON($0.kept?.path.display),
                            "why": JSON($0.kept.map { why($0.decision, tonight.zone) }),
                        ]
                    })),
        ])
    }

    func emit(_ proposals: [Proposal], _ written: [String], _ deleters: [Deleter]) {
        let list = proposals.map { proposal -> JSON in
            .object(
                [.init("name", .string(proposal.name))] + [JSON.Field](path: proposal.path) + [
                    .init("backups", .integer(Int64(proposal.backups))),
                    .init("series", .integer(Int64(proposal.rows.count))),
                    .init(
                        "recognised",
                        .array(
                            proposal.rows.map { row in
                                [
                                    "series": .string(Backup.name(ofSeries: row.series).display),
                                    "backups": .integer(Int64(row.count)),
                                    "every_seconds": JSON(row.everySeconds.map { Int($0) }),
                                    "read_as": .string(row.readAs), "lacks_full": .bool(row.lacksFull),
                                ]
                            })),
                    .init(
                        "not_read",
                        .array(
                            proposal.skipped.map {
                                [
                                    "why": .string($0.why), "entries": .integer(Int64($0.entries)),
                                    "example": .string($0.example.display),
                                ]
                            })),
                    .init("yaml", .string(proposal.yaml)),
                    .init("tonight", proposal.tonight.map(json) ?? .null),
                ])
        }
        let fields: JSON = [
            "schema": "reprieve.init/1", "proposals": .array(list), "written": .array(written.map { .string($0) }),
            "other_programs": OtherPrograms.json(deleters),
            "excludes": OtherPrograms.json(excludesOf: proposals.flatMap(\.directories)),
        ]
        Output.write(fields.pretty + "\n")
    }
}
