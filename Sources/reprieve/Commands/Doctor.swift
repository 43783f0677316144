import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model

struct Doctor: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Check disks, other programs that delete in a vault, and the trash.",
        discussion: Help.text(
            "It looks at watches and file systems, at the crontabs, timers and settings of other programs, "
                + "and at each vault's trash. It changes nothing. With --repair it checks the trash and the records "
                + "of each vault alone, and sets right what can be.",
            examples: [
                ("reprieve doctor", "what is wrong, and what to type"),
                ("reprieve doctor --repair dumps", "set right what can be"),
            ],
            exits: [
                "0 all is well", "1 something needs you", "3 with --repair: something was found",
                "5 nothing of that name", "11 another process holds the vault",
            ]))

    @Flag(help: "Check all invariants against the disk, and set right what can be.") var repair = false
    @OptionGroup var others: OtherPrograms
    @OptionGroup(visibility: .hidden) var common: Common

    var dryRun: Bool { !repair }

    func run() throws {
        let session = try common.session()
        if repair { return try repair(session) }
        let checkup = session.engine.doctor.checkup(root: others.root, userHome: others.home)
        if session.json {
            emit(checkup, session)
        } else {
            print(text(checkup, session))
        }
        try Ending.with(checkup.needsSomebody == 0 ? .done : .failed)
    }

    private func repair(_ session: Session) throws {
        let findings = session.engine.repair.inspect(acting: true)
        if session.json {
            session.emit("doctor-repair", [.init("findings", json(findings))])
        } else if findings.isEmpty {
            session.tell("All invariants hold.")
        } else {
            let repaired = findings.count(where: \.isRepaired)
            var lines: [String] = []
            for (n, finding) in findings.enumerated() { lines += self.lines(n + 1, finding) + [""] }
            let left = findings.count - repaired
            print(
                (lines + ["Found: \(findings.count). Repaired: \(repaired). Left to you: \(left)."]).joined(
                    separator: "\n"))
        }
        try Ending.with(findings.isEmpty ? .done : .partial)
    }

    private func lines(_ n: Int, _ finding: Checkup.Finding) -> [String] {
        let invariant = finding.invariant.map { " (invariant \($0))" } ?? ""
        let end = finding.isRepaired ? ": repaired." : "."
        return [Text.wrap("\(n) \(name(finding))\(finding.text)\(invariant)\(end)")]
            + finding.remedy.map { Text.wrap("    " + $0) }
    }

    private func text(_ checkup: Checkup, _ session: Session) -> String {
        var table = Table(
            ["VAULT", "FILE SYSTEM", "FREE", "DIRECTORIES", "WRITERS", "CHANGES"],
            [.left, .left, .right, .right, .left, .left])
        for vault in checkup.vaults {
            table.add([
                Text.fit(vault.label, 20),
                (vault.kind ?? "-") + (vault.isReadOnly ? ", read-only" : ""),
                vault.freePercent.map { "\($0) %" } ?? "-",
                vault.kind == nil ? "-" : Text.count(vault.places),
                vault.hasLeases.map { $0 ? "told" : "not told" } ?? "-",
                !checkup.agentIsRunning ? "no agent" : vault.watching == nil ? "by events" : "polled",
            ])
        }
        var lines = [table.text, "", watches(checkup), clock(checkup)]
        for (n, problem) in checkup.problems.enumerated() { lines += [""] + self.lines(n + 1, problem) }
        for note in checkup.notes {
            lines += ["", Text.wrap("- \(name(note))\(note.text).")]
            lines += note.remedy.map { Text.wrap("    " + $0) }
        }
        lines += OtherPrograms.lines(checkup.deleters, from: checkup.problems.count + 1)
        lines += OtherPrograms.excludes(of: session.engine.configuration.vaults.map(\.path))
        let count = checkup.needsSomebody
        return (lines + ["", count == 0 ? "No problem needs a decision." : "Problems that need a decision: \(count)."])
            .joined(separator: "\n")
    }

    private func name(_ finding: Checkup.Finding) -> String { finding.vault.map { "\($0): " } ?? "" }

    private func watches(_ checkup: Checkup) -> String {
        let limit = checkup.limits.watches.map { "\(Text.count($0)) allowed" } ?? "the limit cannot be read"
        let others = checkup.limits.others == 0 ? "" : ", \(Text.count(checkup.limits.others)) used by other programs"
        return "Watches: \(Text.count(checkup.needed)) needed, \(limit)\(others)"
    }

    private func clock(_ checkup: Checkup) -> String {
        "Clock: "
            + (checkup.clockIsSynchronised.map { $0 ? "synchronised" : "not synchronised" } ?? "the kernel does not say")
    }

    private func json(_ findings: [Checkup.Finding]) -> JSON {
        .array(
            findings.map {
                [
                    "code": .string($0.code), "vault": JSON($0.vault), "message": .string($0.text),
                    "remedy": .array($0.remedy.map { .string($0) }),
                    "invariant": $0.invariant.map { .integer(Int64($0)) } ?? .null, "repaired": .bool($0.isRepaired),
                ]
            })
    }

    private func emit(_ checkup: Checkup, _ session: Session) {
        session.emit(
            "doctor",
            [
                .init("agent", ["running": .bool(checkup.agentIsRunning)]),
                .init("clock", ["synchronised": checkup.clockIsSynchronised.map { .bool($0) } ?? .null]),
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
                                    .init("free_percent", JSON(vault.freePercent)),
                                    .init("directories", .integer(Int64(vault.places))),
                                    .init("leases", vault.hasLeases.map { .bool($0) } ?? .null),
                                    .init("watching", JSON(vault.watching)),
                                ])
                        })),
                .init("problems", json(checkup.problems)), .init("notes", json(checkup.notes)),
                .init("other_programs", OtherPrograms.json(checkup.deleters)),
                .init("excludes", OtherPrograms.json(excludesOf: session.engine.configuration.vaults.map(\.path))),
            ])
    }
}
