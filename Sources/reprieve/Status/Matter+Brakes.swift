internal import Engine
internal import Model
internal import Retention

/// What the brakes found that needs no decision.
extension Matter {
    /// Backups that look wrong, by series. A series that is frozen for them says so itself.
    static func suspects(_ view: VaultView) -> [Matter] {
        let suspects = view.protection.suspicion.suspects
        guard !suspects.isEmpty else { return [] }
        let names = SeriesNames(view)
        let found = Dictionary(grouping: view.present.filter { suspects[$0.id.object] != nil }, by: \.series)
        return found.sorted { $0.key < $1.key }.compactMap { series, backups in
            guard !view.frozenSeries.contains(where: { $0.series == series && $0.mark.freezeCause == .suspect }),
                let newest = backups.max(by: { ($0.time, $0.path) < ($1.time, $1.path) })
            else { return nil }
            let others = backups.count == 1 ? "" : " and \(backups.count - 1) more of its series"
            return Matter(
                vault: view.label, code: "suspect",
                text:
                    "\(newest.path.lastComponent.display)\(others) in \(names.text(series)) \(backups.count == 1 ? "is" : "are") suspect (\(suspects[newest.id.object] ?? "")): set aside, it counts for nothing.",
                commands: ["reprieve accept \(newest.id.text) --reason WHY"])
        }
    }

    /// Dated more than a day ahead.
    static func futures(_ view: VaultView) -> [Matter] {
        let ahead = view.present.filter { Judge.isFuture($0, now: view.at) }
        guard let newest = ahead.max(by: { ($0.time, $0.path) < ($1.time, $1.path) }) else { return [] }
        return [
            Matter(
                vault: view.label, code: "future",
                text:
                    "\(Text.plural(ahead.count, "backup")) dated more than a day ahead (\(newest.path.display)): set aside until then. Is the clock of its writer right?",
                commands: ["reprieve explain \(newest.id.text)"])
        ]
    }
}
