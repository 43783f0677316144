import Disk
import Model
import Testing

@testable import Trash

/// A vault in memory with three kinds of units, and what can be done with them, in the order of `Engine`. The audit log
/// is a set: what is in it lasts.
final class TrashDrill {
    static let batch = "20261123T040000.000Z"
    static let vault = VaultID(text: "00112233445566778899aabbccddeeff")
    let disk = MemoryDisk()
    /// Purge intents, by path.
    var intents: Set<Bytes> = []
    private let now = Moment(wall: Timestamp(rfc3339: "2026-11-23T04:00:00Z")!, boot: 1, bootID: "boot")

    /// What goes and comes back, the backup that needs another before that one.
    struct Load {
        var files: [Bytes: String]
        var units: [[Bytes]]
        /// Each unit needs the one behind it.
        var isChain = false

        /// A file alone, a set of three, and a directory with two files.
        static let mixed = Load(
            files: [
                "vault/a-1.tar": "alone", "vault/app/b-1.dump": "main", "vault/app/b-1.dump.sha256": "sum",
                "vault/app/b-1.dump.log": "said", "vault/deep/er/c-1/one": "1", "vault/deep/er/c-1/two": "2",
            ],
            units: [["a-1.tar"], ["app/b-1.dump", "app/b-1.dump.sha256", "app/b-1.dump.log"], ["deep/er/c-1"]])

        /// One backup of so many files.
        static func set(of count: Int) -> Load {
            let names = (1...count).map { Bytes("app/b-1.tar.\($0)") }
            return Load(files: content(names), units: [names])
        }

        /// A full backup and its incrementals, the newest first.
        static func chain(of count: Int) -> Load {
            let names = (1...count).reversed().map { Bytes("app/b-\($0 + 100).tar") }
            return Load(files: content(names), units: names.map { [$0] }, isChain: true)
        }

        private static func content(_ names: [Bytes]) -> [Bytes: String] {
            Dictionary(uniqueKeysWithValues: names.map { ("vault/" + $0, $0.display) })
        }
    }
    let load: Load

    init(_ load: Load = .mixed) throws {
        self.load = load
        disk.put("vault/app/b-2.dump", "newer")
        for (path, content) in load.files.sorted(by: { $0.key < $1.key }) { disk.put(path, content) }
        disk.put("state/keep")
        disk.put("outside/secret", "outside")
        _ = try TrashDirectory.make(in: try root())
        disk.restart()
    }

    func root() throws -> Directory { try Directory.open(absolute: "vault", in: disk) }
    func trash() throws -> TrashDirectory {
        // `init` made it.
        try #require(try TrashDirectory.open(in: try root()))
    }

    func backups() throws -> [Backup] {
        let root = try root()
        return try load.units.map { paths in
            let members = try paths.map { path in
                let seen = try #require(try root.open(path.parent).sighting(of: path.lastComponent))
                return Backup.Member(
                    path: path, object: seen.object, inode: seen.inode, isDirectory: seen.kind == .directory,
                    size: seen.size, mtime: seen.mtime, ctime: seen.ctime)
            }
            return Backup(
                id: BackupID(object: members[0].inode), vault: Self.vault, series: paths[0], members: members,
                time: now.wall, timeSource: .name, condition: .complete, note: "", size: 1, allocated: 1, mode: 0o640,
                uid: 0, gid: 0, observedSince: now.wall, changedBoot: 0, changedBootID: "")
        }
    }

    // MARK: Deeds

    func condemn(_ backups: [Backup]) throws {
        let trash = try trash()
        let lock = try trash.lock(holder: "drill", waitSeconds: 0)
        defer { withExtendedLifetime(lock) {} }
        var condemning = Condemning(trash: trash)
        let items = backups.map {
            Condemning.Item(backup: $0, decision: .init(retain: false, priority: "low", reasons: []))
        }
        let still = try condemning.confirm(items).still
        guard !still.isEmpty else { return }
        let manifest = Manifest(
            vault: Self.vault, batch: Self.batch, run: 1, plan: "p", program: "drill",
            condemnedAt: .init(moment: now, witness: "w", witnessedSeconds: 0), graceSeconds: 1,
            policy: .init(hash: "h", text: "t"), parents: condemning.parents(of: still),
            items: still.map { Manifest.Item($0.backup, decision: $0.decision) })
        _ = try condemning.carryOut(still, manifest.sealed) {}
    }

    func restore() throws {
        let trash = try trash()
        let lock = try trash.lock(holder: "drill", waitSeconds: 0)
        defer { withExtendedLifetime(lock) {} }
        for batch in try trash.batches() {
            // What is needed comes first.
            for item in load.isChain ? batch.items.reversed() : batch.items where !item.inBatch.isEmpty {
                var restoring = Restoring(trash: trash)
                try restoring.prepare(item)
                say([reprieved(item)], in: trash)
                _ = try restoring.move(item, from: batch)
            }
        }
    }

    private func reprieved(_ item: Batch.Item) -> Mark {
        Mark(
            kind: .reprieved, target: item.backup.id.objectText, reason: "back", actor: "drill", at: now.wall,
            until: nil)
    }

    /// A mark that cannot be written stops no restore (invariant 9).
    private func say(_ said: [Mark], in trash: TrashDirectory) {
        do {
            let store = MarkStore(stateDirectory: "state", in: disk)
            var marks = try store.read(Self.vault, trash: trash)
            for mark in said { marks.add(mark) }
            try store.write(marks, Self.vault, trash: trash)
        } catch {}
    }

    /// The whole batch back, in the order of `Undo.undo`: the freeze and all marks, the renames, one barrier.
    func undo() throws {
        let trash = try trash()
        let lock = try trash.lock(holder: "drill", waitSeconds: 0)
        defer { withExtendedLifetime(lock) {} }
        var restoring = Restoring(trash: trash)
        var going: [(batch: Batch, item: Batch.Item)] = []
        for batch in try trash.batches() {
            for item in batch.items where !item.inBatch.isEmpty && (try? restoring.prepare(item)) != nil {
                going.append((batch, item))
            }
        }
        let freeze = Mark.freeze(.undone, reason: "undo", actor: "drill", at: now.wall)
        say([freeze] + going.map { reprieved($0.item) }, in: trash)
        for (batch, item) in going { _ = try? restoring.putBack(item, from: batch) }
        try restoring.sync()
    }

    func purge() throws {
        let trash = try trash()
        let purging = Purging(trash: trash)
        var names: [Bytes] = try purging.unfinished()
        do {
            let lock = try trash.lock(holder: "drill", waitSeconds: 0)
            defer { withExtendedLifetime(lock) {} }
            for batch in try trash.batches() {
                let due = batch.items.filter { !$0.inBatch.isEmpty && $0.atOrigin.isEmpty }
                if !due.isEmpty {
                    let outcome = try purging.carryOut(due, from: batch) {
                        intents.formUnion(due.map(\.backup.path))
                    }
                    if outcome.unsynced == nil { names.append(outcome.name) }
                    if !outcome.failed.isEmpty { continue }
                }
                if let name = try purging.takeEmpty(batch.name) { names.append(name) }
            }
        }
        _ = purging.unlink(names)
    }

    @discardableResult
    func recover() throws -> [Recovery.Finding] {
        let trash = try trash()
        let lock = try trash.lock(holder: "drill", waitSeconds: 0)
        defer { withExtendedLifetime(lock) {} }
        return try Recovery(trash: trash).run { intents.contains($0.path) }
    }

    // MARK: What must hold

    enum Place: Hashable { case origin, batch, purged }

    /// Where each unit is, after recovery; records an issue where one is not whole in exactly one place.
    func check(mayBePurged: Bool, _ what: @autoclosure () -> String) -> [Place] {
        let tree = disk.tree
        #expect(tree["outside/secret"] == "outside" && tree["vault/app/b-2.dump"] == "newer", "\(what())")
        let places: [Place] = load.units.map { paths in
            let own = load.files.keys.filter { file in paths.contains { file.isWithin("vault/" + $0) } }
            let trashed = Bytes("vault/.trash/\(Self.batch)/files/")
            let atOrigin = own.filter { tree[$0] == load.files[$0] }
            let inBatch = own.filter { tree[trashed + $0.dropFirst(6)] == load.files[$0] }
            if atOrigin.count == own.count, inBatch.isEmpty { return .origin }
            if inBatch.count == own.count, atOrigin.isEmpty {
                let manifest = tree[Bytes("vault/.trash/\(Self.batch)/manifest.json")] ?? ""
                #expect(manifest.hasSuffix("}\n"), "\(what()): \(paths[0]) lies in a batch without a whole manifest")
                return .batch
            }
            if atOrigin.isEmpty, inBatch.isEmpty, mayBePurged, intents.contains(paths[0]) { return .purged }
            Issue.record("\(what()): \(paths[0]): \(atOrigin.count) at the origin, \(inBatch.count) in the batch")
            return .purged
        }
        if load.isChain, let first = places.firstIndex(of: .origin) {
            #expect(places[first...].allSatisfy { $0 == .origin }, "\(what()): one is there without what it needs")
        }
        return places
    }
}
