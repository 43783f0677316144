internal import Config
internal import Engine
internal import Model
internal import Retention
internal import State

/// Something that a person has to decide or may want to know, and the commands that end it.
struct Notice: Hashable, Sendable, Decodable {
    var vault: String
    /// Stable, for scripts.
    var code: String
    var text: String
    var commands: [String]

    private enum CodingKeys: String, CodingKey {
        case vault, code, commands
        case text = "message"
    }
}

extension Notice {
    static func notices(of view: VaultView, _ engine: Engine) -> [Notice] {
        let zone = engine.configuration.zone.value
        var found: [Notice] = []
        let label = view.label
        guard !view.isAway else { return [] }
        if let fault = view.fault {
            found.append(
                Notice(
                    vault: label, code: fault.code.rawValue, text: fault.message + ".",
                    commands: fault.hint.map { [$0] } ?? []))
        }
        if view.isReadOnly {
            found.append(
                Notice(
                    vault: label, code: "read-only",
                    text:
                        "its file system is mounted read-only: nothing is condemned, purged or restored there until it is writable again.",
                    commands: ["mount -o remount,rw \(shell: view.configuration.path)      # once you know why"]))
        }
        for frozen in view.freezes {
            let until = frozen.until.map { " until \(Text.time($0, zone))" } ?? ""
            found.append(
                Notice(
                    vault: label, code: "frozen",
                    text:
                        "frozen since \(Text.time(frozen.at, zone))\(until): \(frozen.reason). Nothing is condemned or purged\(frozen.policies == nil ? "" : " before its policy changes"); restore works.",
                    commands: [Freezing.end(of: frozen, label)]))
        }
        found += view.frozenSeries.map { frozen($0.series, $0.mark, view) }
        if !view.missing.isEmpty {
            found.append(
                Notice(
                    vault: label, code: "missing",
                    text:
                        "\(Text.plural(view.missing.count, "backup")) missing from the trash (\(view.missing[0].path.display)): removed by somebody else. The next cleanup freezes the vault.",
                    commands: ["reprieve list \(shell: label) --trash"]))
        }
        if let plan = view.plan, let hold = plan.hold, hold.waitsForPerson {
            found.append(held(plan, hold, view: view, zone: zone))
        }
        found += vetoed(view, engine) + unusable(view)
        if !view.keptByPolicy.isEmpty { found.append(DiskText.keptByPolicy(view)) }
        for finding in view.recovery {
            found.append(
                Notice(
                    vault: label, code: "recovery", text: finding + ".", commands: ["reprieve purge \(shell: label)"]))
        }
        for fault in view.unreadable {
            found.append(
                Notice(
                    vault: label, code: "unreadable", text: fault.message + ".", commands: fault.hint.map { [$0] } ?? []
                ))
        }
        return found
    }

    /// What somebody should know, and nobody has to decide.
    static func notes(of view: VaultView, _ zone: Zone) -> [Notice] {
        guard !view.isAway else { return [isAway(view)] + away(view, zone) }
        var notes = suspects(view) + bad(view) + futures(view)
        notes += doubt(view)
        notes += draining(view, zone)
        notes += away(view, zone)
        return notes + late(view) + ended(view) + unread(view)
    }

    private static func frozen(_ series: Bytes, _ mark: Mark, _ view: VaultView) -> Notice {
        let name = SeriesNames(view).text(series)
        var text = "series \(name) is frozen: \(mark.reason)."
        var commands = ["reprieve unfreeze \(shell: view.label) \(shell: name)"]
        if mark.freezeCause == .suspect {
            text += " Repair the job that writes them."
            let newest = view.freshness[series]?.failing?.backup
            let accept = "reprieve accept \(shell: view.label) \(shell: name) --reason WHY   # if they are right"
            commands =
                ["reprieve list \(shell: view.label) \(shell: name)"]
                + (newest.map { ["reprieve condemn \($0.id.text) --reason WHY"] } ?? []) + [accept]
        }
        return Notice(vault: view.label, code: "series-frozen", text: text, commands: commands)
    }

    /// Nobody who watches over us gets an answer.
    static func unserved(_ why: String) -> Notice {
        Notice(
            vault: "agent", code: "metrics",
            text: "\(why). It is tried again every minute; nothing else is affected.", commands: ["reprieve doctor"])
    }

    static let unreadCode = "unread"

    /// Names with a date that nobody reads; told once a week.
    private static func unread(_ view: VaultView) -> [Notice] {
        let kinds = SkippedKind.all(view.skippedEntries).filter(\.isDated)
        guard let first = kinds.first else { return [] }
        let count = kinds.reduce(0) { $0 + $1.entries }
        let names = count == 1 ? "1 name has a date and is" : "\(Text.count(count)) names have a date and are"
        return [
            Notice(
                vault: view.label, code: unreadCode,
                text: "\(names) not read, such as \(first.example.display): left alone until you say how.",
                commands: ["reprieve learn \(shell: view.label)"])
        ]
    }

    private static func vetoed(_ view: VaultView, _ engine: Engine) -> [Notice] {
        let vetoes = view.id.flatMap { try? engine.vetoes(of: $0) } ?? []
        return vetoes.map { veto in
            Notice(
                vault: view.label, code: "vetoed",
                text:
                    "\(veto.text), since \(Text.time(veto.since, engine.configuration.zone.value)). It is asked again.",
                commands: ["reprieve hooks test \(shell: veto.hook)"])
        }
    }

    private static func held(_ plan: Plan, _ hold: Plan.Hold, view: VaultView, zone: Zone) -> Notice {
        let label = view.label
        let held = plan.condemned.filter { hold.heldBack.contains($0.backup.id) }
        let size = Text.size(held.total { $0.backup.size })
        let since = view.heldSince.map {
            " since " + Text.day($0, zone)
        }
        var text =
            "plan \(plan.id.prefix(4)) is held\(since ?? ""): \(hold.text(series: SeriesNames(view).text, size: Text.size))."
        let isPolicy = hold.causes.contains { if case .policyChanged = $0 { true } else { false } }
        if !isPolicy || hold.causes.count > 1 {
            text += " \(Text.plural(held.count, "backup")) (\(size)) \(held.count == 1 ? "waits" : "wait")."
        }
        if isPolicy {
            let keep =
                view.configuration.keep.origin.map { "\(Bytes($0.file).lastComponent.display):\($0.line)" } ?? ""
            let approved = view.approvedAt.map { " of \(Text.day($0, zone))" } ?? " that was approved"
            let back = keep.isEmpty ? "" : ", or change it back in \(keep)"
            text += " Until you approve it\(back), cleanup goes on with the policy\(approved)."
        }
        return Notice(
            vault: label, code: hold.code, text: text,
            commands: ["reprieve plan \(shell: label)", "reprieve cleanup \(shell: label) --approve"])
    }

    /// More than usual would go: it drains by itself, and nobody has to do anything.
    static func draining(_ view: VaultView, _ zone: Zone) -> [Notice] {
        guard let plan = view.plan, let hold = plan.hold, !hold.waitsForPerson, view.frozen == nil else { return [] }
        let size = Text.size(
            plan.condemned.filter { hold.heldBack.contains($0.backup.id) }.total { $0.backup.size })
        let waiting = Text.plural(hold.heldBack.count, "backup")
        return [
            Notice(
                vault: view.label, code: hold.code,
                text:
                    "plan \(plan.id.prefix(4)) is held in part: \(hold.text(series: SeriesNames(view).text, size: Text.size)). \(waiting) (\(size)) wait. All at once, or not at all:",
                commands: [
                    "reprieve cleanup \(shell: view.label) --approve",
                    "reprieve freeze \(shell: view.label) --reason WHY",
                ])
        ]
    }

    /// What the agent could not vouch for when it wrote this down. Who looks for himself is never told.
    static func doubt(_ view: VaultView) -> [Notice] {
        guard let doubt = view.doubt, view.fault == nil, view.frozen == nil else { return [] }
        return [
            Notice(
                vault: view.label, code: "unreconciled",
                text: "what is said of it may be old: \(doubt). Nothing is condemned there before it was looked at.",
                commands: [])
        ]
    }

    /// The disk of a removable vault: what is on it is as it was.
    private static func isAway(_ view: VaultView) -> Notice {
        Notice(
            vault: view.label, code: "away",
            text:
                "the disk is away: nothing is done there and no backup on it counts as late until it is mounted again.",
            commands: [])
    }

    /// Disks in rotation that are elsewhere: nothing is lost, and nothing of them is shown.
    static func away(_ view: VaultView, _ zone: Zone) -> [Notice] {
        view.away.map { disk in
            let since = disk.lastSeen.map { " since \(Text.day($0, zone))" } ?? ""
            return Notice(
                vault: view.label, code: "away",
                text: "\(disk.name) is away\(since). What is on it is shown when it is mounted again.", commands: [])
        }
    }

    /// Series that ended of late: somebody who was away should see it once.
    static func ended(_ view: VaultView) -> [Notice] {
        let names = SeriesNames(view)
        let recent = view.freshness.filter { _, freshness in
            freshness.health == .ended
                && (freshness.newest.map { view.at.wall.seconds(since: $0) < Self.recentSeconds } ?? false)
        }
        guard let first = recent.keys.min() else { return [] }
        let others = recent.count == 1 ? "" : " and \(recent.count - 1) more"
        return [
            Notice(
                vault: view.label, code: "ended",
                text:
                    "\(names.text(first))\(others) got no new backup for ten times the usual: taken for ended, nothing of \(recent.count == 1 ? "it" : "them") goes.",
                commands: ["reprieve list \(shell: view.label)"])
        ]
    }

    private static let recentSeconds: Int64 = 60 * 86_400

    /// Series that nothing new came to for too long: no decision is needed, but somebody should know.
    static func late(_ view: VaultView) -> [Notice] {
        let names = SeriesNames(view)
        return view.freshness.filter { $0.value.health == .late }
            .sorted { $0.key < $1.key }
            .compactMap { series, freshness in
                guard let newest = freshness.newest, let rhythm = freshness.rhythm else { return nil }
                let count = view.present.count { $0.series == series }
                let silence = Text.age(view.at.wall.seconds(since: newest))
                return Notice(
                    vault: view.label, code: "late",
                    text:
                        "no new backup in \(names.text(series)) for \(silence) (usual: \(Text.every(rhythm.seconds))). Nothing of its \(Text.plural(count, "backup")) goes because time passes.",
                    commands: ["reprieve retire \(shell: view.label) \(shell: names.text(series)) --reason WHY"])
            }
    }
}
