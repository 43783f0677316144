import ArgumentParser
internal import Engine
internal import Model
internal import Retention

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One screen: how every vault is, and what waits for you.", discussion: Reprieve.exits)

    @Argument(help: ArgumentHelp("Vaults; none: all.", valueName: "vault")) var vaults: [String] = []
    @OptionGroup var common: Common

    func run() throws {
        let session = try common.session()
        let views = session.keeper.views(of: try session.onlyVaults(vaults))
        let isRunning = session.keeper.home.agentIsRunning
        let disks = session.keeper.disks(of: views)
        let matters = views.flatMap { self.matters(of: $0, session) } + disks.flatMap { DiskText.matters($0, views) }
        let late = views.flatMap { notes(of: $0, session) } + disks.flatMap { DiskText.notes($0, views) }
        if session.json {
            emit(session, views, disks, matters, late, isRunning)
        } else {
            print(text(session, views, disks, matters, late, isRunning))
        }
        try Ending.with(
            views.contains { $0.fault != nil } ? .failed : views.contains { !$0.unreadable.isEmpty } ? .partial : .done)
    }

    /// What somebody should know, and nobody has to decide.
    private func notes(of view: VaultView, _ session: Session) -> [Matter] {
        var notes = suspects(view) + futures(view)
        notes += draining(view, session)
        notes += away(view, session)
        return notes + late(view) + ended(view)
    }

    /// Something that a person has to decide, and the commands that end it.
    struct Matter {
        var vault: String
        var code: String
        var text: String
        var commands: [String]
    }

    private func matters(of view: VaultView, _ session: Session) -> [Matter] {
        var found: [Matter] = []
        let label = view.label
        if let fault = view.fault {
            found.append(
                Matter(
                    vault: label, code: fault.code.rawValue, text: fault.message + ".",
                    commands: fault.hint.map { [$0] } ?? []))
        }
        if view.isReadOnly {
            found.append(
                Matter(
                    vault: label, code: "read-only",
                    text:
                        "its file system is mounted read-only: nothing is condemned, purged or restored there until it is writable again.",
                    commands: ["mount -o remount,rw \(view.configuration.path.display)      # once you know why"]))
        }
        for frozen in view.freezes {
            let until = frozen.until.map { " until \(Text.time($0, session.zone))" } ?? ""
            found.append(
                Matter(
                    vault: label, code: "frozen",
                    text:
                        "frozen since \(Text.time(frozen.at, session.zone))\(until): \(frozen.reason). Nothing is condemned or purged\(frozen.policies == nil ? "" : " before its policy changes"); restore works.",
                    commands: [Freezing.end(of: frozen, label)]))
        }
        for (series, mark) in view.frozenSeries {
            let name = Backup.shortName(ofSeries: series).display
            found.append(
                Matter(
                    vault: label, code: "series-frozen", text: "series \(name) is frozen: \(mark.reason).",
                    commands: mark.freezeCause == .suspect
                        ? ["reprieve list \(label) \(name)", "reprieve accept \(label) \(name) --reason WHY"]
                        : ["reprieve unfreeze \(label) \(name)"]))
        }
        if !view.missing.isEmpty {
            found.append(
                Matter(
                    vault: label, code: "missing",
                    text:
                        "\(Text.plural(view.missing.count, "backup")) missing from the trash (\(view.missing[0].path.display)): removed by somebody else. The next cleanup freezes the vault.",
                    commands: ["reprieve list \(label) --trash"]))
        }
        if let plan = view.plan, let hold = plan.hold, hold.waitsForPerson {
            found.append(held(plan, hold, view, session))
        }
        if !view.wanted.isEmpty { found.append(DiskText.wanted(view)) }
        for finding in view.recovery {
            found.append(
                Matter(vault: label, code: "recovery", text: finding + ".", commands: ["reprieve purge \(label)"]))
        }
        for fault in view.unreadable {
            found.append(
                Matter(
                    vault: label, code: "unreadable", text: fault.message + ".", commands: fault.hint.map { [$0] } ?? []
                ))
        }
        return found
    }

    private func held(_ plan: Plan, _ hold: Plan.Hold, _ view: VaultView, _ session: Session) -> Matter {
        let label = view.label
        let held = plan.condemned.filter { hold.heldBack.contains($0.backup.id) }
        let size = Text.size(held.total { $0.backup.size })
        let since = view.heldSince.map {
            " since " + Text.day($0, session.zone)
        }
        var text = "plan \(plan.id.prefix(4)) is held\(since ?? ""): \(session.text(hold, SeriesNames(view)))."
        let isPolicy = hold.causes.contains { if case .policyChanged = $0 { true } else { false } }
        if !isPolicy || hold.causes.count > 1 {
            text += " \(Text.plural(held.count, "backup")) (\(size)) \(held.count == 1 ? "waits" : "wait")."
        }
        if isPolicy {
            let keep =
                view.configuration.keep.origin.map { "\(Bytes($0.file).lastComponent.display):\($0.line)" } ?? ""
            let approved = view.approvedAt.map { " of \(Text.day($0, session.zone))" } ?? " that was approved"
            let back = keep.isEmpty ? "" : ", or change it back in \(keep)"
            text += " Until you approve it\(back), cleanup goes on with the policy\(approved)."
        }
        return Matter(
            vault: label, code: hold.code, text: text,
            commands: ["reprieve plan \(label)", "reprieve cleanup \(label) --approve"])
    }

    /// More than usual would go: it drains by itself, and nobody has to do anything.
    private func draining(_ view: VaultView, _ session: Session) -> [Matter] {
        guard let plan = view.plan, let hold = plan.hold, !hold.waitsForPerson, view.frozen == nil else { return [] }
        let size = Text.size(
            plan.condemned.filter { hold.heldBack.contains($0.backup.id) }.total { $0.backup.size })
        let waiting = Text.plural(hold.heldBack.count, "backup")
        return [
            Matter(
                vault: view.label, code: hold.code,
                text:
                    "plan \(plan.id.prefix(4)) is held in part: \(session.text(hold, SeriesNames(view))). \(waiting) (\(size)) wait. All at once, or not at all:",
                commands: [
                    "reprieve cleanup \(view.label) --approve", "reprieve freeze \(view.label) --reason WHY",
                ])
        ]
    }

    /// Disks in rotation that are elsewhere: nothing is lost, and nothing of them is shown.
    private func away(_ view: VaultView, _ session: Session) -> [Matter] {
        view.away.map { disk in
            let since = disk.lastSeen.map { " since \(Text.day($0, session.zone))" } ?? ""
            return Matter(
                vault: view.label, code: "away",
                text: "\(disk.name) is away\(since). What is on it is shown when it is mounted again.", commands: [])
        }
    }

    /// Series that ended of late: somebody who was away should see it once.
    private func ended(_ view: VaultView) -> [Matter] {
        let names = SeriesNames(view)
        let recent = view.pulses.filter { _, pulse in
            pulse.pulse == .ended && pulse.retirement == nil
                && (pulse.newest.map { view.at.wall.seconds(since: $0) < Self.recentSeconds } ?? false)
        }
        guard let first = recent.keys.min() else { return [] }
        let others = recent.count == 1 ? "" : " and \(recent.count - 1) more"
        return [
            Matter(
                vault: view.label, code: "ended",
                text:
                    "\(names.text(first))\(others) got no new backup for ten times the usual: taken for ended, nothing of \(recent.count == 1 ? "it" : "them") goes.",
                commands: ["reprieve list \(view.label)"])
        ]
    }

    private static let recentSeconds: Int64 = 60 * 86_400

    /// Series that nothing new came to for too long: no decision is needed, but somebody should know.
    private func late(_ view: VaultView) -> [Matter] {
        let names = SeriesNames(view)
        return view.pulses.filter { $0.value.pulse == .late && $0.value.retirement == nil }.sorted { $0.key < $1.key }
            .compactMap { series, pulse in
                guard let newest = pulse.newest, let rhythm = pulse.rhythm else { return nil }
                let count = view.present.count { $0.series == series }
                let silence = Text.age(view.at.wall.seconds(since: newest))
                return Matter(
                    vault: view.label, code: "late",
                    text:
                        "no new backup in \(names.text(series)) for \(silence) (usual: \(Text.every(rhythm.seconds))). Nothing of its \(Text.plural(count, "backup")) goes because time passes.",
                    commands: ["reprieve retire \(names.text(series)) --reason WHY"])
            }
    }

    // MARK: Text

    private func text(
        _ session: Session, _ views: [VaultView], _ disks: [DiskView], _ matters: [Matter], _ late: [Matter],
        _ isRunning: Bool
    ) -> String {
        let agent = isRunning ? "agent running" : "no agent running"
        let waits = matters.isEmpty ? "all in order" : "\(Text.plural(matters.count, "THING", "THINGS")) TO DECIDE"
        var lines = [agent + String(repeating: " ", count: max(2, 79 - agent.count - waits.count)) + waits, ""]
        var table = Table(
            ["VAULT", "STATE", "SERIES", "BACKUPS", "SIZE", "TRASH", "NEWEST", "NEXT"],
            [.left, .left, .right, .right, .right, .right, .right, .left])
        for view in views {
            let newest = view.present.filter(\.isComplete).map(\.time).max()
            table.add([
                Text.fit(view.label, 20), state(view), Text.count(Set(view.present.map(\.series)).count),
                Text.count(view.present.count), Text.size(view.present.total { $0.size }),
                view.trashed.isEmpty ? "-" : Text.size(view.trashed.total { $0.size }),
                newest.map { Text.age(view.at.wall.seconds(since: $0)) } ?? "-", next(view, isRunning, session),
            ])
        }
        lines.append(views.isEmpty ? "No vault is configured. `reprieve init DIRECTORY` proposes one." : table.text)
        if !disks.isEmpty { lines += ["", DiskText.table(disks, views, session)] }
        for (n, matter) in matters.enumerated() {
            lines.append("")
            lines.append(Text.wrap("\(n + 1) \(matter.vault): \(matter.text)"))
            lines += matter.commands.map { "    " + $0 }
        }
        for matter in late.prefix(Self.mostLate) {
            lines.append("")
            lines.append(Text.wrap("- \(matter.vault): \(matter.text)"))
            let note = matter.code == "late" ? "      # if it has ended" : ""
            lines += matter.commands.map { "    " + $0 + note }
        }
        for view in views {
            guard let how = view.watching else { continue }
            lines += ["", Text.wrap("- \(view.label): \(how).")]
        }
        if late.count > Self.mostLate {
            lines.append("- \(late.count - Self.mostLate) more of this kind: reprieve status --json")
        }
        return lines.joined(separator: "\n")
    }

    private func state(_ view: VaultView) -> String {
        if let fault = view.fault { return fault.code == .offline ? "OFFLINE" : "FAILED" }
        if view.frozen != nil { return "FROZEN" }
        if view.isReadOnly { return "READ-ONLY" }
        if !view.unreadable.isEmpty { return "PARTLY" }
        guard let hold = view.plan?.hold else { return "ok" }
        return hold.waitsForPerson ? "HELD" : "in part"
    }

    private func next(_ view: VaultView, _ isRunning: Bool, _ session: Session) -> String {
        if view.fault != nil || view.frozen != nil || view.isReadOnly { return "stopped" }
        if let plan = view.plan, plan.hold?.waitsForPerson == true { return "plan \(plan.id.prefix(4)) waits" }
        let purge =
            view.trashed.compactMap(\.trashed?.earliestPurge).min().map { ", purge \(Text.date($0, session.zone))" }
            ?? ""
        guard isRunning else {
            let isDue = view.trashed.contains { $0.trashed.map { $0.earliestPurge <= view.at.wall } ?? false }
            return isDue ? "purge is due" : "by hand"
        }
        switch view.configuration.settings.schedule.value {
        case .afterBackup: return purge.isEmpty ? "after a backup" : String(purge.dropFirst(2))
        case .manual: return "by hand" + purge
        case .hourly: return "hourly" + purge
        case .daily: return "cleanup \(view.configuration.settings.schedule.value.text)" + purge
        }
    }

    private static let mostLate = 10

    private func emit(
        _ session: Session, _ views: [VaultView], _ disks: [DiskView], _ matters: [Matter], _ late: [Matter],
        _ isRunning: Bool
    ) {
        func json(_ matters: [Matter]) -> JSON {
            .array(
                matters.map {
                    [
                        "vault": .string($0.vault), "code": .string($0.code), "message": .string($0.text),
                        "commands": .array($0.commands.map { .string($0) }),
                    ]
                })
        }
        session.emit(
            "status",
            [
                .init("agent", ["running": .bool(isRunning)]),
                .init(
                    "vaults",
                    .array(
                        views.map { view in
                            let newest = view.present.filter(\.isComplete).map(\.time).max()
                            return .object(
                                [.init("vault", .string(view.label)), .init("id", JSON(view.id?.text))]
                                    + [JSON.Field](path: view.configuration.path) + [
                                        .init("state", .string(state(view).lowercased())),
                                        .init("series", .integer(Int64(Set(view.present.map(\.series)).count))),
                                        .init("backups", .integer(Int64(view.present.count))),
                                        .init("size", .integer(view.present.total { $0.size })),
                                        .init("trashed", .integer(Int64(view.trashed.count))),
                                        .init("trash_size", .integer(view.trashed.total { $0.size })),
                                        .init("newest", JSON(newest?.rfc3339(in: session.zone))),
                                        .init("watching", JSON(view.watching)),
                                        .init("freezes", freezes(view, session)),
                                        .init("read_only", .bool(view.isReadOnly)),
                                        .init(
                                            "away",
                                            .array(
                                                view.away.map { disk in
                                                    [
                                                        "id": .string(disk.id.text), "label": JSON(disk.label),
                                                        "last_seen": JSON(disk.lastSeen?.rfc3339(in: session.zone)),
                                                    ]
                                                })),
                                        .init("held_plan", JSON(view.plan?.hold == nil ? nil : view.plan?.id)),
                                    ])
                        })),
                .init("disks", .array(disks.map { DiskText.json($0, views, session) })),
                .init("to_decide", json(matters)), .init("late", json(late)),
            ])
    }
}
