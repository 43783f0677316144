import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention

struct ForecastCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "Show what a vault will hold if everything continues as now.",
        discussion: Help.text(
            "The forecast takes each series at its own rhythm and usual size: how many backups, how much "
                + "space, and how far back you can go. A series without a rhythm stays as it is.",
            examples: [
                ("reprieve retention forecast dumps", "the next months"),
                ("reprieve retention forecast dumps --until 1y", "a year ahead"),
            ],
            exits: ["0 shown", "5 nothing of that name"]))

    @Argument(help: ArgumentHelp("The vault.", valueName: "vault"), completion: Completion.vaults) var vault: String
    @Option(help: ArgumentHelp("How far: a date, or a length of time such as 90d.", valueName: "time"))
    var until = "1y"
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        guard let chosen = try session.onlyVaults([vault]).first, let end = try session.deadline(until) else { return }
        let now = session.engine.now().wall
        let days = Self.days(from: now, to: end, session.zone)
        let found = try session.engine.preview.forecast(chosen, days)
        if session.json {
            session.emit(
                "forecast",
                [
                    .init("vault", .string(chosen.label)), .init("is_cut", .bool(found.isCut)),
                    .init(
                        "days",
                        .array(
                            found.days.map { day in
                                [
                                    "at": .string(day.at.rfc3339(in: session.zone)),
                                    "backups": .integer(Int64(day.backups)), "size": .integer(day.bytes),
                                    "trashed": .integer(Int64(day.trashed)), "trash_size": .integer(day.trashBytes),
                                    "oldest": JSON(day.oldest?.rfc3339(in: session.zone)),
                                ]
                            })),
                ])
            return
        }
        print(text(chosen.label, found, session))
    }

    /// Now, and at most twelve days at equal distances after it, the last one the end.
    private static func days(from now: Timestamp, to end: Timestamp, _ zone: Zone) -> [Timestamp] {
        let steps = min(12, max(1, end.seconds(since: now) / 86_400))
        let length = end.seconds(since: now) / steps
        return (0..<steps).map { now.adding(seconds: $0 * length) } + [end]
    }

    private func text(
        _ label: String, _ found: (report: PlanReport, days: [ForecastDay], isCut: Bool), _ session: Session
    ) -> String {
        var table = Table(
            ["DATE", "BACKUPS", "SIZE", "TRASH", "SIZE", "OLDEST"], [.left, .right, .right, .right, .right, .right])
        for day in found.days {
            table.add([
                Text.date(day.at, session.zone), Text.count(day.backups), Text.size(day.bytes),
                Text.count(day.trashed), Text.size(day.trashBytes),
                day.oldest.map { Text.date($0, session.zone) } ?? "-",
            ])
        }
        var lines = [
            "FORECAST   vault \(label)   keep: \(found.report.plan.policy.keep.text)", "", table.text, "",
        ]
        let still = found.report.freshness.values.count { $0.rhythm == nil || $0.regularity == .ended }
        if still > 0 {
            lines.append("\(Text.plural(still, "series", "series")) without a rhythm, or ended: as they are")
        }
        if found.isCut { lines.append("A series has too many backups to look further ahead.") }
        if found.report.plan.hold != nil {
            lines.append(
                "It is held: until you approve it (reprieve plan \(shell: label)), more stays than is said here.")
        }
        return lines.map { Text.wrap($0) }.joined(separator: "\n")
    }
}
