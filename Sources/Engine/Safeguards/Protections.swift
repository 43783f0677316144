internal import Catalog
internal import Config
internal import Model
internal import Retention
internal import State
internal import Trash

/// What protects the backups of a vault: marks, suspicion, links that point to them, rhythms. From rows of the catalog
/// and marks alone, so that a plan, a purge and a list see the same.
package struct Protections: UseCase {
    let context: Context

    var suspectGuard: SuspectGuard { SuspectGuard(context: context) }

    /// What stands in the vault, by its rows and by what people said.
    func present(of id: VaultID, _ marks: Marks, at now: Timestamp) throws(Fault) -> [Backup] {
        marks.condition(of: try state.catalog.present(vault: id), at: now)
    }

    /// What marks say of single backups.
    private func addMarks(
        _ marks: Marks, to protection: inout Judge.Protection, _ present: [Backup], at now: Timestamp
    ) {
        lazy var objects = Set(present.map(\.id.object))
        var lost: [(twin: UInt64, mark: Mark)] = []
        for kind in [Mark.Kind.preserved, .reprieved] {
            marks.forEachHeld(kind, at: now) { item, mark in
                protection.add(mark, item.object)
                if item.twin != 0, !objects.contains(item.object) { lost.append((item.twin, mark)) }
            }
        }
        guard !lost.isEmpty else { return }
        // A mark whose object is nowhere (a copy on another disk) protects what has its path, time and size.
        let twins = Dictionary(present.map { ($0.twin, $0.id.object) }) { first, _ in first }
        for (twin, mark) in lost {
            if let object = twins[twin] { protection.add(mark, object) }
        }
    }

    /// How often each series gets a new backup, by all that is and was there.
    private static func rhythms(
        _ past: [Bytes: [CleanupTable.Past]], _ present: [Backup], latest: Timestamp
    ) -> [Bytes: Rhythm] {
        var times = past.mapValues { $0.map(\.time) }
        for backup in present where backup.isComplete && backup.kind != .log && backup.time <= latest {
            times[backup.series, default: []].append(backup.time)
        }
        return times.compactMapValues { Rhythm(Array(Set($0).sorted(by: >).prefix(Rhythm.intervals + 1))) }
    }

    /// Which of these need which. What is in the trash, or went from there, is asked only where one
    /// of them needs anything.
    func links(of present: [Backup], in id: VaultID, _ protection: Judge.Protection) throws(Fault) -> LinkGraph? {
        guard (present + protection.unseen).contains(where: \.isLinked) else { return nil }
        let oldest = present.lazy.map(\.time).min() ?? Timestamp(nanoseconds: 0)
        let elsewhere =
            try state.catalog.trashed(vault: id)
            + state.catalog.trashed(vault: id, states: [.purged, .missing], since: oldest)
        return protection.links(of: present, elsewhere: elsewhere)
    }

    /// What protects these backups, present ones and those in the trash.
    func protection(
        _ vault: VaultConfiguration, _ id: VaultID, marks: Marks, present: [Backup], skippedEntries: [SkippedEntry],
        at now: Timestamp
    ) throws(Fault) -> Judge.Protection {
        var protection = Judge.Protection()
        addMarks(marks, to: &protection, present, at: now)
        for mark in marks.holding(.retired, at: now) {
            guard let series = Mark.series(ofTarget: mark.target) else { continue }
            protection.retired[series] = Judge.Retirement(
                keep: mark.keep, after: mark.after, at: mark.at, reason: mark.reason,
                objects: Set((mark.objects ?? []).compactMap { UInt64($0, radix: 16) }))
        }
        protection.linked = LinkTargets.backups(of: present, among: skippedEntries)
        let latest = now.adding(seconds: Judge.futureSeconds)
        let past = try state.catalog.cleanups.past(vault: id, most: Suspicion.recalled, latest: latest)
        protection.rhythms = Self.rhythms(past, present, latest: latest)
        protection.firstKnown = past.compactMapValues { $0.last?.time }
        protection.suspicion = try suspectGuard.suspicion(
            vault, id, marks: marks, present: present, past: past, latest: latest)
        for mark in marks.holding(.accepted, at: Timestamp(nanoseconds: .min)) {
            let objects = Mark.series(ofTarget: mark.target) == nil ? [mark.target] : mark.objects ?? []
            protection.accepted.formUnion(objects.compactMap { UInt64($0, radix: 16) })
        }
        suspectGuard.protectFromBefore(&protection, marks)
        return protection
    }
}

extension Backup {
    var twin: UInt64 { MarkedItems.twin(path: path, time: time, size: size) }
}

extension Judge.Protection {
    fileprivate mutating func add(_ mark: Mark, _ object: UInt64) {
        if mark.kind == .preserved {
            preserved[object] = (mark.reason, mark.until)
        } else {
            reprieved[object] = mark.until ?? Timestamp(nanoseconds: .max)
        }
    }
}
