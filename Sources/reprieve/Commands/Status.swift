import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import State

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the state of every vault and what needs a decision.",
        discussion: Help.text(
            "If you cannot read the state directory, you see the agent's last published status.",
            "--check is a plugin for Nagios and its like, with one line of output. It takes no lock and scans "
                + "nothing.",
            examples: [("reprieve status", "one screen"), ("reprieve status --check dumps", "one line for Nagios")],
            exits: [
                "0 shown; with --check: ok", "1 with --check: warning (frozen, held, late, suspect)",
                "2 with --check: critical (offline, missing, failed)",
                "3 a vault could not be read; with --check: unknown", "5 nothing of that name",
            ]))

    @Argument(help: ArgumentHelp("Vaults; without one, all.", valueName: "vault"), completion: Completion.vaults)
    var vaults: [String] = []
    @Flag(help: "One line and performance data for Nagios; exits with 0, 1, 2 or 3.") var check = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        if check { checkAndExit() }
        guard let session = try session() else { return try showSecondHand() }
        let views = session.engine.vaultViews.views(of: try session.onlyVaults(vaults), decided: true)
        var report = StatusReport(
            session.engine.overviews.overview(views), session.engine, isRunning: session.engine.state.agentIsRunning)
        if session.json {
            session.emit("status", report.fields)
        } else {
            let unread = report.late.filter { $0.code == Notice.unreadCode }.map(\.vault)
            let due = session.engine.state.weekly.due(unread, at: session.engine.now().wall)
            report.late.removeAll { $0.code == Notice.unreadCode && !due.contains($0.vault) }
            print(report.text(at: session.engine.now().wall))
        }
        try Ending.with(
            views.contains { $0.fault != nil && !$0.isAway }
                ? .failed : views.contains { !$0.unreadable.isEmpty } ? .partial : .done)
    }

    /// `nil`: configuration or state is not for us to read, and the agent left something for everybody.
    private func session() throws -> Session? {
        do {
            return try common.session()
        } catch let fault as Fault {
            guard fault.code == .permission, !StatusFile.read(try common.overrides()).texts.isEmpty else { throw fault }
            return nil
        }
    }

    private func showSecondHand() throws {
        var (report, now) = try secondHand()
        if common.json {
            Output.write(JSON.object([.init("schema", "reprieve.status/1")] + report.fields).pretty + "\n")
        } else {
            // Who cannot look cannot say when he was told, and cannot change it.
            report.late.removeAll { $0.code == Notice.unreadCode }
            print(report.text(at: now, isSecondHand: true))
        }
        try Ending.with(report.vaults.contains { ["offline", "failed"].contains($0.state) } ? .failed : .done)
    }

    /// What the agent wrote, of the vaults that were asked for.
    private func secondHand() throws -> (StatusReport, now: Timestamp) {
        let (texts, now) = StatusFile.read(try common.overrides())
        let reports = texts.compactMap { try? StatusReport.decoded($0) }
        guard let report = reports.max(by: { $0.written < $1.written }) else {
            throw Fault(
                .damaged, "what the agent wrote for everybody cannot be read",
                hint: "is it of another version? Restart the agent, or run this with sudo")
        }
        return (try report.only(vaults), now)
    }

    // MARK: For Nagios

    /// How long a vault may take to answer.
    private static let checkSeconds = 1.5

    /// Its statuses are the plugins', not ours: so it ends the process itself.
    private func checkAndExit() -> Never {
        let check: StatusReport.Check
        // Whoever monitors waits for three seconds, also with a mount that hangs.
        Configuration.hurry()
        do {
            if let session = try session() {
                var engine = session.engine
                engine.context.waitSeconds = min(engine.context.waitSeconds, Self.checkSeconds)
                let report = StatusReport(engine.overviews.glance(), engine, isRunning: engine.state.agentIsRunning)
                check = try report.only(vaults).check(at: engine.now().wall)
            } else {
                let (report, now) = try secondHand()
                check = report.check(at: now)
            }
        } catch let fault as Fault {
            check = StatusReport.unknown(fault.message)
        } catch {
            check = StatusReport.unknown("\(error)")
        }
        print(check.line)
        Output.flush()
        Foundation.exit(check.level.rawValue)
    }
}

extension StatusReport {
    /// Of these vaults and their disks; none named: of all.
    fileprivate func only(_ words: [String]) throws(Fault) -> StatusReport {
        guard !words.isEmpty else { return self }
        func isNamed(_ vault: Vault, _ word: String) -> Bool {
            vault.vault == word || vault.path == Configuration.absolute(word).display
        }
        for word in words where !vaults.contains(where: { isNamed($0, word) }) {
            throw Fault(
                .notFound, "there is no vault '\(word)'",
                hint: "known: \(vaults.map(\.vault).joined(separator: ", "))")
        }
        var report = self
        report.vaults = vaults.filter { vault in words.contains { isNamed(vault, $0) } }
        let words = report.vaults.map(\.vault)
        report.disks = disks.filter { $0.vaults.contains { words.contains($0) } }
        report.toDecide = toDecide.filter { words.contains($0.vault) }
        report.late = late.filter { words.contains($0.vault) || $0.code == "metrics" }
        return report
    }
}
