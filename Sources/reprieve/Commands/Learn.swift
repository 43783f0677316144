import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import State

struct Learn: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Propose lines for names that nobody reads, or that are read as many series.",
        discussion: Help.text(
            "It asks, and writes the lines that you agree to into the file of the vault. Until a line stands "
                + "in the configuration, nothing is read by it. It opens directories and no files, and changes "
                + "nothing in a vault.",
            examples: [
                ("reprieve learn dumps -n", "what could be read, and by which lines"),
                ("reprieve learn dumps", "ask, and write"),
            ],
            exits: ["0 written, or nothing to propose", "5 nothing of that name"]))

    @Argument(help: ArgumentHelp("Vaults; without one, all.", valueName: "vault"), completion: Completion.vaults)
    var vaults: [String] = []
    @Flag(name: .shortAndLong, help: "Write without asking, but for lines of which nobody can tell what they mean.")
    var yes = false
    @Flag(name: [.customShort("n"), .long], help: "Only propose.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        var rows: [JSON] = []
        var written: [String] = []
        /// Vaults of one wildcard share their lines.
        var known: [String: Set<String>] = [:]
        for vault in try session.onlyVaults(vaults) {
            let siblings = session.engine.configuration.vaults.filter {
                $0.entry == vault.entry && $0.path != vault.path
            }
            let (proposals, faults) = try session.engine.pathExplainer.nameLook.learn(vault, besides: siblings)
            rows += proposals.map { json($0, vault) }
            if !session.json { show(proposals, vault) }
            for fault in faults { session.warn(fault) }
            let chosen = try choose(proposals, session).filter { known[vault.entry]?.contains($0.template) != true }
            guard !chosen.isEmpty else { continue }
            let setting = try NamesSetting(chosen, of: vault, common.overrides())
            let question = "Write \(Text.plural(chosen.count, "line")) for '\(vault.label)' to \(setting.file)?"
            guard try session.isMeant(question, yes: yes) else { continue }
            try setting.write()
            written.append(setting.file)
            known[vault.entry, default: []].formUnion(chosen.map(\.template))
            if !session.json { print("Written: \(setting.file)") }
        }
        if session.json {
            return session.emit(
                "learn", [.init("proposals", .array(rows)), .init("written", .array(written.map(JSON.string)))])
        }
        guard !written.isEmpty else {
            if !rows.isEmpty { print("Nothing was written.") }
            return
        }
        print("Next: reprieve plan     what would go now, and why; nothing goes unapproved")
        if session.engine.state.agentIsRunning { print(Session.toldToAgent) }
    }

    private func show(_ proposals: [LearntNames], _ vault: VaultConfiguration) {
        if proposals.isEmpty {
            print("\(vault.label): nothing to learn. See: reprieve names \(shell: vault.label) --unread\n")
        } else {
            print("\(vault.label): \(vault.path.display)")
            print(proposals.map(text).joined(separator: "\n"))
        }
    }

    /// Those that are to be written, if anything is.
    private func choose(_ proposals: [LearntNames], _ session: Session) throws -> [LearntNames] {
        guard !dryRun, yes || !session.json else { return [] }
        if !yes, !proposals.isEmpty {
            try Confirmation.checkAnswers(json: session.json, hint: "add --yes, or -n to see the lines only")
        }
        return proposals.compactMap { proposal in
            if proposal.isWritten { return proposal }
            if proposal.objection != nil { return nil }
            return yes ? nil : ask(proposal)
        }
    }

    private func ask(_ proposal: LearntNames) -> LearntNames? {
        let templates = [proposal.template] + proposal.alternatives
        for (number, template) in templates.enumerated() { print("  \(number + 1)  \(template)") }
        print("Which is meant by \(proposal.examples[0].display)? [number, or Enter for none] ", terminator: "")
        guard let number = Int(Confirmation.answer()), templates.indices.contains(number - 1) else { return nil }
        var chosen = proposal
        (chosen.template, chosen.alternatives) = (templates[number - 1], [])
        return chosen
    }

    private func text(_ proposal: LearntNames) -> String {
        let place = proposal.directory.isEmpty ? "." : proposal.directory.display
        let examples = proposal.examples.map(\.display).joined(separator: ", ")
        var lines = [
            Text.wrap("\(place)/: \(proposal.why)"), Text.wrap("  such as \(examples)"),
            "  \(proposal.line)  # \(proposal.evidence)",
        ]
        if !proposal.alternatives.isEmpty {
            lines.append(Text.wrap("  Nobody can tell from the names which is meant; it may as well be"))
            lines += proposal.alternativeLines.map { "  " + $0 }
        }
        if let why = proposal.objection {
            lines.append(Text.wrap("  Not written: \(why). If it is right, write the line yourself."))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func json(_ proposal: LearntNames, _ vault: VaultConfiguration) -> JSON {
        .object([
            .init("vault", .string(vault.label)), .init("directory", .string(proposal.directory.display)),
            .init("why", .string(proposal.why)),
            .init("line", .string(proposal.line)),
            .init("alternatives", .array(proposal.alternatives.map(JSON.string))),
            .init("objection", JSON(proposal.objection)),
            .init("evidence", .string(proposal.evidence)),
            .init("examples", .array(proposal.examples.map { .string($0.display) })),
            .init("series", JSON(proposal.series)),
        ])
    }
}
