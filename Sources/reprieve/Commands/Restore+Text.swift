internal import Config
internal import Engine
internal import Foundation
internal import Model
internal import Retention

/// What `restore` says at 80 columns.
struct RestoreText {
    let view: VaultView
    private let session: Session
    private let ids: ShortIDs
    private let names: SeriesNames

    init(_ view: VaultView, _ session: Session) {
        self.view = view
        self.session = session
        ids = ShortIDs(view.everything)
        names = SeriesNames(view)
    }

    private var zone: Zone { session.zone }

    /// `7f3a  app/orders  Sun 4 Oct 2026 01:00  5.1 GiB`.
    private func line(_ backup: Backup) -> String {
        let since = backup.trashed.map { "   in the trash since \(Text.day($0.condemnedAt, zone))" } ?? ""
        return
            "\(ids.text(backup.id))  \(names.text(backup.series))  \(Text.dayAndTime(backup.time, zone))  \(Text.size(backup.size))\(since)"
    }

    func chain(_ choice: RestoreChoice) -> String {
        let count = choice.needed.count
        return
            "\(ids.text(choice.backup.id)) is \(choice.backup.kind.rawValue) and needs \(count == 1 ? "one" : "\(count)") that \(count == 1 ? "is" : "are") in the trash: \(list(choice.needed)). What it needs comes back first."
    }

    func needing(_ choice: RestoreChoice) -> String {
        let count = choice.needing.count
        return
            "\(Text.plural(count, "backup")) in the trash \(count == 1 ? "needs" : "need") \(ids.text(choice.backup.id)), and \(count == 1 ? "comes" : "come") back with it: \(list(choice.needing))."
    }

    private func list(_ backups: [Backup]) -> String {
        let most = 8
        return backups.prefix(most).map { ids.text($0.id) }.joined(separator: ", ")
            + (backups.count > most ? " and \(backups.count - most) more" : "")
    }

    func inPlace(_ choice: RestoreChoice) -> String {
        let backup = choice.backup
        return """
            Nothing to restore: it is in its place already:
              \(ids.text(backup.id))  \(Text.dayAndTime(backup.time, zone))  \(Text.size(backup.size))
              \(view.configuration.path.appending(backup.path).display)
            """
    }

    func would(_ backup: Backup, _ wish: RestoreWish) -> String {
        let directory = wish.target?.path ?? view.configuration.path.appending(backup.path.parent)
        let place = directory.appending(wish.newName ?? backup.path.lastComponent)
        return "Would \(wish.isCopy ? "copy to" : "put back") \(place.display)  (\(Text.size(backup.size)))"
    }

    func head(_ report: RestoreReport) -> String {
        let directory = (report.paths.first?.parent ?? view.configuration.path).display
        return line(report.backup) + "\n"
            + "\(report.isCopy ? "Copied to" : "Back in") \(directory.hasSuffix("/") ? directory : directory + "/")"
    }

    func body(_ report: RestoreReport, _ checksum: String?, isNeeded: Bool) -> String {
        let shown = report.paths.map { $0.lastComponent.display }
        let width = shown.map(\.count).max() ?? 0
        let lost = report.lost.isEmpty ? [] : ["without \(report.lost), which its file system does not keep"]
        let note = ([report.owner] + lost + (checksum.map { [$0] } ?? [])).filter { !$0.isEmpty }.joined(
            separator: ", ")
        var lines: [String] = []
        for (n, name) in shown.enumerated() {
            let gap = String(repeating: " ", count: max(0, width - name.count) + 2)
            let together = "  " + name + gap + note
            if n > 0 || note.isEmpty {
                lines.append("  " + name)
            } else if together.count <= 79 {
                lines.append(together)
            } else {
                lines += ["  " + name, "    " + note]
            }
        }
        if isNeeded { return lines.joined(separator: "\n") }
        let end = report.isCopy ? [] : ["This put the file back. You still have to load it into a database."]
        return (lines + stay(report) + end).joined(separator: "\n")
    }

    /// After several: what holds for all of them.
    static func together(_ reports: [RestoreReport], _ session: Session) -> String {
        let until = reports.compactMap(\.reprievedUntil).min().map { end in
            " They stay until \(Text.precise(end, session.zone).trimmingCharacters(in: .whitespaces))."
        }
        let word = reports.allSatisfy(\.isCopy) ? "copied" : "back"
        return "\(Text.plural(reports.count, "backup")) \(word).\(until ?? "")"
    }

    /// Until when it is left alone.
    private func stay(_ report: RestoreReport) -> [String] {
        let backup = report.backup
        if report.isCopy {
            let end = backup.trashed.map { "; it can be purged from \(Text.day($0.earliestPurge, zone)) on" } ?? ""
            return ["The backup in the trash stays\(end)."]
        }
        guard let until = report.reprievedUntil else {
            return ["It is outside of the vault now: nothing will take it away."]
        }
        if report.isNotRecognisedNow {
            return ["Under this name, without a date, it is not a backup any more: it is left alone."]
        }
        if let mark = view.protection.preserved[backup.id.object] { return ["It stays: preserved, \(mark.reason)."] }
        let grace = view.configuration.settings.gracePeriod.value
        let end = grace.fixedSeconds >= 2 * 86_400 ? Text.day(until, zone) : Text.precise(until, zone)
        return [
            "It stays until \(end.trimmingCharacters(in: .whitespaces)) (\(grace.text)). To keep it longer: reprieve preserve \(backup.id.text)"
                + " --reason WHY"
        ]
    }

    /// `3, 2 and 1 Oct (purged 7 Dec 04:15, run 81, by the policy)`, those of one end together.
    func nearer(_ purgedBefore: [PurgedBackup]) -> String {
        var groups: [(end: String, times: [Timestamp])] = []
        for one in purgedBefore {
            let end = end(one)
            if groups.last?.end == end {
                groups[groups.count - 1].times.append(one.backup.time)
            } else {
                groups.append((end, [one.backup.time]))
            }
        }
        let most = 8
        let rest = groups.dropFirst(10).reduce(0) { $0 + $1.times.count }
        return "Nearer ones are gone: "
            + (groups.prefix(10).map { end, times in
                let more = times.count > most ? ["\(times.count - most) more"] : []
                return Self.list(days(times.prefix(most)) + more) + " (\(end))"
            } + (rest > 0 ? ["and \(Text.count(rest)) more"] : [])).joined(separator: "; ")
    }

    /// Month and year stand behind the last of several days of one month; of one day the times tell them apart.
    private func days(_ times: some Collection<Timestamp>) -> [String] {
        let whole = times.map { Text.day($0, zone) }
        guard Set(whole).count == whole.count else {
            return times.map { Text.time($0, zone).trimmingCharacters(in: .whitespaces) }
        }
        let parts = whole.map { $0.split(separator: " ", maxSplits: 1) }
        guard Set(parts.map { $0[1] }).count == 1 else { return whole }
        return parts.dropLast().map { String($0[0]) } + whole.suffix(1)
    }

    /// `purged 7 Dec 2026 04:15, run 81, by the policy`.
    func end(_ purgedBefore: PurgedBackup) -> String {
        let word = purgedBefore.backup.state == .missing ? "missing" : "purged"
        guard let at = purgedBefore.at else { return word + ", and no log here tells when" }
        let when = Text.time(at, zone).trimmingCharacters(in: .whitespaces)
        return ([word + " " + when] + [purgedBefore.run.map { "run \($0)" }, purgedBefore.why].compactMap { $0 })
            .joined(separator: ", ")
    }

    private static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }
}
