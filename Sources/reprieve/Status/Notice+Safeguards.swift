internal import Engine
internal import Model
internal import Retention

/// What the brakes found that needs no decision.
extension Notice {
    static let (suspectCode, failingCode) = ("suspect", "failing")

    /// Series whose newest backup cannot be used. A series that is frozen for suspect ones says so itself.
    static func unusable(_ view: VaultView) -> [Notice] {
        let names = SeriesNames(view)
        return view.freshness.filter { $0.value.retirement == nil && !view.isFrozenForSuspects($0.key) }
            .sorted { $0.key < $1.key }
            .compactMap { series, freshness in
                freshness.failing.map { unusable($0, freshness, series: names.text(series), view: view) }
            }
    }

    private static func unusable(
        _ failing: SeriesFreshness.Failing, _ freshness: SeriesFreshness, series: String, view: VaultView
    ) -> Notice {
        let name = failing.backup.path.lastComponent.display
        let isSuspect = failing.condition == .suspect
        let subject =
            failing.count == 1
            ? "the newest backup of \(series) \(isSuspect ? "is suspect" : "cannot be used")"
            : "the newest \(failing.count) backups of \(series) \(isSuspect ? "are suspect" : "cannot be used")"
        let good = freshness.newest.map {
            "The last good one is \(Text.age(view.at.wall.seconds(since: $0))) old."
        }
        return Notice(
            vault: view.label, code: isSuspect ? suspectCode : failingCode,
            text:
                "\(subject) (\(name): \(failing.why)). \(good ?? "There is no good one.") Repair the job that writes it.",
            commands: ["reprieve list \(shell: view.label) \(shell: series)"]
                + remedies(failing.backup, isSuspect: isSuspect))
    }

    /// The commands for a backup that cannot be used. An empty file restores nothing: to accept one is offered last.
    static func remedies(_ backup: Backup, isSuspect: Bool) -> [String] {
        let id = backup.id.text
        let condemn = "reprieve condemn \(id) --reason WHY"
        guard isSuspect || backup.mayBeAccepted else { return [condemn] }
        let accept = "reprieve accept \(id) --reason WHY"
        return backup.size == 0 ? [condemn, accept + "   # if it may be empty"] : [accept, condemn]
    }

    /// Backups that look wrong, and newer ones are fine.
    static func suspects(_ view: VaultView) -> [Notice] {
        let suspects = view.protection.suspicion.suspects
        guard !suspects.isEmpty else { return [] }
        let names = SeriesNames(view)
        let found = Dictionary(grouping: view.present.filter { suspects[$0.id.object] != nil }, by: \.series)
        return found.sorted { $0.key < $1.key }.compactMap { series, backups in
            guard !view.isFrozenForSuspects(series), view.freshness[series]?.failing == nil,
                let newest = backups.max(by: { ($0.time, $0.path) < ($1.time, $1.path) })
            else { return nil }
            let others = backups.count == 1 ? "" : " and \(backups.count - 1) more of its series"
            return Notice(
                vault: view.label, code: suspectCode,
                text:
                    "\(newest.path.lastComponent.display)\(others) in \(names.text(series)) \(backups.count == 1 ? "is" : "are") suspect (\(suspects[newest.id.object] ?? "")) and count\(backups.count == 1 ? "s" : "") for nothing. A newer backup is fine.",
                commands: remedies(newest, isSuspect: true))
        }
    }

    /// Those that a person marked, by series.
    static func bad(_ view: VaultView) -> [Notice] {
        let names = SeriesNames(view)
        let found = Dictionary(grouping: view.present.filter(\.isBad), by: \.series)
        return found.sorted { $0.key < $1.key }.compactMap { series, backups in
            guard let newest = backups.max(by: { ($0.time, $0.path) < ($1.time, $1.path) }) else { return nil }
            let others = backups.count == 1 ? "" : " and \(backups.count - 1) more of its series"
            return Notice(
                vault: view.label, code: "bad",
                text:
                    "\(newest.path.lastComponent.display)\(others) in \(names.text(series)) \(backups.count == 1 ? "is" : "are") \(newest.note): it counts for nothing.",
                commands: [
                    "reprieve condemn \(newest.id.text) --reason WHY", "reprieve release \(newest.id.text)",
                ])
        }
    }

    /// Dated more than a day ahead.
    static func futures(_ view: VaultView) -> [Notice] {
        let ahead = view.present.filter { Judge.isFuture($0, now: view.at) }
        guard let newest = ahead.max(by: { ($0.time, $0.path) < ($1.time, $1.path) }) else { return [] }
        return [
            Notice(
                vault: view.label, code: "future",
                text:
                    "\(Text.plural(ahead.count, "backup")) dated more than a day ahead (\(newest.path.display)): set aside until then. Is the clock of its writer right?",
                commands: ["reprieve explain \(newest.id.text)"])
        ]
    }
}

extension VaultView {
    fileprivate func isFrozenForSuspects(_ series: Bytes) -> Bool {
        frozenSeries.contains { $0.series == series && $0.mark.freezeCause == .suspect }
    }
}
