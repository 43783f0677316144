internal import Config
internal import Engine
internal import Model
internal import Retention

/// What is said of the file systems under the vaults.
enum DiskText {
    /// Limits that nothing in the trash will meet.
    static func notices(_ disk: DiskView, _ views: [VaultView]) -> [Notice] {
        var found: [Notice] = []
        // What lies there may be wanted, or protected: a purge that could not meet it counts for more than a sum.
        let isRefused = disk.shortSince != nil && disk.comingEarly >= disk.lack.bytes
        if !disk.lack.isEmpty, disk.lack.bytes > disk.coming || disk.lack.inodes > 0 || isRefused {
            found.append(
                matter(
                    disk, "nothing that may be purged gives it. Fewer backups, more room, or what stays in the trash"))
        }
        for (vault, bytes) in disk.oversized {
            guard let view = views.first(where: { $0.label == vault }) else { continue }
            let early = view.at.wall.adding(seconds: -view.configuration.settings.minGrace.value.fixedSeconds)
            let soon = view.trashed.filter { $0.trashed.map { $0.condemnedAt <= early } ?? false }
            guard bytes > soon.total({ $0.allocated }) else { continue }
            found.append(
                Notice(
                    vault: vault, code: "max-size",
                    text:
                        "it is \(Text.size(bytes)) over its max-size \(view.configuration.settings.limits.maxSizeText), and what may be purged now is less.",
                    commands: ["reprieve plan \(shell: vault)"]))
        }
        return found
    }

    /// Limits that the trash will meet by itself, later.
    static func notes(_ disk: DiskView, _ views: [VaultView]) -> [Notice] {
        guard disk.lack.bytes > disk.comingEarly, notices(disk, views).allSatisfy({ $0.code != "space" }) else {
            return []
        }
        return [matter(disk, "it comes by itself when enough of the trash passes min-grace. Sooner")]
    }

    private static func matter(_ disk: DiskView, _ text: String) -> Notice {
        let size = (disk.lack.bytes >> 20) + 1
        let missing = disk.lack.bytes > 0 ? " \(Text.size(disk.lack.bytes)) is lacking;" : ""
        return Notice(
            vault: disk.vaults.first ?? "", code: "space",
            text: "\(disk.mount.display): \(disk.lack.texts.joined(separator: ", ")).\(missing) \(text):",
            commands: disk.coming > 0 && disk.lack.bytes > 0
                ? [
                    "reprieve purge --now --free \(size)MiB \(disk.vaults.map { "\(shell: $0)" }.joined(separator: " "))"
                ]
                : ["reprieve retention forecast \(shell: disk.vaults.first ?? "")"])
    }

    /// In the trash, and the policy would keep them: they stay until a person says something.
    static func keptByPolicy(_ view: VaultView) -> Notice {
        let some = view.keptByPolicy.suffix(3).reversed()
        let more = view.keptByPolicy.count > 3 ? ", and \(Text.count(view.keptByPolicy.count - 3)) more" : ""
        let (verb, them) = view.keptByPolicy.count == 1 ? ("is", "it") : ("are", "them")
        return Notice(
            vault: view.label, code: "wanted",
            text:
                "\(Text.plural(view.keptByPolicy.count, "backup")) in the trash \(verb) wanted: the policy would keep \(them) now, so no purge takes \(them) (\(some.map(\.path.display).joined(separator: ", "))\(more)).",
            commands: view.keptByPolicy.count == 1
                ? ["reprieve restore \(view.keptByPolicy[0].id.text)"]
                : ["reprieve restore --wanted \(shell: view.label)"])
    }

    static func trash(_ disk: DiskView, _ views: [VaultView]) -> [Backup] {
        views.filter { disk.vaults.contains($0.label) }.flatMap(\.trashed)
    }

    /// The first that is due, and all that are due within a day of it.
    static func nextPurge(_ trash: [Backup]) -> (at: Timestamp, size: Int64)? {
        guard let first = trash.compactMap(\.trashed?.earliestPurge).min() else { return nil }
        let end = first.adding(seconds: 86_400)
        return (
            first, trash.filter { $0.trashed.map { $0.earliestPurge < end } ?? false }.total { $0.allocated }
        )
    }

    static func next(_ disk: DiskView, _ views: [VaultView], _ zone: Zone) -> String {
        let own = views.filter { disk.vaults.contains($0.label) }
        if own.allSatisfy({ $0.frozen != nil || $0.isReadOnly }) { return "stopped" }
        let moving = own.filter { $0.frozen == nil && !$0.isReadOnly }.flatMap(\.trashed)
        guard let next = nextPurge(moving) else { return "-" }
        return "\(Text.day(next.at, zone).dropLast(5)) (\(Text.size(next.size)))"
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
