internal import Disk
package import Model

/// Brings a trash that was left in the middle of something to a state where the invariants hold. Idempotent; under the
/// vault's lock; before every command that changes something.
package struct Recovery {
    package enum Finding: Sendable {
        /// A unit found half and half went back to its origin.
        case broughtBack(Backup)
        /// It could not: a name was taken. Left as it is; its series is to be frozen.
        case stuck(Backup, Fault)
        /// A purge that had begun with it was completed.
        case purgeCompleted(Backup)
        /// A batch that was never filled was removed.
        case emptyBatch(String)
        /// A batch that nobody can read. Left as it is.
        case unreadable(String, String)
        /// An unlink walk was interrupted and is to go on.
        case unlinkUnfinished(Bytes)

        package var text: String {
            switch self {
            case .broughtBack(let backup): "'\(backup.path.display)' was found half in the trash and put back"
            case .stuck(let backup, let fault):
                "'\(backup.path.display)' is half in the trash and could not be put back: \(fault.message)"
            case .purgeCompleted(let backup): "the purge of '\(backup.path.display)' was completed"
            case .emptyBatch(let name): "batch \(name) was begun and never filled; it was removed"
            case .unreadable(let name, let why): "batch \(name) is left alone: \(why)"
            case .unlinkUnfinished(let name): "'\(name.display)' was not unlinked to its end; that goes on"
            }
        }
    }

    private let trash: TrashDirectory

    package init(trash: TrashDirectory) { self.trash = trash }

    /// What would be done; nothing is changed. `purgeIntended`: whether the audit log holds our intent for this item.
    package func inspect(
        _ batches: [Batch]? = nil, purgeIntended: (Backup) throws(Fault) -> Bool
    ) throws(Fault) -> [Finding] {
        var findings: [Finding] = []
        let purging = try self.purging()
        findings += purging.keys.sorted().map(Finding.unlinkUnfinished)
        let all: [Batch]
        if let batches { all = batches } else { all = try trash.batches() }
        for batch in all {
            guard batch.manifest != nil else {
                // A crash before the manifest was durable: no rename can have happened (invariant 2).
                let isUnfilled = try Purging(trash: trash).isBare(batch.name)
                findings.append(isUnfilled ? .emptyBatch(batch.name) : .unreadable(batch.name, batch.problem ?? ""))
                continue
            }
            for item in batch.items {
                if !item.inBatch.isEmpty, isBegun(item, batch, purging), try purgeIntended(item.backup) {
                    findings.append(.purgeCompleted(item.backup))
                } else if item.isHalfBack {
                    findings.append(.broughtBack(item.backup))
                }
            }
        }
        return findings
    }

    /// Does it, and answers what was done.
    package func run(purgeIntended: (Backup) throws(Fault) -> Bool) throws(Fault) -> [Finding] {
        var done: [Finding] = []
        for finding in try inspect(purgeIntended: purgeIntended) {
            switch finding {
            case .broughtBack(let backup): done.append(bringBack(backup))
            case .purgeCompleted(let backup):
                done.append(finding)
                // The same run unlinks it.
                if let name = try completePurge(backup) { done.append(.unlinkUnfinished(name)) }
            case .emptyBatch(let name):
                try Purging(trash: trash).takeEmpty(name)
                done.append(finding)
            case .unlinkUnfinished, .unreadable, .stuck: done.append(finding)
            }
        }
        return done
    }

    /// Towards the origin: right for an interrupted condemn and for an interrupted restore (invariant 1). A member that
    /// has a name in both places is at its origin; the other name is given up.
    private func bringBack(_ backup: Backup) -> Finding {
        do {
            guard let (batch, found) = try find(backup) else { return .broughtBack(backup) }
            var item = found
            let twice = item.inBatch.filter(item.atOrigin.contains)
            if !twice.isEmpty {
                let files = try batch.files()
                let purging = try Purging(trash: trash).begin(batch: batch.name)
                for member in twice {
                    // The name at the origin lasts before the other one goes where everything is unlinked.
                    try trash.root.open(member.path.parent).sync()
                    try MoveOut.giveUp(
                        member.path.lastComponent, of: try files.open(member.path.parent), to: purging)
                }
                try purging.sync()
                item.inBatch.removeAll(where: twice.contains)
            }
            var restoring = Restoring(trash: trash)
            try restoring.prepare(item)
            _ = try restoring.move(item, from: batch)
            return .broughtBack(backup)
        } catch {
            return .stuck(backup, error)
        }
    }

    private func completePurge(_ backup: Backup) throws(Fault) -> Bytes? {
        guard let (batch, item) = try find(backup) else { return nil }
        return try Purging(trash: trash).complete(item, from: batch)
    }

    private func find(_ backup: Backup) throws(Fault) -> (Batch, Batch.Item)? {
        guard let name = backup.trashed?.batch, let batch = try trash.batch(named: name),
            let item = batch.items.first(where: { $0.backup.path == backup.path })
        else { return nil }
        return (batch, item)
    }

    /// The names in each `.purging-*`.
    private func purging() throws(Fault) -> [Bytes: Set<Bytes>] {
        var found: [Bytes: Set<Bytes>] = [:]
        for name in try Purging(trash: trash).unfinished() {
            do {
                found[name] = Set(try trash.directory.open(name).entries().map(\.name))
            } catch {
                if error.errno != Errno.ENOENT { throw error }  // unlinked to its end meanwhile
            }
        }
        return found
    }

    private func isBegun(_ item: Batch.Item, _ batch: Batch, _ purging: [Bytes: Set<Bytes>]) -> Bool {
        let prefix = TrashDirectory.purgingPrefix + Bytes(batch.name + ".")
        let begin = Bytes(item.backup.id.text + "-")
        return purging.contains { name, entries in name.hasPrefix(prefix) && entries.contains { $0.hasPrefix(begin) } }
    }
}
