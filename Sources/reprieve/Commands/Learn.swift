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

    @Argument(help: ArgumentHelp("The vault.", valueName: "vault")) var vault: String
    @OptionGroup var common: Common

    func run() throws {
        let session = try common.session()
        guard let chosen = try session.onlyVaults([vault]).first else { return }
        let (proposals, faults) = try session.keeper.learn(chosen)
        if session.json {
            session.emit("learn", [.init("proposals", .array(proposals.map(json)))])
        } else if proposals.isEmpty {
            print("Nothing to learn in '\(chosen.label)'. What is skipped, and why: reprieve names \(vault) --unread")
        } else {
            print(proposals.map { text($0, session) }.joined(separator: "\n"))
        }
        for fault in faults { session.warn(fault) }
    }

    private func text(_ proposal: LearntNames, _ session: Session) -> String {
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

    private func json(_ proposal: LearntNames) -> JSON {
        .object([
            .init("directory", .string(proposal.directory.display)), .init("why", .string(proposal.why)),
            .init("line", .string(proposal.line)),
            .init("alternatives", .array(proposal.alternatives.map(JSON.string))),
            .init("evidence", .string(proposal.evidence)),
            .init("examples", .array(proposal.examples.map { .string($0.display) })),
            .init("series", JSON(proposal.series)),
        ])
    }
}
