internal import Audit
internal import Catalog
internal import Config
internal import Model
internal import Retention
internal import State
internal import Trash

/// Many backups rewritten, renamed or gone within an hour freeze their vault: encrypted by somebody, or deleted by
/// mistake. What is in the trash then is perhaps the last of them.
package struct MassChangeGuard: UseCase {
    let context: Context

    var markEditor: MarkEditor { MarkEditor(context: context) }

    /// Remembers what a look saw, and judges the hour. Whoever looks does, also who changes nothing in the vault: the
    /// catalog has the new state then, and nobody would see the change again.
    func record(_ changes: Catalog.Changes, _ vault: OpenVault, at now: Moment) throws(Fault) {
        guard let percent = vault.configuration.settings.brakes.freezeIfRewritten.value, !changes.isReread else {
            return
        }
        let tallied = Self.tally(changes)
        guard tallied.values.contains(where: { $0.lost > 0 || !$0.rewritten.isEmpty }) else { return }
        let raw = try state.brakes.change(vault.id) { memory in
            memory.upheaval.add(tallied, at: now)
            return memory.upheaval.raw
        }
        // What each series has is counted only where there may be something to say.
        let had = try state.catalog.vaults.counts(vault: vault.id, isUnchanged: true).present
        guard raw >= MassChange.least, raw.multiplied(by: 100) >= had.multiplied(by: percent) || raw >= MassChange.most
        else { return }
        let counts = try state.catalog.seriesCounts(vault: vault.id).mapValues { count, newest in
            MassChange.Standing(count: count, newest: newest)
        }
        try state.brakes.change(vault.id) { memory in
            memory.upheaval.judge(counts, percent: percent, at: now.wall)
        }
    }

    /// What changed, by series.
    private static func tally(_ changes: Catalog.Changes) -> [Bytes: MassChange.Change] {
        var tallied: [Bytes: MassChange.Change] = [:]
        for backup in changes.vanished + changes.dropped
        where backup.isComplete && !changes.linked.contains(backup.id.object) {
            tallied[backup.series, default: .init()].lost += 1
        }
        for arrival in changes.arrived { tallied[arrival.series, default: .init()].arrived += 1 }
        for (before, after) in changes.moved
        where before.isComplete && before.series != after.series && ending(before.path) != ending(after.path) {
            tallied[before.series, default: .init()].rewritten.insert(number(before.path))
        }
        // A rotation that copies: what stands under a name now stood under another one before.
        let contents = Set(changes.rewritten.map { Content($0.before) })
        for (before, after) in changes.rewritten {
            let isCopied =
                before.size != after.size || before.primary.mtime != after.primary.mtime
                ? contents.contains(Content(after)) && Content(before) != Content(after) : false
            guard !isCopied else { continue }
            tallied[before.series, default: .init()].rewritten.insert(number(before.path))
            let newest = tallied[before.series]?.newestRewritten
            tallied[before.series]?.newestRewritten = max(newest ?? before.time, before.time, after.time)
        }
        return tallied
    }

    /// The same number for the same name in every run.
    private static func number(_ path: Bytes) -> UInt64 {
        var digest = FNV()
        digest.add(path)
        return digest.value
    }

    private static func ending(_ path: Bytes) -> ArraySlice<UInt8> {
        let name = path.lastComponent.storage
        return name.lastIndex(of: UInt8(ascii: ".")).map { name[$0...] } ?? []
    }

    /// What a copy has in common with what it was copied from.
    private struct Content: Hashable {
        var series: Bytes
        var size: Int64

        init(_ backup: Backup) {
            series = backup.series
            size = backup.size
        }
    }

    func alarm(_ vault: VaultConfiguration, _ id: VaultID) throws(Fault) -> MassChange.Alarm? {
        guard vault.settings.brakes.freezeIfRewritten.value != nil else { return nil }
        return try state.brakes.memory(of: id).upheaval.alarm
    }

    /// Writes an alarm down as the vault's freeze. The marks, where it did.
    func freezeIfAlarmed(_ vault: OpenVault) throws(Fault) -> Marks? {
        guard let alarm = try alarm(vault.configuration, vault.id) else { return nil }
        let at = now()
        let marks = try markEditor.edit(vault) { marks, _ in
            if marks.mark(.frozen, Mark.frozenTarget(.rewritten), at: at.wall) == nil {
                marks.add(.freeze(.rewritten, reason: alarm.reason, actor: state.program, at: at.wall))
            }
            return marks
        }
        try state.audit.append([FreezeGuard.frozenRecord(.rewritten, vault, alarm.reason)], at: at)
        // Last: until marks and log have it, it is remembered here. Said twice is better than never.
        _ = try forgetAlarm(vault)
        return marks
    }

    /// Whether there was one.
    func forgetAlarm(_ vault: OpenVault) throws(Fault) -> Bool {
        try state.brakes.change(vault.id) { memory in
            defer { memory.upheaval.alarm = nil }
            return memory.upheaval.alarm != nil
        }
    }
}
