import ArgumentParser
internal import Config
internal import Engine
internal import Hooks
internal import JSONText
internal import Model

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check the configuration.",
        discussion: Help.text(
            "`check` is what `reprieve config` does by itself.",
            examples: [
                ("reprieve config check", "the configuration in force"),
                ("reprieve config check --config new.yaml", "another file"),
            ], exits: ["0 as for the command that follows"]), subcommands: [Check.self],
        defaultSubcommand: Check.self)

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every file of the configuration and look at every vault's directory.",
            discussion: Help.text(
                "It names file, line and column of what it does not understand.",
                examples: [
                    ("reprieve config check", "the configuration in force"),
                    ("reprieve config check --config new.yaml", "another file"),
                ],
                exits: ["0 all is well", "78 something is wrong"]))

        @OptionGroup(visibility: .hidden) var common: Common

        func run() throws {
            let session = try common.session(isTried: true)
            let configuration = session.engine.configuration
            var faults: [Fault] = []
            for vault in configuration.vaults {
                do { _ = try session.engine.access.open(vault) } catch { faults.append(error) }
            }
            let rules = configuration.vaults.flatMap {
                (try? session.engine.pathExplainer.nameLook.ruleProblems($0)) ?? []
            }
            let hooks = configuration.hooks.flatMap { hook in
                session.engine.hookCheck.problems(of: hook).map { fault in
                    Fault(fault.code, "the hook '\(hook.name)': \(fault.message)", hint: fault.hint, path: fault.path)
                }
            }
            let unusable = faults.count
            faults += configuration.unmatched.map { wildcard in
                Fault(
                    .configuration, "no directory matches '\(wildcard.path.display)', the path of '\(wildcard.entry)'",
                    hint: "mount its disk, or correct the path", path: wildcard.path)
            }
            faults += hooks + rules
            if session.json {
                session.emit(
                    "config-check",
                    [
                        .init("files", .array(configuration.files.map { .string($0) })),
                        .init("vaults", .integer(Int64(configuration.vaults.count))),
                        .init("hooks", .integer(Int64(configuration.hooks.count))),
                        .init("problems", .array(faults.map { session.json($0) })),
                    ])
            } else {
                for file in configuration.files { session.tell("\(file): ok") }
                session.tell(
                    "\(Text.plural(configuration.vaults.count, "vault")), \(unusable == 0 ? "all there" : "\(unusable) not usable now")"
                )
                if !configuration.hooks.isEmpty {
                    session.tell(
                        "\(Text.plural(configuration.hooks.count, "hook")), \(hooks.isEmpty ? "all usable" : "\(Text.plural(hooks.count, "problem"))")"
                    )
                }
                for fault in faults { session.warn(fault) }
            }
            let isAll = unusable == configuration.vaults.count && unusable > 0
            try Ending.with(faults.isEmpty ? .done : isAll ? .failed : .partial)
        }
    }
}
