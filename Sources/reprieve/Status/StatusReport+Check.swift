internal import Foundation
internal import Model

/// `status --check`: one line for Nagios, Icinga and their like, and the status that it stands for.
extension StatusReport {
    /// The plugins' statuses; they are not those of our other commands.
    enum Level: Int32 {
        case ok = 0
        case warning, critical, unknown

        var word: String { "\(self)".uppercased() }
    }

    struct Check {
        var level: Level
        /// Without a line feed, whatever the names are.
        var line: String
    }

    /// Matters that wait for a person, and nothing is lost meanwhile. Of all others somebody must hear at once.
    private static let waiting: Set<String> = [
        "frozen", "series-frozen", "first-plan", "policy-changed", "new-kind", "approval-always", "amount",
        "amount-bytes", "wanted",
        "recovery", "unreadable", "space", "max-size", "held", Notice.suspectCode, Notice.failingCode,
    ]

    func check(at now: Timestamp) -> Check {
        guard !vaults.isEmpty || !toDecide.isEmpty else { return Self.unknown("no vault is configured") }
        var found: [(level: Level, text: String)] = []
        if isStale(at: now) {
            let age = Text.age(now.seconds(since: written))
            found.append((.critical, "the agent has written nothing for \(age)"))
        }
        for vault in vaults { found += problems(of: vault, at: now) }
        for matter in toDecide {
            let level: Level = Self.waiting.contains(matter.code) ? .warning : .critical
            found.append((level, "\(matter.vault): \(Self.short(matter))"))
        }
        for matter in late where ["late", "metrics"].contains(matter.code) {
            found.append((.warning, "\(matter.vault): \(Self.short(matter))"))
        }
        // The worst first.
        let sorted = found.filter { $0.level == .critical } + found.filter { $0.level == .warning }
        let level = sorted.first?.level ?? .ok
        let some = sorted.prefix(Self.most).map(\.text)
        let more = sorted.count > Self.most ? ["\(sorted.count - Self.most) more"] : []
        let text = sorted.isEmpty ? summary(at: now) : (some + more).joined(separator: "; ")
        return Check(level: level, line: Self.line(level, text, performance(at: now)))
    }

    static func unknown(_ text: String) -> Check { Check(level: .unknown, line: line(.unknown, text, "")) }

    private static let most = 5

    /// Nobody has looked for two schedules, or the last run failed.
    private func problems(of vault: Vault, at now: Timestamp) -> [(level: Level, text: String)] {
        guard vault.state != "away" else { return [] }
        var found: [(level: Level, text: String)] = []
        if vault.lastResult == "failed" {
            let why = vault.lastProblem.map { ": \($0)" } ?? ""
            found.append((.critical, "\(vault.vault): the last run failed\(why)"))
        }
        if let interval = vault.intervalSeconds, let turn = vault.lastTurn {
            let silence = now.seconds(since: turn)
            if silence / 2 > interval {
                found.append(
                    (.critical, "\(vault.vault): no run for \(Text.age(silence)), due every \(Text.every(interval))"))
            }
        } else if !agent.running {
            found.append((.critical, "\(vault.vault): no agent runs, and no timer has started one"))
        }
        return found
    }

    private static func short(_ matter: Notice) -> String {
        // The first sentence says what it is.
        guard let end = matter.text.range(of: ". ") else {
            return matter.text.hasSuffix(".") ? String(matter.text.dropLast()) : matter.text
        }
        return String(matter.text[..<end.lowerBound])
    }

    private func summary(at now: Timestamp) -> String {
        let backups = vaults.reduce(0) { $0 + $1.backups }
        let trash = vaults.total { $0.trashSize }
        let run = vaults.compactMap(\.lastRun).max().map { ", last run \(Text.age(now.seconds(since: $0))) ago" } ?? ""
        return
            "\(Text.plural(vaults.count, "vault")), \(Text.plural(backups, "backup")), \(Text.size(trash)) in the trash\(run)"
    }

    // MARK: The line

    private static func line(_ level: Level, _ text: String, _ performance: String) -> String {
        // The bar begins the performance data, a line feed would end the first line.
        let plain = String(text.map { $0 == "|" || $0.isNewline ? "/" : $0 })
        return "REPRIEVE \(level.word) - \(plain)" + (performance.isEmpty ? "" : " | \(performance)")
    }

    private func performance(at now: Timestamp) -> String {
        let held = vaults.count { $0.heldPlan != nil && $0.state == "held" }
        var values = [
            ("vaults", "\(vaults.count)"), ("to_decide", "\(toDecide.count)"), ("held", "\(held)"),
            ("frozen", "\(vaults.count { $0.state == "frozen" })"),
            ("late", "\(late.count { $0.code == "late" })"), ("suspect", "\(count(\.suspect))"),
            ("settling", "\(count(\.settling))"), ("backups", "\(vaults.reduce(0) { $0 + $1.backups })"),
            ("size", "\(vaults.total { $0.size })B"), ("trash", "\(vaults.total { $0.trashSize })B"),
        ]
        for vault in vaults.prefix(Self.mostVaults) {
            guard let newest = vault.newest else { continue }
            // Quote and equals sign may not stand in a label.
            let name = vault.vault.filter { $0 != "'" && $0 != "=" }
            values.append(("\(name)_newest_age", "\(max(0, now.seconds(since: newest)))s"))
        }
        return values.map { "'\($0.0)'=\($0.1)" }.joined(separator: " ")
    }

    private static let mostVaults = 50
}
