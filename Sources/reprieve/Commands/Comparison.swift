internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention

/// Two policies beside each other: what would go that stays now, and the other way round.
struct Comparison {
    let found: PolicyComparison
    let session: Session
    private let names: SeriesNames
    private let ids: ShortIDs

    /// One series was asked for: all of it is shown.
    private let isSingle: Bool

    init(_ found: PolicyComparison, _ session: Session, isSingle: Bool = false) {
        self.found = found
        self.isSingle = isSingle
        self.session = session
        names = SeriesNames(found.changes.map(\.backup.series))
        ids = ShortIDs(found.report.view.everything)
    }

    static func show(_ vaults: [VaultConfiguration], _ words: [String], file: String, session: Session) throws {
        var found: [PolicyComparison] = []
        for vault in vaults {
            let (fresh, zone) = try Configuration.policy(
                file: file, over: vault, zone: session.engine.configuration.zone)
            found.append(try session.engine.preview.compare(vault, with: fresh, zone: zone.value))
        }
        if !words.isEmpty {
            let series = try session.series(words, in: found.map(\.report))
            for (n, keys) in series.enumerated() { found[n].changes.removeAll { !keys.contains($0.backup.series) } }
            found = zip(found, series).filter { !$0.1.isEmpty }.map(\.0)
        }
        let all = found.map { Comparison($0, session, isSingle: !words.isEmpty) }
        if session.json {
            session.emit("policy-comparison", [.init("vaults", .array(all.map(\.json)))])
        } else {
            print(all.map(\.text).joined(separator: "\n\n"))
        }
    }

    /// Nothing differs.
    var isEmpty: Bool { found.goes.isEmpty && found.stays.isEmpty }

    var text: String {
        let (goes, stays) = (found.goes, found.stays)
        let (old, new) = (found.report.plan.policy.keep.text, found.fresh.keep.text)
        var lines = [
            old == new
                ? "\(found.report.label): \(old), as it is"
                : "\(found.report.label): \(old)\n  would become \(new)"
        ].map { Text.wrap($0) }
        guard !isEmpty else {
            return (lines + ["No backup would be decided otherwise now."] + inTrash).joined(separator: "\n")
        }
        lines.append("")
        lines.append(table)
        lines.append("")
        if !goes.isEmpty {
            let size = Text.size(goes.total { $0.size })
            lines.append("\(Text.plural(goes.count, "backup")) (\(size)) would go that stay now:")
            lines += list(goes) { $0.after }
        }
        if !stays.isEmpty {
            let size = Text.size(stays.total { $0.size })
            lines.append("\(Text.plural(stays.count, "backup")) (\(size)) would stay that go now:")
            lines += list(stays) { $0.after }
        }
        lines += inTrash
        return lines.joined(separator: "\n")
    }

    private var inTrash: [String] {
        let keptByPolicy = found.keptByPolicy
        guard !keptByPolicy.isEmpty else { return [] }
        let isOne = keptByPolicy.count == 1
        return [
            "\(Text.plural(keptByPolicy.count, "backup")) in the trash would stay by it; \(isOne ? "it is" : "they are") not purged, nor brought back by",
            "itself: reprieve list \(shell: found.report.label) --trash, reprieve restore ID",
        ]
    }

    private var table: String {
        var table = Table(
            ["SERIES", "HAVE", "KEEP NOW", "KEEP THEN", "OLDEST NOW", "OLDEST THEN"],
            [.left, .right, .right, .right, .right, .right])
        let groups = Dictionary(grouping: found.changes, by: \.backup.series)
        let changed = groups.filter { $0.value.contains { $0.before.retain != $0.after.retain } }
        for (series, members) in changed.sorted(by: { $0.key < $1.key }).prefix(25) {
            func oldest(_ decision: (PolicyComparison.Change) -> Decision) -> String {
                members.filter { decision($0).retain && !decision($0).isSetAside }.map(\.backup.time).min()
                    .map { Text.date($0, session.zone) } ?? "-"
            }
            table.add([
                Text.fit(names.text(series), 24), Text.count(members.count),
                Text.count(members.count { $0.before.retain }), Text.count(members.count { $0.after.retain }),
                oldest(\.before), oldest(\.after),
            ])
        }
        let rest = groups.count - changed.count
        let more = max(0, changed.count - 25)
        return table.text
            + (more > 0 ? "\n\(more) more series change" : "")
            + (rest > 0 ? "\n\(Text.count(rest)) more series: no difference" : "")
    }

    private static let most = 20

    private func list(_ backups: [Backup], _ decision: (PolicyComparison.Change) -> Decision) -> [String] {
        let shown = Set((isSingle ? backups[...] : backups.prefix(Self.most)).map(\.path))
        var table = Table(sides: [.left, .left, .left, .left, .right, .left])
        for change in found.changes where shown.contains(change.backup.path) {
            let reasons = decision(change).reasons.map {
                $0.text(id: ids.text, date: { Text.day($0, session.zone) })
            }
            table.add([
                " ", ids.text(change.backup.id), Text.fit(names.text(change.backup.series), 16),
                Text.time(change.backup.time, session.zone),
                Text.size(change.backup.size), reasons.joined(separator: ", "),
            ])
        }
        let rest = backups.count - shown.count
        return [table.text]
            + (rest > 0
                ? ["  \(Text.count(rest)) more: name a series behind the vault (plan VAULT SERIES --policy FILE)"] : [])
    }

    var json: JSON {
        [
            "vault": .string(found.report.label),
            "policy_now": .string(found.report.plan.policy.hash), "policy_then": .string(found.fresh.hash),
            "would_go": .array(found.goes.map { .string($0.id.text) }),
            "would_stay": .array(found.stays.map { .string($0.id.text) }),
            "wanted_from_trash": .array(found.keptByPolicy.map { .string($0.id.text) }),
            "would_go_size": .integer(found.goes.total { $0.size }),
            "decisions": .array(found.changes.map { session.json($0.after) }),
        ]
    }
}
