internal import Disk
internal import Foundation
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

    /// Every record, oldest first. A line that is none proves nothing, and is passed over.
    package func forEach(_ body: (AuditLine) -> Void) throws(Fault) {
        var reader = LogReader(path)
        while true {
            let lines = try reader.next()
            guard !lines.isEmpty else { return }
            for line in lines {
                if let record = AuditLine(line) { body(record) }
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

    /// A break in the chain, for a person.
    package struct Problem: Sendable {
        package var line: Int
        package var text: String
    }

    /// Checks number and hash of every line against the line before, and the end against `audit.head`.
    package func verify() throws(Fault) -> (records: Int, problems: [Problem]) {
        var reader = LogReader(path)
        var problems: [Problem] = []
        var number = 0
        var last: (seq: Int, hash: String)?
        while true {
            let lines = try reader.next()
            guard !lines.isEmpty else { break }
            for line in lines {
                number += 1
                guard let record = AuditLine(line) else {
                    problems.append(Problem(line: number, text: "is no record"))
                    continue
                }
                let hash = line.withUnsafeBytes {
                    Self.hash(UnsafeRawBufferPointer(rebasing: $0.dropLast(LineForm.hashLength)))
                }
                if hash != record.hash { problems.append(Problem(line: number, text: "was changed (hash)")) }
                if let last, record.prev != last.hash || record.seq != last.seq + 1 {
                    problems.append(
                        Problem(
                            line: number,
                            text: "does not follow record \(last.seq): records were removed, added or moved"))
                }
                last = (record.seq, record.hash)
            }
        }
        if let anchor = try anchor(),
            (last?.seq ?? 0) < anchor.seq || (last?.seq == anchor.seq && last?.hash != anchor.hash)
        {
            problems.append(
                Problem(
                    line: number + 1, text: "the log ends at record \(last?.seq ?? 0), but \(anchor.seq) were written"))
        }
        return (number, problems)
    }

    private func anchor() throws(Fault) -> Head? {
        let state = try Directory.open(absolute: stateDirectory)
        guard let bytes = try state.read("audit.head", limit: 4096) else { return nil }
        return try? JSONDecoder().decode(Head.self, from: Data(bytes.storage))
    }
}
