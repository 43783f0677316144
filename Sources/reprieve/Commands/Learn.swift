import ArgumentParser
internal import Engine
internal import Model

struct Learn: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Propose lines for names that are not read, or read as many series.",
        discussion: """
            Each line goes under its vault in the configuration, if you agree; until then nothing is
            read by it. Nothing is changed, and nothing is opened but directories.

            \(Reprieve.exits)
            """)

    @Argument(help: ArgumentHelp("Vaults; without one, all.", valueName: "vault")) var vaults: [String] = []
    @OptionGroup var common: Common

    func run() throws {
        let session = try common.session()
        var rows: [JSON] = []
        for vault in try session.onlyVaults(vaults) {
            let (proposals, faults) = try session.keeper.learn(vault)
            if session.json {
                rows += proposals.map { json($0, vault) }
            } else if proposals.isEmpty {
                print("\(vault.label): nothing to learn. See: reprieve names \(vault.label) --unread\n")
            } else {
                print("\(vault.label): \(vault.path.display)")
                print(proposals.map(text).joined(separator: "\n"))
            }
            for fault in faults { session.warn(fault) }
        }
        if session.json { session.emit("learn", [.init("proposals", .array(rows))]) }
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
            lines += proposal.alternatives.map { "  names: '\($0.replacing("'", with: "''"))'" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func json(_ proposal: LearntNames, _ vault: VaultConfiguration) -> JSON {
        .object([
            .init("vault", .string(vault.label)), .init("directory", .string(proposal.directory.display)),
            .init("why", .string(proposal.why)),
            .init("line", .string(proposal.line)),
            .init("alternatives", .array(proposal.alternatives.map(JSON.string))),
            .init("evidence", .string(proposal.evidence)),
            .init("examples", .array(proposal.examples.map { .string($0.display) })),
            .init("series", JSON(proposal.series)),
        ])
    }
}
