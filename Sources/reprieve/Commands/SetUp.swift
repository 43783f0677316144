import ArgumentParser
internal import Engine
internal import Foundation
internal import Model

struct Init: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Look at directories, propose a configuration, ask, write it.",
        discussion: """
              reprieve init /srv/backups
              reprieve init --from 'find /srv/backups -name "*.sql.gz" -mtime +30 -delete'

            --from keeps what another program's line means, and shows what it would delete
            tonight beside what would go by the policy made of it. It reads find,
            rotate-backups (line or ini), restic forget, borg prune, Proxmox'
            prune-backups, logrotate with dateext, and the settings of
            autopostgresqlbackup and automysqlbackup, as text or as the path of a file.
            What it does not understand it refuses.

            \(Reprieve.exits)
            """)

    @Argument(help: ArgumentHelp("Directories that backups are written into.", valueName: "path")) var paths: [String] =
        []
    @Option(help: ArgumentHelp("What deletes there now: a line, or a file of settings.", valueName: "line"))
    var from: String?
    @Flag(name: .shortAndLong, help: "Write without asking.") var yes = false
    @Flag(name: [.customShort("n"), .long], help: "Only propose.") var dryRun = false
    @OptionGroup var others: OtherPrograms
    @OptionGroup var common: Common

    func run() throws {
        guard common.adHoc.vault.isEmpty else { throw Fault(.usage, "init takes its directories without --vault") }
        let overrides = try common.overrides()
        let existing = try self.existing(overrides)
        var taken = Set(existing?.vaults.map(\.entry) ?? [])
        var proposals: [Proposal] = []
        let rule = try from.map { try OldRule(reading: $0, for: paths.map { Configuration.absolute($0) }) }
        let places = try places(rule)
        var refused: [Fault] = []
        for path in places {
            try checkMeant(path)
            let proposal: Proposal
            do throws(Fault) {
                proposal = try Proposal.look(
                    at: path, zone: existing?.zone.value ?? .system, taken: taken, rule: rule)
            } catch {
                // Of `/srv/backups/*` some are repositories, and one is lost+found.
                guard error.code == .usage, places.count > 1, rule == nil else { throw error }
                refused.append(error)
                continue
            }
            guard !proposals.contains(where: { $0.path == proposal.path }) else {
                throw Fault(.usage, "'\(proposal.path.display)' is named twice", hint: "name it once")
            }
            try check(proposal, besides: existing, rule, overrides)
            taken.insert(proposal.name)
            proposals.append(proposal)
        }
        if let first = refused.first, proposals.isEmpty { throw first }
        if !common.json {
            for fault in refused { print(Text.wrap("Skipped: \(fault.message)")) }
            if !refused.isEmpty { print("") }
        }
        // One entry stands for siblings that look alike, and for those that come.
        let merged = Proposal.merged(proposals)
        if !common.json {
            for proposal in proposals { print(text(proposal) + (merged == nil ? "\n\n" + proposal.yaml : "\n")) }
            if let merged { Output.write(merged.yaml + "\n") }
        }
        if let merged { proposals = [merged] }
        let deleters = Deleters.search(
            proposals.flatMap { proposal in proposal.directories.map { (proposal.name, $0) } }, root: others.root,
            home: others.home)
        if !common.json, !deleters.isEmpty {
            print(OtherPrograms.lines(deleters, from: 1).dropFirst().joined(separator: "\n") + "\n")
        }
        let target = Places(overrides).config
        var written: [String] = []
        if !dryRun,
            try Session.isMeant(
                "Write this to \(target) (or conf.d beside it)?", yes: yes, json: common.json,
                hint: "add --yes, or put the lines above into \(target) yourself")
        {
            for proposal in proposals { written.append(try proposal.write(besides: target)) }
            try prepare(proposals)
        }
        if common.json { return emit(proposals, written, deleters) }
        for file in written { print("Written: \(file)") }
        if written.isEmpty { print("Nothing was written.") }
        print((OtherPrograms.excludes(of: proposals.flatMap(\.directories)).dropFirst() + [""]).joined(separator: "\n"))
        if !written.isEmpty {
            print("Next: reprieve plan     what would go, and why; nothing goes unapproved")
        }
    }

    /// A directory of the system is asked about twice: here, and as all are before anything is written.
    private func checkMeant(_ path: String) throws {
        guard !dryRun, !common.adHoc.systemDirectory, let directory = Proposal.systemDirectory(path) else { return }
        let name = directory.display
        let fault = Fault(
            .usage, "'\(name)' is a directory of the system: what lies there is hardly ever a backup",
            hint: "name the directory that backups are written into; if this one is meant: --\(SystemDirectory.key)")
        guard Session.isTerminal, !common.json else { throw fault }
        print(Text.wrap("\(name) is a directory of the system: what lies there is hardly ever a backup."))
        print("Type its path to go on all the same: ", terminator: "")
        guard Session.answer() == name else { throw fault }
    }

    /// Whether it can be written beside what is configured, and keeps what the old line means.
    private func check(
        _ proposal: Proposal, besides existing: Configuration?, _ rule: OldRule?, _ overrides: Overrides
    ) throws {
        if let vault = existing?.vaults.first(where: { $0.path == proposal.path }) {
            throw Fault(
                .usage, "'\(proposal.path.display)' is the vault '\(vault.label)' already",
                hint: "reprieve retention show \(shell: vault.label)")
        }
        let state = Configuration.absolute(Places(overrides).state)
        guard !state.isWithin(proposal.path) else {
            throw Fault(
                .usage, "the state directory '\(state.display)' would lie inside '\(proposal.path.display)'",
                hint: "choose another one with --state-dir")
        }
        if rule != nil, proposal.backups == 0 {
            throw Fault(
                .usage, "of what the old line deletes in '\(proposal.path.display)' nothing is read as a backup",
                hint: "reprieve init without --from says what is there, and what is not read")
        }
        if let tonight = proposal.tonight, let first = tonight.excess.min() {
            throw Fault(
                .usage,
                "the rule would move \(Text.plural(tonight.excess.count, "backup")) that \(tonight.tool) does not delete, "
                    + "such as \(first.display)",
                hint:
                    "Reprieve goes by dates in names and takes whole backups; write the policy yourself: reprieve "
                    + "init without --from")
        }
    }

    /// What is named, or what the old line names.
    private func places(_ rule: OldRule?) throws -> [String] {
        let named = rule?.places.filter { $0.storage.first == UInt8(ascii: "/") }.map(\.display) ?? []
        guard !paths.isEmpty || !named.isEmpty else {
            throw Fault(.usage, "no directory is named", hint: "reprieve init /srv/backups")
        }
        let absolute = paths.map { Configuration.absolute($0) }
        if let stranger = absolute.first(where: { path in
            !named.isEmpty && !named.contains { Configuration.absolute($0) == path }
        }) {
            throw Fault(
                .usage, "the old line deletes in \(named.joined(separator: ", ")), and not in '\(stranger.display)'",
                hint: "leave the directory out, or name that one")
        }
        return paths.isEmpty ? named : paths
    }

    private func existing(_ overrides: Overrides) throws -> Configuration? {
        do {
            return try Configuration.load(overrides)
        } catch {
            // No file yet is what init is for; a broken one is the person's to mend first.
            if error.code == .configuration, error.message.hasPrefix("there is no configuration yet") { return nil }
            throw error
        }
    }

    /// The vaults' markers, so that another disk at the same path is noticed from now on.
    private func prepare(_ proposals: [Proposal]) throws {
        let session = try common.session()
        for vault in session.keeper.configuration.vaults
        where proposals.contains(where: { $0.directories.contains(vault.path) }) {
            if try !session.keeper.initialise(vault), !common.json {
                print("'\(vault.path.display)' is empty: its marker is written with the first cleanup.")
            }
        }
    }

    private static let mostRows = 20
    private static let mostReasons = 8

    /// What was recognised, before what would be written.
    private func text(_ proposal: Proposal) -> String {
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
        lines += proposal.opaque.prefix(Self.mostReasons).map {
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

    private func emit(_ proposals: [Proposal], _ written: [String], _ deleters: [Deleter]) {
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

struct Adopt: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Say that the disk at a vault's path belongs to that vault.",
        discussion: """
            For a disk of another host, a copy, a directory made anew, or disks in
            rotation: those that were adopted for a path before stay known, and each has
            its own backups and marks. Which one is mounted shows by itself.

            \(Reprieve.exits)
            """)

    @Argument(help: ArgumentHelp("The vault's path or name.", valueName: "path")) var path: String
    @Option(
        help: ArgumentHelp("Adopt nothing, but forget this disk, which is away: its id or label.", valueName: "disk"))
    var forget: String?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var common: Common

    func run() throws {
        let session = try common.session()
        guard
            let vault = session.keeper.configuration.vaults.first(where: { $0.path.display == path || $0.label == path }
            )
        else {
            throw Fault(
                .notFound, "no vault is configured at '\(path)'",
                hint: "add it to the configuration first: reprieve init \(shell: path)")
        }
        if let forget {
            let disk = try session.keeper.forget(forget, of: vault)
            session.say("\(vault.label): \(disk.name) is forgotten; mounted again, it waits for `reprieve adopt`")
            if session.json {
                session.emit(
                    "adopt", [.init("vault", .string(vault.label)), .init("forgotten", .string(disk.id.text))])
            }
            return
        }
        if let question = try session.keeper.whatToAdopt(vault) {
            guard try session.isMeant(question, yes: yes) else { return }
        }
        let opened = try session.keeper.adopt(vault)
        session.say("\(vault.label): adopted, its id is \(opened.id.text)")
        if session.json {
            session.emit("adopt", [.init("vault", .string(vault.label)), .init("id", .string(opened.id.text))])
        }
    }
}

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check the configuration.", subcommands: [Check.self],
        defaultSubcommand: Check.self)

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every file and look at every vault's directory.", discussion: Reprieve.exits)

        @OptionGroup var common: Common

        func run() throws {
            let session = try common.session()
            let configuration = session.keeper.configuration
            var faults: [Fault] = []
            for vault in configuration.vaults {
                do { _ = try session.keeper.open(vault) } catch { faults.append(error) }
            }
            let rules = configuration.vaults.flatMap { (try? session.keeper.nameLook.ruleProblems($0)) ?? [] }
            let hooks = configuration.hooks.flatMap { hook in
                session.keeper.problems(of: hook).map { fault in
                    Fault(fault.code, "the hook '\(hook.name)': \(fault.message)", hint: fault.hint, path: fault.path)
                }
            }
            let unusable = faults.count
            faults += configuration.unmatched.map { wildcard in
                Fault(
                    .configuration, "no directory matches '\(wildcard.path.display)', the path of '\(wildcard.entry)'",
                    hint: "mount its disk, or correct the path", path: wildcard.path)
            }
            faults += hooks + rules
            if session.json {
                session.emit(
                    "config-check",
                    [
                        .init("files", .array(configuration.files.map { .string($0) })),
                        .init("vaults", .integer(Int64(configuration.vaults.count))),
                        .init("hooks", .integer(Int64(configuration.hooks.count))),
                        .init("problems", .array(faults.map { session.json($0) })),
                    ])
            } else {
                for file in configuration.files { session.say("\(file): ok") }
                session.say(
                    "\(Text.plural(configuration.vaults.count, "vault")), \(unusable == 0 ? "all there" : "\(unusable) not usable now")"
                )
                if !configuration.hooks.isEmpty {
                    session.say(
                        "\(Text.plural(configuration.hooks.count, "hook")), \(hooks.isEmpty ? "all usable" : "\(Text.plural(hooks.count, "problem"))")"
                    )
                }
                for fault in faults { session.warn(fault) }
            }
            let isAll = unusable == configuration.vaults.count && unusable > 0
            try Ending.with(faults.isEmpty ? .done : isAll ? .failed : .partial)
        }
    }
}
