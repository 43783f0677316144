internal import Model

/// One screen of 80 columns.
extension StatusReport {
    private static let width = 79
    private static let (mostToDecide, mostLate) = (20, 10)

    /// `isSecondHand`: the agent wrote it, and who asks may not look for himself.
    func text(at now: Timestamp, isSecondHand: Bool = false) -> String {
        var lines = [header(at: now)]
        if isSecondHand { lines.append(Text.wrap(ageLine(at: now))) }
        lines += ["", vaults.isEmpty ? Self.noVault : vaultTable(at: now)]
        if !disks.isEmpty { lines += ["", diskTable] }
        for (n, matter) in toDecide.prefix(Self.mostToDecide).enumerated() {
            lines += ["", Text.wrap("\(n + 1) \(matter.vault): \(matter.text)")] + matter.commands.map { "    " + $0 }
        }
        if toDecide.count > Self.mostToDecide {
            lines += ["", "\(toDecide.count - Self.mostToDecide) more to decide: reprieve status --json"]
        }
        for matter in late.prefix(Self.mostLate) {
            let note = matter.code == "late" ? "      # if it has ended" : ""
            lines += ["", Text.wrap("- \(matter.vault): \(matter.text)")]
            lines += matter.commands.map { "    " + $0 + note }
        }
        for vault in vaults {
            guard let how = vault.watching else { continue }
            lines += ["", Text.wrap("- \(vault.vault): \(how).")]
        }
        if late.count > Self.mostLate {
            lines.append("- \(late.count - Self.mostLate) more of this kind: reprieve status --json")
        }
        return lines.joined(separator: "\n")
    }

    private static let noVault = "No vault is configured yet: `reprieve init DIRECTORY` proposes one."

    // MARK: The first line

    /// `bak01: agent running since 2 Nov, last run 04:15 ok         2 THINGS TO DECIDE`; shorter where it is too long.
    private func header(at now: Timestamp) -> String {
        let waits =
            toDecide.isEmpty ? summary : "\(Text.plural(toDecide.count, "THING", "THINGS")) TO DECIDE"
        let since = agent.since.map { " since \(moment($0, now))" } ?? ""
        let running = agent.running ? "agent running" : "no agent running"
        let run = lastRun.map { ", last run \(moment($0.at, now)) \($0.word)" } ?? ""
        let candidates = [
            "\(host): \(running)\(since)\(run)", "\(running)\(since)\(run)", "\(running)\(run)", running,
        ]
        let left = candidates.first { $0.count + 2 + waits.count <= Self.width } ?? running
        return left + String(repeating: " ", count: max(2, Self.width - left.count - waits.count)) + waits
    }

    /// "all in order" where every series has a complete newest backup within its rhythm, and every vault was scanned.
    private var summary: String {
        guard !vaults.isEmpty else { return "no vault" }
        let counts = [
            (count(\.late), "LATE"), (count(\.settling), "settling"),
            (count(\.ended), "ended"), (vaults.count { $0.state == "empty" }, "empty"),
            (vaults.count { $0.state == "rescan" }, "being rescanned"), (vaults.count { $0.state == "away" }, "away"),
        ]
        let some = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return some.isEmpty ? "all in order" : some.joined(separator: ", ")
    }

    func count(_ series: KeyPath<Vault, Int?>) -> Int { vaults.reduce(0) { $0 + ($1[keyPath: series] ?? 0) } }

    /// The newest run; a failed one counts more than a newer one that was right.
    private var lastRun: (at: Timestamp, word: String)? {
        let runs = vaults.compactMap { vault in vault.lastRun.map { (at: $0, result: vault.lastResult ?? "") } }
        let chosen = runs.filter { $0.result == "failed" }.max { $0.at < $1.at } ?? runs.max { $0.at < $1.at }
        return chosen.map { at, result in
            switch result {
            case "done": (at, "ok")
            case "failed": (at, "FAILED")
            case "partial": (at, "in part")
            default: (at, result)
            }
        }
    }

    /// The time of today, else the day.
    private func moment(_ time: Timestamp, _ now: Timestamp) -> String {
        if Text.date(time, zone) == Text.date(now, zone) { return String(Text.time(time, zone).suffix(5)) }
        let day = Text.day(time, zone)
        return abs(now.seconds(since: time)) < 300 * 86_400 ? String(day.dropLast(5)) : day
    }

    private func ageLine(at now: Timestamp) -> String {
        let age = "As of \(Text.age(max(0, now.seconds(since: written)))) ago"
        return isStale(at: now)
            ? "\(age), and the agent has written nothing since: does it still run?"
            : "\(age), as \(validSeconds == nil ? "its last run" : "the agent") wrote it."
    }

    /// The agent should have written again.
    func isStale(at now: Timestamp) -> Bool {
        validSeconds.map { now.seconds(since: written) > $0 } ?? false
    }

    // MARK: The tables

    /// States that nobody has to do anything about.
    private static let calm: Set<String> = ["ok", "in part", "settling", "ended", "empty", "rescan", "away"]

    private func vaultTable(at now: Timestamp) -> String {
        var table = Table(
            ["VAULT", "STATE", "SERIES", "BACKUPS", "SIZE", "TRASH", "NEWEST", "NEXT"],
            [.left, .left, .right, .right, .right, .right, .right, .left])
        for vault in vaults {
            table.add([
                Text.fit(vault.vault, 20),
                Self.calm.contains(vault.state) ? vault.state : vault.state.uppercased(),
                Text.count(vault.series), Text.count(vault.backups), Text.size(vault.size),
                vault.trashed == 0 ? "-" : Text.size(vault.trashSize),
                vault.newest.map { Text.age(now.seconds(since: $0)) } ?? "-", vault.next,
            ])
        }
        return table.text
    }

    private var diskTable: String {
        var table = Table(
            ["DISK", "USED", "TRASH", "NEXT PURGE", "FULL IN"], [.left, .right, .right, .left, .left])
        for disk in disks {
            table.add([
                Text.fit(disk.mountRaw == nil ? Bytes(disk.mount).display : disk.mount, 22), disk.used,
                disk.trashAllocated == 0 ? "-" : Text.size(disk.trashAllocated), disk.next,
                disk.fullInDays.map { Self.days($0) } ?? "-",
            ])
        }
        return table.text
    }

    private static func days(_ days: Int64) -> String {
        switch days {
        case 0: "less than a day"
        case 1: "1 day"
        case ..<730: "\(days) days"
        default: "\(days / 365) years"
        }
    }
}

extension StatusReport.Disk {
    /// `6.3 of 10.9 TiB`.
    fileprivate var used: String {
        let (used, total) = (Text.size(max(0, total.subtracting(available))), Text.size(self.total))
        let isSameUnit = used.split(separator: " ").last == total.split(separator: " ").last
        return "\(isSameUnit ? String(used.prefix { $0 != " " }) : used) of \(total)"
    }
}
