import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import Hooks
internal import JSONText
internal import Model

struct HooksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hooks", abstract: "Show and test the hooks: who is told of events.",
        discussion: Help.text(
            "`list` shows them, and is what `reprieve hooks` does by itself; `test` tries one.",
            examples: [
                ("reprieve hooks", "all hooks, and how far each was told"),
                ("reprieve hooks test page", "tell the hook 'page'"),
            ], exits: ["0 as for the command that follows"]),
        subcommands: [Show.self, Test.self, Serve.self, Relay.self], defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show the hooks, and how far each was told.",
            discussion: Help.text(
                "It changes nothing and tells nobody.",
                examples: [("reprieve hooks", "all hooks"), ("reprieve hooks list --json", "for a script")],
                exits: ["0 all can work", "1 a hook cannot work"]))

        @OptionGroup(visibility: .hidden) var common: Common

        func run() throws {
            let session = try common.session()
            let views = session.engine.hookCheck.views()
            if session.json { return emit(views, session) }
            guard !views.isEmpty else {
                session.tell("No hook is configured. `hooks:` in the configuration; docs/guide/hooks.md")
                return
            }
            var lines: [String] = []
            for view in views {
                let hook = view.hook
                lines.append("\(hook.name): \(hook.text)")
                let events = hook.phases.map(\.rawValue) + hook.events
                let vaults = hook.vaults.isEmpty ? "" : " in \(hook.vaults.joined(separator: ", "))"
                lines.append("  on \(events.joined(separator: ", "))\(vaults)")
                if view.failures > 0 {
                    let retry = view.retryAt.map { ", tried again after \(Text.precise($0, session.zone))" } ?? ""
                    lines.append(
                        "  FAILED \(Text.plural(view.failures, "time")) in a row\(retry): \(view.failure ?? "")")
                }
                if let behind = view.behind, behind > 0 {
                    lines.append("  \(Text.plural(behind, "record")) to look at")
                }
                lines += view.problems.map { "  CANNOT WORK: \($0.message)" }
            }
            session.tell(lines.joined(separator: "\n"))
        }

        private func emit(_ views: [HookView], _ session: Session) {
            session.emit(
                "hooks",
                [
                    .init(
                        "hooks",
                        .array(
                            views.map { view in
                                [
                                    "name": .string(view.hook.name), "does": .string(view.hook.text),
                                    "events": .array(view.hook.events.map { .string($0) }),
                                    "phases": .array(view.hook.phases.map { .string($0.rawValue) }),
                                    "vaults": .array(view.hook.vaults.map { .string($0) }),
                                    "behind": JSON(view.behind), "failures": .integer(Int64(view.failures)),
                                    "failure": JSON(view.failure),
                                    "retry_at": JSON(view.retryAt?.rfc3339(in: session.zone)),
                                    "problems": .array(view.problems.map { session.json($0) }),
                                ]
                            }))
                ])
        }
    }

    /// Behind `reprieve-hook.socket`: runs one hook outside the sandbox of the service.
    struct Serve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run one hook for the service, which stands at the other end of standard input.",
            shouldDisplay: false)

        @OptionGroup(visibility: .hidden) var common: Common

        func run() throws { HookRelay.serve(try Configuration.load(try common.overrides())) }
    }

    /// A child of the service, which hands a hook over.
    struct Relay: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hand what is on standard input to a socket behind which hooks are run.", shouldDisplay: false)

        @Argument var socket: String

        func run() throws { Foundation.exit(HookRelay.relay(to: Bytes(socket))) }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell a hook something made up, as the service would.",
            discussion: Help.text(
                "What it is told has seq 0 and \"test\": true. A hook that is asked before a deed is asked about "
                    + "no backup.",
                examples: [
                    ("reprieve hooks test page", "tell the hook 'page'"),
                    ("reprieve hooks test page --json", "for a script"),
                ],
                exits: ["0 it answered", "1 it failed", "5 nothing of that name"]))

        @Argument(help: ArgumentHelp("The hook.", valueName: "name")) var name: String
        @OptionGroup(visibility: .hidden) var common: Common

        func run() throws {
            let session = try common.session()
            HookRelay.useService()
            guard let hook = session.engine.configuration.hooks.first(where: { $0.name == name }) else {
                let known = session.engine.configuration.hooks.map(\.name).joined(separator: ", ")
                throw Fault(
                    .notFound, "there is no hook '\(name)'",
                    hint: known.isEmpty ? "`hooks:` in the configuration; docs/guide/hooks.md" : "known: \(known)")
            }
            let trials = session.engine.hookCheck.test(hook)
            for trial in trials {
                let seconds = "\((trial.seconds * 10).rounded() / 10) s"
                var lines = [
                    "\(hook.name), \(trial.what): \(trial.failure.map { "FAILED: \($0)" } ?? "done") (\(seconds))"
                ]
                lines += trial.output.split(separator: "\n").map { "  | \($0)" }
                session.tell(lines.joined(separator: "\n"))
            }
            if session.json {
                session.emit(
                    "hooks-test",
                    [
                        .init("hook", .string(hook.name)),
                        .init(
                            "trials",
                            .array(
                                trials.map {
                                    [
                                        "event": .string($0.what), "done": .bool($0.failure == nil),
                                        "failure": JSON($0.failure), "output": .string($0.output),
                                        "milliseconds": .integer(Int64($0.seconds * 1000)),
                                    ]
                                })),
                    ])
            }
            try Ending.with(trials.allSatisfy { $0.failure == nil } ? .done : .failed)
        }
    }
}
