import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention

struct RetentionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "The policy of each vault: show, set, simulate, forecast.",
        discussion: Help.text(
            "`show` is what `reprieve retention` does by itself; `set` changes a policy; `simulate` decides on a list; `forecast` looks ahead.",
            examples: [
                ("reprieve retention show dumps", "every value, and where it comes from"),
                ("reprieve retention set dumps daily=14 -n", "what a change would mean"),
            ], exits: ["0 as for the command that follows"]),
        subcommands: [Show.self, RetentionSet.self, Simulate.self, ForecastCommand.self],
        defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every value in force, and the line it comes from.",
            discussion: Help.text(
                "Without an argument it shows all vaults.",
                examples: [
                    ("reprieve retention show dumps", "one vault"), ("reprieve retention show --json", "for a script"),
                ],
                exits: ["0 shown", "5 nothing of that name"]))

        @Argument(help: ArgumentHelp("Vaults; without one, all.", valueName: "vault"), completion: Completion.vaults)
        var vaults: [String] = []
        @OptionGroup(visibility: .hidden) var common: Common

        func run() throws {
            let session = try common.session()
            let chosen = try session.onlyVaults(vaults)
            if session.json {
                session.emit("retention", [.init("vaults", .array(chosen.map { json($0, session) }))])
            } else {
                print(chosen.map { text($0, session) }.joined(separator: "\n\n"))
            }
        }

        private typealias Row = (key: String, value: String, origin: Origin?)

        private func rows(_ vault: VaultConfiguration, _ session: Session) -> [Row] {
            let settings = vault.settings
            let zone = session.engine.configuration.zone
            func row<T>(_ key: String, _ value: Sourced<T>, _ text: (T) -> String) -> Row {
                (key, text(value.value), value.origin)
            }
            return [
                row("keep", vault.keep, \.text)
            ]
                + vault.series.value.enumerated().map { n, policy in
                    (
                        "series \"\(policy.pattern)\"",
                        [policy.keep?.text, policy.importance.map { "importance \($0.rawValue)" }].compactMap { $0 }
                            .joined(separator: "; "), vault.seriesOrigins[n]
                    )
                }
                + [
                    row("semantics", settings.semantics, \.text),
                    row("timezone", zone, \.name), ("time-from", settings.timeFromText, settings.timeFrom.origin),
                ]
                + settings.namesTexts.map { row("names", $0, \.self) }
                + settings.matchTexts.map { row("match", $0, \.self) }
                + settings.excludeTexts.map { row("exclude", $0, \.self) }
                + settings.includeTexts.map { row("include", $0, \.self) }
                + [
                    row("schedule", settings.schedule, \.text), row("cleanup-every", settings.cleanupEvery, \.text),
                    row("grace-period", settings.gracePeriod, \.text), row("min-grace", settings.minGrace, \.text),
                    row("purge-rate", settings.purgeRate) { $0.map { "\($0) a second" } ?? "off" },
                    row("quiet-period", settings.quietPeriod, \.text), row("min-age", settings.minAge, \.text),
                    row("min-observed-age", settings.minObservedAge, \.text),
                    row("approval", settings.approval, \.rawValue),
                    row("incomplete-after", settings.incompleteAfter, \.text),
                    row("safeguards.min", settings.minimum, String.init),
                    row("safeguards.max-condemned", settings.maxCondemned) { $0.map { "\($0)%" } ?? "off" },
                    row("safeguards.max-condemned-bytes", settings.bytesLimit) { $0.map { "\($0)%" } ?? "off" },
                    row("safeguards.only-backup-of", settings.onlyBackupOf) { $0?.rawValue ?? "off" },
                    row("safeguards.clock", settings.brakes.clock, \.rawValue),
                    row("safeguards.set-aside-suspect", settings.brakes.setAsideSuspect) { $0 ? "on" : "off" },
                    row("safeguards.freeze-if-suspect", settings.brakes.freezeIfSuspect) {
                        $0.map(String.init) ?? "off"
                    },
                    row("safeguards.freeze-if-rewritten", settings.brakes.freezeIfRewritten) {
                        $0.map { "\($0)%" } ?? "off"
                    },
                    ("limits.min-free", settings.limits.minFreeText, settings.limits.minFree.origin),
                    ("limits.max-size", settings.limits.maxSizeText, settings.limits.maxSize.origin),
                    (
                        "limits.min-free-inodes", settings.limits.minFreeInodesText,
                        settings.limits.minFreeInodes.origin
                    ),
                    row("sizes", settings.sizes, \.rawValue),
                    row("requires-mount", settings.requiresMount, \.description),
                    row("removable", settings.removable, \.description),
                ]
        }

        private func text(_ vault: VaultConfiguration, _ session: Session) -> String {
            var table = Table(sides: [.left, .left, .left])
            let rows = rows(vault, session)
            for row in rows where row.key != "match" {
                table.add(["  " + row.key, row.value, row.origin.map { Self.short($0) } ?? "default"])
            }
            // An expression is long, and must be seen whole.
            let matches = rows.filter { $0.key == "match" }.map { row in
                "\n  match  \(row.origin.map { Self.short($0) } ?? "")\n    \(row.value)"
            }
            let files = session.engine.configuration.files.map { "  " + $0 }.joined(separator: "\n")
            return "\(vault.label): \(vault.path.display)\n\(table.text)" + matches.joined()
                + (files.isEmpty ? "" : "\n  from\n\(files)")
        }

        private static func short(_ origin: Origin) -> String {
            "\(Bytes(origin.file).lastComponent.display):\(origin.line)"
        }

        private func json(_ vault: VaultConfiguration, _ session: Session) -> JSON {
            let policy = vault.policy(zone: session.zone)
            return .object(
                [.init("vault", .string(vault.label))] + [JSON.Field](path: vault.path) + [
                    .init("policy", .string(policy.hash)),
                    .init(
                        "values",
                        .array(
                            rows(vault, session).map {
                                [
                                    "key": .string($0.key), "value": .string($0.value), "file": JSON($0.origin?.file),
                                    "line": JSON($0.origin?.line),
                                ]
                            })),
                ])
        }
    }
}
