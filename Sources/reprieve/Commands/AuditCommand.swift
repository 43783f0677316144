import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import Retention

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show what was done, by whom and why.",
        discussion: Help.text(
            "`tail` shows records, and is what `reprieve audit` does by itself; `verify` checks the log.",
            examples: [
                ("reprieve audit tail -f", "follow the log"), ("reprieve audit verify", "check that nobody changed it"),
            ], exits: ["0 as for the command that follows"]), subcommands: [Tail.self, Verify.self],
        defaultSubcommand: Tail.self)

    struct Tail: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the last records; -f goes on with new ones.",
            discussion: Help.text(
                "You may name a vault, a series, a run, or the beginning of an id. `tail -F` on the file works, "
                    + "too.",
                examples: [
                    ("reprieve audit tail -f", "follow the log"),
                    ("reprieve audit tail app/orders -n 50", "the last 50 records of a series"),
                ],
                exits: ["0 shown", "5 nothing of that name"]))

        @Argument(
            help: ArgumentHelp("Only of this vault, series, id or path.", valueName: "what"),
            completion: Completion.names) var what: [String] =
                []
        @Flag(name: .shortAndLong, help: "Go on as records come.") var follow = false
        @Option(
            name: .shortAndLong, help: ArgumentHelp("How many at first: 20, or all with --since.", valueName: "n"))
        var number: Int?
        @Option(
            help: ArgumentHelp(
                "Only this kind: backup.condemned, the beginning of it, or a pattern such as '*.intent'.",
                valueName: "event"))
        var event: String?
        @Option(help: ArgumentHelp("Only from this time on: a date, or an age such as 2h.", valueName: "time"))
        var since: String?
        @OptionGroup(visibility: .hidden) var common: Common

        func run() throws {
            let session = try common.session(always: true)
            let filter = Filter(what: what, event: event, since: try session.time(since))
            let count = number ?? (since == nil ? 20 : 1_000_000)
            guard count > 0 || count == 0 && follow else {
                throw Fault(
                    .usage, "'\(count)' is not a valid number of records",
                    hint: "write 1 or more; -n 0 -f shows only what comes from now on")
            }
            var (first, follower) = try session.engine.auditTrail.lastAudited(
                count, since: filter.since, where: filter.takes)
            try filter.checkOneBackup(first)
            show(first, session)
            if first.isEmpty, !follow, count > 0 {
                throw Fault(
                    .notFound, "no such record in '\(session.engine.configuration.auditLog.display)'",
                    hint: what.isEmpty && event == nil ? nil : "without words and options it shows the last records")
            }
            first = []
            while follow, Output.flush() {
                Thread.sleep(forTimeInterval: 0.2)
                show(try follower.next().filter(filter.takes), session)
            }
        }

        private func show(_ entries: [AuditEntry], _ session: Session) {
            for entry in entries { Output.write((session.json ? entry.line : text(entry, session.zone)) + "\n") }
        }

        private func text(_ entry: AuditEntry, _ zone: Zone) -> String {
            var head = [entry.time.map { Text.precise($0, zone) } ?? "?", entry.event]
            if let vault = entry.vault { head.append(vault) }
            if let backup = entry.backup { head.append(String(backup.prefix(8))) }
            var rest: [String] = []
            if let path = entry.path ?? entry.series { rest.append(path.display) }
            if let reason = entry.reason { rest.append("(\(Bytes(reason).display))") }
            if let user = entry.user { rest.append("by \(Bytes(user).display)") }
            let line = (head + rest).joined(separator: "  ")
            // What does not fit stands below, set in.
            return line.count <= 79
                ? line : Text.wrap(head.joined(separator: "  ") + "\n    " + rest.joined(separator: " "))
        }
    }

    /// Which records a person means.
    private struct Filter {
        let what: [String]
        let event: String?
        let since: Timestamp?
        private let pattern: Glob?

        init(what: [String], event: String?, since: Timestamp?) {
            (self.what, self.event, self.since) = (what, event, since)
            pattern = event.flatMap { $0.contains { "*?[".contains($0) } ? Glob(Bytes($0)) : nil }
        }

        func takes(_ entry: AuditEntry) -> Bool {
            if let since, entry.time.map({ $0 < since }) ?? true { return false }
            if let pattern {
                guard pattern.matches(Bytes(entry.event)) else { return false }
            } else if let event {
                guard entry.event.hasPrefix(event) else { return false }
            }
            return what.allSatisfy { means(entry, $0) }
        }

        /// The beginning of an id means one backup, here as everywhere.
        func checkOneBackup(_ entries: [AuditEntry]) throws {
            for word in what where word.utf8.count >= 4 {
                let ids = Set(entries.filter { $0.vault != word }.compactMap(\.backup)).filter {
                    $0.hasPrefix(word.lowercased())
                }
                guard ids.count > 1, !ids.contains(word) else { continue }
                let list = Text.firstTen(ids.sorted().map { "  " + $0 })
                throw Fault(
                    .ambiguous, "'\(Bytes(word).display)' names \(ids.count) backups",
                    hint: "name one by its id:\n" + list.joined(separator: "\n"))
            }
        }

        private func means(_ entry: AuditEntry, _ word: String) -> Bool {
            if entry.vault == word { return true }
            if word.utf8.count >= 4, entry.backup?.hasPrefix(word.lowercased()) == true { return true }
            let bytes = Bytes(word)
            if let path = entry.path, path == bytes || path.hasSuffix("/" + bytes) { return true }
            guard let series = entry.series else { return false }
            let short = Backup.shortName(ofSeries: series)
            return series == bytes || short == bytes || short.hasSuffix("/" + bytes)
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that no record was changed, removed or added.",
            discussion: Help.text(
                "The log is tamper-evident, not tamper-proof: whoever can write everything can forge everything. "
                    + "The last record's hash goes to syslog every 1,000 records and when the agent stops. A log that "
                    + "was cut or written anew does not have that hash: compare with `journalctl -t reprieve`.",
                examples: [
                    ("reprieve audit verify", "the whole log"), ("reprieve audit verify --json", "for a script"),
                ],
                exits: ["0 whole", "1 a record was changed, removed or added"]))

        @OptionGroup(visibility: .hidden) var common: Common

        func run() throws {
            let session = try common.session(always: true)
            let found = try session.engine.auditTrail.verifyAudit()
            if session.json {
                session.emit(
                    "audit-verify",
                    [
                        .init("records", .integer(Int64(found.records))), .init("files", .integer(Int64(found.files))),
                        .init("intact", .bool(found.problemCount == 0)),
                        .init("first", JSON(found.first)), .init("last", JSON(found.last?.seq)),
                        .init("hash", JSON(found.last?.hash)),
                        .init(
                            "problems",
                            .array(
                                found.problems.map {
                                    [
                                        "file": .string($0.file.display), "line": .integer(Int64($0.line)),
                                        "message": .string($0.text),
                                    ]
                                })),
                    ])
            } else {
                show(found, session.engine.configuration.auditLog.display)
            }
            try Ending.with(found.problemCount == 0 ? .done : .failed)
        }

        private func show(_ found: AuditTrail.AuditReport, _ path: String) {
            for problem in found.problems { print("\(problem.file.display):\(problem.line): \(problem.text)") }
            let files = found.files > 1 ? " in \(found.files) files" : ""
            let result =
                found.problemCount == 0 ? "chain intact" : Text.plural(found.problemCount, "problem")
            print("\(path): \(Text.plural(found.records, "record"))\(files), \(result)")
            if let last = found.last { print("last record \(last.seq), hash \(last.hash)") }
        }
    }
}
