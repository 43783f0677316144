import ArgumentParser
internal import Engine
internal import Foundation
internal import Model

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "What was done, by whom and why.", subcommands: [Tail.self, Verify.self],
        defaultSubcommand: Tail.self)

    struct Tail: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The last records; -f follows. `tail -F` on the file works too.", discussion: Reprieve.exits)

        @Argument(help: ArgumentHelp("Only of this vault, series, id or path.", valueName: "what")) var what: [String] =
            []
        @Flag(name: .shortAndLong, help: "Go on as records come.") var follow = false
        @Option(name: .shortAndLong, help: ArgumentHelp("How many at first.", valueName: "n")) var number = 20
        @Option(help: ArgumentHelp("Only this kind: backup.condemned, or the beginning of it.", valueName: "event"))
        var event: String?
        @Option(help: ArgumentHelp("Only from this time on: a date, or an age as 2h.", valueName: "time")) var since:
            String?
        @OptionGroup var common: Common

        func run() throws {
            let session = try common.session()
            let since = try session.time(since)
            var follower = session.keeper.followAudit()
            let first = try follower.next().filter { isMeant($0, since) }
            show(first.suffix(max(0, number)), session)
            if first.isEmpty, !follow {
                throw Fault(
                    .notFound, "no such record in '\(session.keeper.configuration.auditLog.display)'",
                    hint: what.isEmpty && event == nil ? nil : "without words and options it shows the last records")
            }
            while follow {
                Thread.sleep(forTimeInterval: 0.2)
                show(try follower.next().filter { isMeant($0, since) }[...], session)
                fflush(nil)
            }
        }

        private func isMeant(_ entry: AuditEntry, _ since: Timestamp?) -> Bool {
            if let since, entry.time.map({ $0 < since }) ?? true { return false }
            if let event, !entry.event.hasPrefix(event) { return false }
            return what.allSatisfy { word in
                entry.vault == word || entry.backup?.hasPrefix(word.lowercased()) == true || entry.path == word
                    || entry.path?.hasSuffix("/" + word) == true || entry.series == word
                    || entry.series.map { Backup.shortName(ofSeries: Bytes($0)).display == word } == true
            }
        }

        private func show(_ entries: ArraySlice<AuditEntry>, _ session: Session) {
            for entry in entries { print(session.json ? entry.line : text(entry, session.zone)) }
        }

        private func text(_ entry: AuditEntry, _ zone: Zone) -> String {
            var head = [entry.time.map { Text.precise($0, zone) } ?? "?", entry.event]
            if let vault = entry.vault { head.append(vault) }
            if let backup = entry.backup { head.append(String(backup.prefix(8))) }
            var rest: [String] = []
            if let path = entry.path ?? entry.series { rest.append(Bytes(path).display) }
            if let reason = entry.reason { rest.append("(\(Bytes(reason).display))") }
            if let user = entry.user { rest.append("by \(Bytes(user).display)") }
            let line = (head + rest).joined(separator: "  ")
            // What does not fit stands below, set in.
            return line.count <= 79
                ? line : Text.wrap(head.joined(separator: "  ") + "\n    " + rest.joined(separator: " "))
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks that no record was changed, removed or added.",
            discussion: "It is tamper-evident, not tamper-proof: who may write everything can forge everything.\n\n"
                + Reprieve.exits)

        @OptionGroup var common: Common

        func run() throws {
            let session = try common.session()
            let (records, problems) = try session.keeper.verifyAudit()
            if session.json {
                session.emit(
                    "audit-verify",
                    [
                        .init("records", .integer(Int64(records))), .init("intact", .bool(problems.isEmpty)),
                        .init(
                            "problems",
                            .array(problems.map { ["line": .integer(Int64($0.line)), "message": .string($0.text)] })),
                    ])
            } else {
                let path = session.keeper.configuration.auditLog.display
                for problem in problems { print("\(path):\(problem.line): \(problem.text)") }
                print(
                    problems.isEmpty
                        ? "\(path): \(Text.plural(records, "record")), chain intact"
                        : "\(path): \(Text.plural(records, "record")), \(Text.plural(problems.count, "problem"))")
            }
            try Ending.with(problems.isEmpty ? .done : .failed)
        }
    }
}
