import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import State

struct RetentionSet: Deed {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a vault's policy, and see first what that means.",
        discussion: Help.text(
            "It writes conf.d/90-retention-set.yaml, whose values win over the other files. An empty value "
                + "drops a rule. Nothing is moved: what would go that stayed before waits for an approval.",
            examples: [
                ("reprieve retention set dumps daily=14 weekly= -n", "what would change"),
                ("reprieve retention set dumps grace-period=30d", "change it"),
            ],
            exits: ["0 written, or nothing to change", "5 nothing of that name"]))

    @Argument(help: ArgumentHelp("The vault.", valueName: "vault"), completion: Completion.vaults) var vault: String
    @Argument(help: ArgumentHelp("KEY=VALUE, one or more.", valueName: "key=value")) var changes: [String]
    @Flag(name: [.customShort("n"), .long], help: "Only show the consequences.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let overrides = try common.overrides()
        guard overrides.adHoc == nil else {
            throw Fault(.usage, "--vault has no file to write to", hint: "give the rules as options: --keep-daily 14")
        }
        let all = session.engine.configuration.vaults
        guard let old = all.first(where: { $0.label == vault }) else {
            let known = all.map(\.label).joined(separator: ", ")
            throw Fault(.notFound, "there is no vault '\(vault)'", hint: "known: \(known)")
        }
        let setting = try RetentionSetting(try pairs(), of: old, main: Places(overrides).mainFile)
        let fresh: VaultConfiguration
        do throws(Fault) {
            let loaded = try Configuration.load(overrides, substitute: (setting.file, setting.text))
            guard let found = loaded.vaults.first(where: { $0.path == old.path }) else {
                throw Fault(.failed, "the vault '\(vault)' would be gone")
            }
            fresh = found
        } catch {
            // The line of a file that is not written yet helps nobody: say it of what was typed.
            guard error.code == .configuration, error.message.hasPrefix(setting.file) else { throw error }
            let text = error.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? error.message
            throw Fault(.usage, text, hint: error.hint)
        }
        let zone = session.zone
        let comparison = Comparison(try session.engine.preview.compare(old, with: fresh, zone: zone), session)
        if !dryRun { try setting.write() }
        if session.json {
            session.emit(
                "retention-set",
                [
                    .init("file", .string(setting.file)), .init("written", .bool(!dryRun)),
                    .init("comparison", comparison.json),
                ])
            return
        }
        if dryRun { session.tellDryRun() }
        for change in try pairs() where change.key != "keep" && !change.value.isEmpty {
            session.tell("\(vault): \(change.key) = \(change.value)")
        }
        session.tell(comparison.text)
        session.tell("")
        session.tell(dryRun ? "It would be written to \(setting.file):" : "Written: \(setting.file)")
        if dryRun { session.tell(setting.text) }
        guard !dryRun else { return }
        if !comparison.found.goes.isEmpty {
            session.tell("Backups that stayed before and would go now wait for an approval:")
            session.tell("  reprieve plan \(shell: vault)")
            session.tell("  reprieve cleanup \(shell: vault) --approve")
        }
        if session.engine.state.agentIsRunning {
            session.tell(Session.toldToAgent)
        }
    }

    private func pairs() throws -> [(key: String, value: String)] {
        try changes.map { change in
            guard let sign = change.firstIndex(of: "="), sign != change.startIndex else {
                throw Fault(
                    .usage, "'\(change)' is not a valid KEY=VALUE",
                    hint: "reprieve retention set \(shell: vault) daily=14")
            }
            return (String(change[..<sign]), String(change[change.index(after: sign)...]))
        }
    }
}
