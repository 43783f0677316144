import ArgumentParser
internal import Engine
internal import JSONText
internal import Model

struct Names: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how each name in a vault is read, and by which rule.",
        discussion: Help.text(
            "A name that is skipped comes with the reason, and with the line of the configuration that would "
                + "read it, where one is known. It opens directories and no files.",
            examples: [
                ("reprieve names dumps", "every name"), ("reprieve names dumps --unread", "only what is skipped"),
            ],
            exits: ["0 shown", "5 nothing of that name"]))

    @Argument(help: ArgumentHelp("The vault.", valueName: "vault"), completion: Completion.vaults) var vault: String
    @Flag(help: "Show only names that are skipped.") var unread = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        guard let chosen = try session.onlyVaults([vault]).first else { return }
        var rows: [JSON] = []
        let faults = try session.engine.pathExplainer.nameLook.names(of: chosen) { directory, entries in
            let shown = entries.filter(isShown)
            if session.json {
                rows += shown.map { json($0, directory, session) }
            } else if !shown.isEmpty {
                print(text(shown, directory, session))
            }
        }
        if session.json { session.emit("names", [.init("names", .array(rows))]) }
        for fault in faults { session.warn(fault) }
    }

    private func isShown(_ entry: NamedEntry) -> Bool {
        switch entry.what {
        case .backup, .part: !unread
        case .skipped: true
        case .passedOver: false
        }
    }

    private func text(_ entries: [NamedEntry], _ directory: Bytes, _ session: Session) -> String {
        var table = Table(["NAME", "TIME", "KIND", "SERIES, OR WHY IT IS SKIPPED"], [.left, .left, .left, .left])
        for entry in entries {
            switch entry.what {
            case .backup(let reading):
                let time = reading.time.map { Text.dayAndTime($0, session.zone) } ?? "mtime"
                let needs = reading.needs.isEmpty ? "" : "; needs \(reading.needs.joined(separator: ", "))"
                table.add([
                    entry.name.display, time, reading.kind.rawValue,
                    "\(reading.series.display) (\(reading.rule))\(needs)",
                ])
            case .part(let owners):
                table.add([entry.name.display, "", "", "goes with \(owners.map(\.display).joined(separator: ", "))"])
            case .skipped(let why, let line):
                table.add([entry.name.display, "", "", why])
                if let line { table.add(["", "", "", "to read it: \(line)"]) }
            case .passedOver: continue
            }
        }
        return "\(directory.isEmpty ? "." : directory.display)/\n\(table.text)\n"
    }

    private func json(_ entry: NamedEntry, _ directory: Bytes, _ session: Session) -> JSON {
        var fields = [JSON.Field](path: directory.appending(entry.name))
        switch entry.what {
        case .backup(let reading):
            fields += [JSON.Field](path: reading.series, key: "series_key")
            fields += [
                .init("time", JSON(reading.time?.rfc3339(in: session.zone))),
                .init("kind", .string(reading.kind.rawValue)), .init("needs", .array(reading.needs.map(JSON.string))),
                .init("rule", .string(reading.rule)),
            ]
        case .part(let owners): fields.append(.init("part_of", .array(owners.map { .string($0.display) })))
        case .skipped(let why, let line): fields += [.init("why", .string(why)), .init("line", JSON(line))]
        case .passedOver: break
        }
        return .object(fields)
    }
}
