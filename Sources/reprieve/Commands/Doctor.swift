import ArgumentParser
internal import Engine
internal import Model

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the vaults stand on: watches, file systems, disks.",
        discussion: "Changes nothing. Ends with 1 where something needs you.\n\n" + Reprieve.exits)

    @OptionGroup var common: Common

    func run() throws {
        let session = try common.session()
        let checkup = session.keeper.checkup()
        if session.json {
            emit(checkup, session)
        } else {
            print(text(checkup))
        }
        try Ending.with(checkup.problems.isEmpty ? .done : .failed)
    }

    private func text(_ checkup: Checkup) -> String {
        var table = Table(
            ["VAULT", "FILE SYSTEM", "DIRECTORIES", "WRITERS", "CHANGES"], [.left, .left, .right, .left, .left])
        for vault in checkup.vaults {
            table.add([
                Text.fit(vault.label, 20),
                (vault.kind ?? "-") + (vault.isReadOnly ? ", read-only" : ""),
                vault.kind == nil ? "-" : Text.count(vault.places),
                vault.hasLeases.map { $0 ? "told" : "not told" } ?? "-",
                !checkup.agentIsRunning ? "no agent" : vault.watching == nil ? "by events" : "polled",
            ])
        }
        var lines = [table.text, "", watches(checkup)]
        for (n, problem) in checkup.problems.enumerated() {
            lines += ["", Text.wrap("\(n + 1) \(name(problem))\(problem.text).")]
            lines += problem.remedy.map { Text.wrap("    " + $0) }
        }
        for note in checkup.notes {
            lines += ["", Text.wrap("- \(name(note))\(note.text).")]
            lines += note.remedy.map { Text.wrap("    " + $0) }
        }
        let end = checkup.problems.isEmpty ? "Nothing needs you." : "Needs you: \(checkup.problems.count)."
        return (lines + ["", end]).joined(separator: "\n")
    }

    private func name(_ finding: Checkup.Finding) -> String { finding.vault.map { "\($0): " } ?? "" }

    private func watches(_ checkup: Checkup) -> String {
        let limit = checkup.limits.watches.map { "\(Text.count($0)) allowed" } ?? "the limit cannot be read"
        let others = checkup.limits.others == 0 ? "" : ", \(Text.count(checkup.limits.others)) used by other programs"
        return "Watches: \(Text.count(checkup.needed)) needed, \(limit)\(others)"
    }

    private func emit(_ checkup: Checkup, _ session: Session) {
        func json(_ findings: [Checkup.Finding]) -> JSON {
            .array(
                findings.map {
                    [
                        "code": .string($0.code), "vault": JSON($0.vault), "message": .string($0.text),
                        "remedy": .array($0.remedy.map { .string($0) }),
                    ]
                })
        }
        session.emit(
            "doctor",
            [
                .init("agent", ["running": .bool(checkup.agentIsRunning)]),
                .init(
                    "watches",
                    [
                        "needed": .integer(Int64(checkup.needed)), "allowed": JSON(checkup.limits.watches),
                        "others": .integer(Int64(checkup.limits.others)), "queue": JSON(checkup.limits.queue),
                    ]),
                .init(
                    "vaults",
                    .array(
                        checkup.vaults.map { vault in
                            .object(
                                [.init("vault", .string(vault.label))] + [JSON.Field](path: vault.path) + [
                                    .init("filesystem", JSON(vault.kind)), .init("read_only", .bool(vault.isReadOnly)),
                                    .init("directories", .integer(Int64(vault.places))),
                                    .init("leases", vault.hasLeases.map { .bool($0) } ?? .null),
                                    .init("watching", JSON(vault.watching)),
                                ])
                        })),
                .init("problems", json(checkup.problems)), .init("notes", json(checkup.notes)),
            ])
    }
}
