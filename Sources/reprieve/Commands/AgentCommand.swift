internal import Agent
import ArgumentParser
internal import Config
internal import Dispatch
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import State

struct AgentCommand: AsyncParsableCommand, Deed {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Run the agent in the foreground, or one round for cron.",
        discussion: Help.text(
            "The agent watches the vaults, cleans up and purges when that is due, and delivers to hooks. "
                + "SIGTERM stops it, SIGHUP makes it read the configuration again. With --once the command scans "
                + "every vault, cleans up, purges what is due, and ends.",
            examples: [
                ("reprieve agent", "as a service, until it is stopped"),
                ("reprieve agent --once", "one round, from cron or a timer"),
            ],
            exits: [
                "0 stopped; with --once: all done", "3 with --once: done in part",
                "4 with --once: a plan waits for an approval", "11 an agent is running already",
            ]))

    @Flag(help: "One turn: recover, look at everything, clean up, purge what is due.") var once = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() async throws {
        let session = try common.session(run: once ? RunNumber() : nil)
        if once { return try turn(session) }
        AfterWork.forget()
        let common = self.common
        let overrides = try common.overrides()
        let agent = try Agent(configuration: session.engine.configuration, state: session.engine.state) {
            try Configuration.load(try common.overrides())
        } publish: { engine, overview, validSeconds in
            try Self.publish(
                StatusReport(overview, engine, isRunning: true, validSeconds: validSeconds), engine, overrides)
        }
        // SIGHUP's default would end us; the source below reads it.
        signal(SIGHUP, SIG_IGN)
        let hangup = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        hangup.setEventHandler { agent.reload() }
        hangup.resume()
        defer { hangup.cancel() }
        try await agent.runUntilSignalled()
    }

    /// `status.json`, for any user.
    private static func publish(_ report: StatusReport, _ engine: Engine, _ overrides: Overrides) throws {
        let text = JSON.object([.init("schema", "reprieve.status/1")] + report.fields).line
        try StatusFile.write(text, overrides, state: engine.state.path)
    }

    /// What the agent tells again and again, after the turn of a timer. That it cannot be told fails nothing.
    private func tell(_ session: Session) {
        let engine = session.engine
        let overview = engine.overviews.glance()
        for body in [
            { try Self.publish(StatusReport(overview, engine, isRunning: false), engine, try common.overrides()) },
            { try engine.overviews.writeTextfile(engine.overviews.metrics(of: overview).text) },
        ] {
            do {
                try body()
            } catch let fault as Fault {
                session.warn(fault)
            } catch {
                session.warn(Fault(.failed, "could not tell how things stand: \(error)"))
            }
        }
    }

    private func turn(_ session: Session) throws {
        let outcomes = try Round(session.engine).run()
        session.rotateAudit()
        tell(session)
        for outcome in outcomes {
            if outcome.isAway { session.tell("\(outcome.vault.label): its disk is away") }
            if let cleanup = outcome.cleanup { session.tell(Cleanup.text(cleanup, session)) }
            // The same freeze stops both: said once.
            if let purge = outcome.purge, purge.frozen == nil || outcome.cleanup?.plan.frozen == nil {
                session.tell(Purge.text(purge, session.zone))
            }
        }
        if session.json {
            session.emit(
                "agent-once",
                [
                    .init(
                        "vaults",
                        .array(
                            outcomes.map {
                                [
                                    "vault": .string($0.vault.label),
                                    "condemned": .integer(Int64($0.cleanup?.condemned.count ?? 0)),
                                    "waiting": .integer(Int64($0.cleanup?.waiting ?? 0)),
                                    "purged": .integer(Int64($0.purge?.purged.count ?? 0)),
                                    "purged_early": .integer(Int64($0.purge?.early.count ?? 0)),
                                    "unmet": .array(($0.purge?.unmet ?? []).map { .string($0) }),
                                    "problems": .array($0.faults.map { session.json($0) }),
                                ]
                            }))
                ])
        } else {
            for fault in outcomes.flatMap(\.faults) { session.warn(fault) }
        }
        let vanishings = session.engine.episodes.vanishings
        // Those that are gone said it themselves.
        for (wildcard, reason) in vanishings where session.engine.configuration.vanished(of: wildcard).isEmpty {
            session.warn(
                Fault(
                    .offline, "\(wildcard.entry): \(reason)",
                    hint: "mount its disk, or correct its path in the configuration", path: wildcard.path))
        }
        guard vanishings.isEmpty else { return try Ending.with(.partial) }
        let statuses = outcomes.flatMap { [$0.cleanup?.status, $0.purge?.status].compactMap { $0 } }
        try Ending.with(Cleanup.status(statuses, outcomes.flatMap(\.faults)))
    }
}
