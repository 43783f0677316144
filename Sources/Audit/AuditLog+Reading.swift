internal import JSONText
package import Model

extension AuditLog {
    /// What the log proves of the items of one vault: state only for invariants 1 and 3.
    package struct Facts: Sendable {
        package struct Item: Hashable, Sendable {
            package var batch: String
            package var id: String

            package init(batch: String, id: BackupID) {
                self.batch = batch
                self.id = id.text
            }

            init(batch: String, text: String) {
                self.batch = batch
                id = text
            }
        }

        package var condemned: Set<Item> = []
        package var purgeIntended: Set<Item> = []
        package var purged: Set<Item> = []
        package var restored: Set<Item> = []
        package var missing: Set<Item> = []
        /// Batches whose making we logged, with their manifest's hash.
        package var manifests: [String: String] = [:]
    }

    /// Every record that there is, oldest first, also of what was put aside and packed. A line that is none proves
    /// nothing, and is passed over.
    package func forEach(_ body: (AuditLine) -> Void) throws(Fault) {
        for segment in try parts.segments() {
            try segment.forEach { line in
                body(line)
                return true
            }
        }
    }

    package func facts(of vault: VaultID) throws(Fault) -> Facts {
        var facts = Facts()
        var wanted: [UInt8] = []
        JSON.quote(vault.text, to: &wanted)
        try forEach { line in
            guard line.holds(wanted, as: "vault_id"), let batch = line.batch else { return }
            if let hash = line.manifest { facts.manifests[batch] = hash }
            guard let id = line.backup else { return }
            let item = Facts.Item(batch: batch, text: id)
            switch AuditEvent(rawValue: line.event) {
            case .condemned: facts.condemned.insert(item)
            case .purgeIntent: facts.purgeIntended.insert(item)
            case .purged: facts.purged.insert(item)
            case .restored: facts.restored.insert(item)
            case .missing: facts.missing.insert(item)
            default: break
            }
        }
        return facts
    }

    /// Records with a larger number, oldest first, `limit` at most. `lost`: the numbers right after `seq` that exist no
    /// more; a gap further on is told by the call that comes to it.
    package func read(after seq: Int, limit: Int) throws(Fault) -> (lines: [AuditLine], lost: Range<Int>?) {
        var lines: [AuditLine] = []
        var lost: Range<Int>?
        for segment in try parts.segments(from: seq + 1) where lines.count < limit {
            let goesOn = try segment.forEach(after: lines.last?.seq ?? seq) { line in
                if let last = lines.last {
                    guard line.seq == last.seq + 1 else { return line.seq <= last.seq }
                } else if line.seq > seq + 1 {
                    lost = seq + 1..<line.seq
                }
                lines.append(line)
                return lines.count < limit
            }
            if !goesOn { break }
        }
        return (lines, lost)
    }

    /// The last records that are meant, oldest first, and the number of the last of all.
    package func last(
        _ count: Int, since: Timestamp?, where isMeant: (AuditLine) -> Bool
    ) throws(Fault) -> (lines: [AuditLine], seq: Int) {
        var found: [AuditLine] = []
        var seq = 0
        for segment in try parts.segments().reversed() {
            var own: [AuditLine] = []
            try segment.forEach { line in
                seq = max(seq, line.seq)
                if isMeant(line) {
                    own.append(line)
                    // Not one by one: that would be quadratic.
                    if own.count / 2 > count.adding(500) { own.removeFirst(own.count - count) }
                }
                return true
            }
            found = own.suffix(max(0, count - found.count)) + found
            // What stands in an older file is older, but for a clock that was set back.
            let isOldEnough = since.flatMap { since in segment.began.map { $0 < since } }
            if found.count >= count || isOldEnough ?? false { break }
        }
        return (found, seq)
    }

    /// The number of a record that is older than this time, or the first there is: what stands before is not needed for
    /// anything that began since.
    package func number(before time: Timestamp) throws(Fault) -> Int? {
        let segments = try parts.segments()
        let older = segments.prefix { $0.began.map { $0 <= time } ?? true }
        return (older.last ?? segments.first)?.first
    }
}
