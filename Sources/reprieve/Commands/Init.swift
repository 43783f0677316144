import ArgumentParser
internal import Config
internal import Conflicts
internal import Engine
internal import Foundation
internal import Model

struct Init: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Look at directories, propose a configuration, ask, and write it.",
        discussion: Help.text(
            "--from keeps what another program's line means, and shows what that line would delete tonight "
                + "beside what the policy made of it would move. It reads find, rotate-backups (line or ini), "
                + "restic forget, borg prune, Proxmox' prune-backups, logrotate with dateext, and the settings of "
                + "autopostgresqlbackup and automysqlbackup, as text or as the path of a file. It refuses what it "
                + "does not understand.",
            examples: [
                ("reprieve init /srv/backups", "propose and ask"),
                ("reprieve init --from 'find /srv -mtime +30 -delete'", "keep what an old line means"),
            ],
            exits: ["0 written, or nothing to write", "5 nothing of that name"]))

    @Argument(
        help: ArgumentHelp("Directories that backups are written into.", valueName: "path"), completion: .directory)
    var paths: [String] =
        []
    @Option(help: ArgumentHelp("What deletes there now: a line, or a file of settings.", valueName: "line"))
    var from: String?
    @Flag(name: .shortAndLong, help: "Write without asking.") var yes = false
    @Flag(name: [.customShort("n"), .long], help: "Only propose.") var dryRun = false
    @OptionGroup var others: OtherPrograms
    @OptionGroup(visibility: .hidden) var common: Common

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
            try Confirmation.isMeant(
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
        guard Confirmation.isTerminal, !common.json else { throw fault }
        print(Text.wrap("\(name) is a directory of the system: what lies there is hardly ever a backup."))
        print("Type its path to go on all the same: ", terminator: "")
        guard Confirmation.answer() == name else { throw fault }
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
        for vault in session.engine.configuration.vaults
        where proposals.contains(where: { $0.directories.contains(vault.path) }) {
            if try !session.engine.proposer.initialise(vault), !common.json {
                print("'\(vault.path.display)' is empty: its marker is written with the first cleanup.")
            }
        }
    }
}
