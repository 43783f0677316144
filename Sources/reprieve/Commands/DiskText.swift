internal import Engine
internal import Model
internal import Retention

/// The file systems under the vaults, in `status`.
enum DiskText {
    static func table(_ disks: [DiskView], _ views: [VaultView], _ session: Session) -> String {
        var table = Table(
            ["DISK", "USED", "TRASH", "NEXT PURGE", "FULL IN"], [.left, .right, .right, .left, .left])
        for disk in disks {
            let trash = trash(disk, views)
            table.add([
                Text.fit(disk.mount.display, 26),
                "\(Text.size(disk.usedBytes)) of \(Text.size(disk.totalBytes))",
                trash.isEmpty ? "-" : Text.size(trash.total { $0.allocated }), next(disk, views, session), "-",
            ])
        }
        return table.text
    }

    /// Limits that what may be purged early now does not meet.
    static func matters(_ disk: DiskView, _ views: [VaultView]) -> [Status.Matter] {
        var found: [Status.Matter] = []
        let vault = disk.vaults.first ?? ""
        // What lies there may be wanted, or protected: a purge that met nothing counts for more than a sum.
        let isKnown = disk.shortSince != nil && !disk.lack.isEmpty
        if disk.lack.bytes > disk.comingEarly || disk.lack.inodes > 0 || isKnown {
            let missing = isKnown ? disk.lack.bytes : disk.lack.bytes - disk.comingEarly
            var text = "\(disk.mount.display): \(disk.lack.texts.joined(separator: ", "))."
            if missing > 0 { text += " \(Text.size(missing)) more than may be purged now." }
            text +=
                disk.coming > disk.comingEarly
                ? " \(Text.size(disk.coming - disk.comingEarly)) comes when the trash passes min-grace."
                : " Nothing else in the trash will give it: fewer backups, or more room."
            let size = max(missing, 1 << 20) >> 20
            found.append(
                Status.Matter(
                    vault: vault, code: "space", text: text,
                    commands: disk.coming > 0 && missing > 0
                        ? ["reprieve purge --now --free \(size + 1)MiB \(disk.vaults.joined(separator: " "))"] : []))
        }
        for (vault, bytes) in disk.oversized {
            guard let view = views.first(where: { $0.label == vault }) else { continue }
            let early = view.at.wall.adding(seconds: -view.configuration.settings.minGrace.value.fixedSeconds)
            let soon = view.trashed.filter { $0.trashed.map { $0.condemnedAt <= early } ?? false }
            guard bytes > soon.total({ $0.allocated }) else { continue }
            found.append(
                Status.Matter(
                    vault: vault, code: "max-size",
                    text:
                        "it is \(Text.size(bytes)) over its max-size \(view.configuration.settings.limits.maxSizeText), and what may be purged now is less.",
                    commands: ["reprieve plan \(vault)"]))
        }
        return found
    }

    /// In the trash, and the policy would keep them: they stay until a person says something.
    static func wanted(_ view: VaultView) -> Status.Matter {
        let some = view.wanted.suffix(3).reversed()
        let more = view.wanted.count > 3 ? ", and \(Text.count(view.wanted.count - 3)) more" : ""
        let (verb, them) = view.wanted.count == 1 ? ("is", "it") : ("are", "them")
        return Status.Matter(
            vault: view.label, code: "wanted",
            text:
                "\(Text.plural(view.wanted.count, "backup")) in the trash \(verb) wanted: the policy would keep \(them) now, so no purge takes \(them) (\(some.map(\.path.display).joined(separator: ", "))\(more)).",
            commands: some.map { "reprieve restore \($0.id.text)" }
                + (more.isEmpty ? [] : ["reprieve list \(view.label) --trash"]))
    }

    static func json(_ disk: DiskView, _ views: [VaultView], _ session: Session) -> JSON {
        let trash = trash(disk, views)
        let next = nextPurge(trash)
        return .object(
            [JSON.Field](path: disk.mount, key: "mount") + [
                .init("vaults", .array(disk.vaults.map { .string($0) })),
                .init("total", .integer(disk.totalBytes)), .init("available", .integer(disk.availableBytes)),
                .init("trash_allocated", .integer(trash.total { $0.allocated })),
                .init("next_purge", JSON(next?.at.rfc3339(in: session.zone))),
                .init("next_purge_size", JSON((next?.size).map { Int($0) })),
                .init("full_in_days", .null),
                .init("lacking", .array(disk.lack.texts.map { .string($0) })),
                .init("lacking_bytes", .integer(disk.lack.bytes)), .init("lacking_inodes", .integer(disk.lack.inodes)),
                .init("short_since", JSON(disk.shortSince?.rfc3339(in: session.zone))),
            ])
    }

    private static func trash(_ disk: DiskView, _ views: [VaultView]) -> [Backup] {
        views.filter { disk.vaults.contains($0.label) }.flatMap(\.trashed)
    }

    /// The first that is due, and all that are due within a day of it.
    private static func nextPurge(_ trash: [Backup]) -> (at: Timestamp, size: Int64)? {
        guard let first = trash.compactMap(\.trashed?.earliestPurge).min() else { return nil }
        let end = first.adding(seconds: 86_400)
        return (
            first, trash.filter { $0.trashed.map { $0.earliestPurge < end } ?? false }.total { $0.allocated }
        )
    }

    private static func next(_ disk: DiskView, _ views: [VaultView], _ session: Session) -> String {
        let own = views.filter { disk.vaults.contains($0.label) }
        if own.allSatisfy({ $0.frozen != nil || $0.isReadOnly }) { return "stopped" }
        let moving = own.filter { $0.frozen == nil && !$0.isReadOnly }.flatMap(\.trashed)
        guard let next = nextPurge(moving) else { return "-" }
        return "\(Text.day(next.at, session.zone)) (\(Text.size(next.size)))"
    }
}

extension PlanReport {
    /// What goes because room is lacking, and what is lacking all the same.
    var spaceText: String? {
        guard let lacking = plan.lacking else { return nil }
        let going = plan.condemned.filter(\.isForSpace)
        let open = max(lacking.bytes, lacking.vaultBytes)
        let rest =
            open > 0
            ? " \(Text.size(open)) more is lacking, and nothing that may go gives it."
            : lacking.inodes > 0 ? " More inodes are lacking, and nothing that may go gives them." : ""
        guard !going.isEmpty else { return "Space: \(lacking.limits) is not met.\(rest)" }
        return
            "Space: \(lacking.limits) is not met, so \(Text.plural(going.count, "backup")) (\(Text.size(going.total { $0.backup.size }))) that only the room above a range's lower bound keeps go too, the least important first.\(rest)"
    }
}
