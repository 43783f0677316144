package import Disk
package import Model

/// What people said of one vault, from both copies: the state directory's and the vault's (invariant 10).
package struct Marks: Sendable {
    package private(set) var all: [Mark.Key: Mark]
    /// The highest counter that was seen in any copy.
    private var last = 0
    /// What freezes are about, of the whole vault and of each series: there are few among many marks.
    private var freezes: [Bytes?: Set<String>] = [:]
    /// Marks about many backups: there are few.
    private var many: Set<Mark.Key> = []

    /// Grows with each mark that is added.
    package var counter: Int { last }

    package init(_ marks: [Mark] = []) {
        all = Dictionary(marks.map { ($0.key, $0) }) { $0.counter > $1.counter ? $0 : $1 }
        last = marks.lazy.map(\.counter).max() ?? 0
        index()
    }

    private mutating func index() {
        for (key, mark) in all {
            if mark.items != nil { many.insert(key) }
            record(key)
        }
    }

    private mutating func record(_ key: Mark.Key) {
        guard key.kind == .frozen else { return }
        let series = Mark.series(ofTarget: key.target)
        freezes[series, default: []].insert(key.target)
        // A word about `db-*.sql.gz`, as the series was once called, holds for `db-*.sql`.
        if let series { freezes[Backup.seriesWithoutPacker(series), default: []].insert(key.target) }
    }

    /// One copy missing: the other counts. In both: the newer by counter, but a protection in either copy holds unless
    /// the state's copy has its release. A mark that only the vault knows can keep, never condemn.
    package init(state: [Mark]?, vault: [Mark]?) {
        let (state, vault) = (Marks(state ?? []), Marks(vault ?? []))
        let own = state.all
        all = own
        last = max(state.last, vault.last)
        for (key, other) in vault.all {
            guard key.kind.protects else {
                // A release of what condemns does keep: it holds in either copy.
                if other.released, let mine = own[key], other.counter > mine.counter { all[key] = other }
                continue
            }
            guard let mine = own[key] else {
                if !other.released { all[key] = other }
                continue
            }
            if mine.released {
                if !other.released, other.counter > mine.counter { all[key] = other }
            } else if !other.released, other.counter > mine.counter {
                all[key] = other
            }
        }
        index()
    }

    package func mark(_ kind: Mark.Kind, _ target: String, at now: Timestamp) -> Mark? {
        newest(kind, target).flatMap { $0.holds(at: now) ? $0 : nil }
    }

    /// The last word about it, lifted or over as it may be: a mark of its own, or one about many.
    package func newest(_ kind: Mark.Kind, _ target: String) -> Mark? {
        var newest = all[Mark.Key(kind, target)]
        guard !many.isEmpty, let object = Mark.object(ofTarget: target) else { return newest }
        for key in many where key.kind == kind {
            guard let mark = all[key], mark.counter > newest?.counter ?? .min, mark.items?.contains(object) ?? false
            else { continue }
            newest = mark
        }
        return newest
    }

    /// Every single backup of which a mark of this kind holds, and the mark: the newest about it counts.
    package func forEachHeld(_ kind: Mark.Kind, at now: Timestamp, _ body: (MarkedItems.Item, Mark) -> Void) {
        let marks = all.values.filter { $0.kind == kind }.sorted { $0.counter < $1.counter }
        var last: [UInt64: (mark: Int, twin: UInt64)] = [:]
        for (n, mark) in marks.enumerated() {
            for item in mark.items?.sorted ?? mark.single.map({ [$0] }) ?? [] { last[item.object] = (n, item.twin) }
        }
        let holds = marks.map { $0.holds(at: now) }
        for (object, word) in last where holds[word.mark] {
            body(MarkedItems.Item(object: object, twin: word.twin), marks[word.mark])
        }
    }

    /// Why nothing may be condemned or purged in the vault, under the policy of this hash: every freeze that holds,
    /// the oldest first.
    package func freezes(at now: Timestamp, policy hash: String) -> [Mark] {
        freezes(nil, at: now).filter { $0.concerns(policy: hash) }
    }

    package func freezes(series: Bytes, at now: Timestamp) -> [Mark] { freezes(series, at: now) }

    private func freezes(_ series: Bytes?, at now: Timestamp) -> [Mark] {
        guard let targets = freezes[series] else { return [] }
        return targets.compactMap { mark(.frozen, $0, at: now) }
            .sorted { ($0.at, $0.target) < ($1.at, $1.target) }
    }

    package func frozen(at now: Timestamp, policy hash: String) -> Mark? { freezes(at: now, policy: hash).first }

    package func frozen(series: Bytes, at now: Timestamp) -> Mark? {
        freezes.isEmpty ? nil : freezes(series, at: now).first
    }

    package func holding(_ kind: Mark.Kind, at now: Timestamp) -> [Mark] {
        all.values.filter { $0.kind == kind && $0.holds(at: now) }.sorted { $0.target < $1.target }
    }

    /// Adds a word; it is newer than all before.
    package mutating func add(_ mark: Mark) {
        var mark = mark
        last = last.adding(1)
        mark.counter = last
        replace(with: mark)
        all[mark.key] = mark
        if mark.items != nil { many.insert(mark.key) }
        record(mark.key)
    }

    /// Where a copy cannot be read, it may hold later words than the other: what is added now is newer than those.
    fileprivate mutating func overtakeUnread() { last = last.adding(1 << 20) }

    /// What older marks said of the same backups is not carried along: no list grows without end. It holds also where
    /// the other copy has them still: the newer word counts.
    private mutating func replace(with mark: Mark) {
        if let items = mark.items {
            for item in items.sorted { all[Mark.Key(mark.kind, BackupID(object: item.object).objectText)] = nil }
        }
        guard !many.isEmpty, mark.items != nil || mark.object != nil else { return }
        for key in many where key.kind == mark.kind {
            all[key]?.items?.remove { mark.items?.contains($0) ?? (mark.object == $0) }
            guard all[key]?.items?.sorted.isEmpty ?? true else { continue }
            all[key] = nil
            many.remove(key)
        }
    }
}

extension Mark {
    /// What a mark about one backup is about.
    fileprivate var single: MarkedItems.Item? {
        guard items == nil, let object else { return nil }
        guard let path, let time, let size, let path = Bytes(text: path, raw: pathRaw) else {
            return .init(object: object)
        }
        return .init(object: object, twin: MarkedItems.twin(path: path, time: time, size: size))
    }
}

/// Reads and writes both copies. A copy that cannot be read freezes the vault: it may hold a protection.
package struct MarkStore: Sendable {
    private static let name: Bytes = "marks.json"
    private static let limit = 1 << 26
    private let stateDirectory: Bytes
    private let layer: any FileLayer
    private let damage: Damage?

    /// `damage`: go on with the other copy where one cannot be read, and record that here.
    package init(
        stateDirectory: Bytes, in layer: any FileLayer = LinuxFileLayer(), damage: Damage? = nil
    ) {
        self.stateDirectory = stateDirectory
        self.layer = layer
        self.damage = damage
    }

    /// `trash`: `nil` where the vault has none yet.
    package func read(_ vault: VaultID, trash: TrashDirectory?) throws(Fault) -> Marks {
        let copies = try copies(vault, trash: trash)
        var marks = Marks(state: copies.state, vault: copies.vault)
        if isDamaged(in: stateDirectory) || trash.map({ isDamaged(in: $0.directory.path) }) ?? false {
            marks.overtakeUnread()
        }
        return marks
    }

    /// Each copy by itself; `nil`: it is not there.
    package func copies(
        _ vault: VaultID, trash: TrashDirectory?
    ) throws(Fault) -> (state: [Mark]?, vault: [Mark]?) {
        let state = try Directory.open(absolute: stateDirectory, in: layer)
        let own = try read(in: state)
        let theirs = try trash.map { trash throws(Fault) in try read(in: trash.directory) }
        return (own?.vaults[vault.text], theirs??.vaults[vault.text])
    }

    private func read(in directory: Directory) throws(Fault) -> MarkFile? {
        do {
            return try Self.file(in: directory)
        } catch {
            guard let damage else { throw error }
            damage.add(error, directory.path.appending(Self.name))
            return nil
        }
    }

    /// The vault's copy first, then the state's. If we stop in between, the vault's protection holds, and its approval
    /// counts for nothing. Both are tried; the first fault is thrown. A copy that could not be read stays as it is: it
    /// may hold a protection, and a person may repair it. `trash`: `nil` where the vault cannot be written.
    package func write(_ marks: Marks, _ vault: VaultID, trash: TrashDirectory?) throws(Fault) {
        let sorted = marks.all.values.sorted { $0.counter < $1.counter }
        var fault: Fault?
        var written = 0
        do {
            if let trash, !isDamaged(in: trash.directory.path) {
                let file = MarkFile(vaults: [vault.text: sorted])
                try trash.directory.ownFiles.replace(Self.name, with: file.encoded, mode: 0o640)
                written += 1
            }
        } catch {
            fault = error
        }
        do {
            let state = try Directory.open(absolute: stateDirectory, in: layer)
            let lock = try FileLock.take("marks.lock", in: state, holder: "reprieve", waitSeconds: 10)
            defer { withExtendedLifetime(lock) {} }
            var file = try read(in: state) ?? MarkFile()
            if !isDamaged(in: state.path) {
                file.vaults[vault.text] = sorted
                try state.ownFiles.replace(Self.name, with: file.encoded, mode: 0o640)
                written += 1
            }
        } catch {
            fault = fault ?? error
        }
        if let fault { throw fault }
        guard written > 0 else {
            throw Fault(
                .frozen, "no copy of the marks could be read, so none was written",
                hint: "nothing is condemned or purged there until marks.json is repaired or moved away",
                path: (trash?.directory.path ?? stateDirectory).appending(Self.name))
        }
    }

    private func isDamaged(in directory: Bytes) -> Bool {
        damage?.contains(directory.appending(Self.name)) ?? false
    }

    /// Policies approved for other vaults: what a wildcard's later match inherits from.
    package func approvals(of vaults: [VaultID]) throws(Fault) -> [Mark] {
        let state = try Directory.open(absolute: stateDirectory, in: layer)
        let file = try Self.file(in: state)
        return vaults.flatMap { file?.vaults[$0.text] ?? [] }.filter { $0.kind == .approved && !$0.released }
    }

    /// `nil`: there is none.
    private static func file(in directory: Directory) throws(Fault) -> MarkFile? {
        var why = ""
        do {
            guard let bytes = try directory.ownFiles.read(name, limit: limit) else { return nil }
            if let file = try? MarkFile(decoding: bytes) { return file }
        } catch {
            guard error.code == .unsafe || error.code == .damaged else { throw error }
            why = " (\(error.message))"
        }
        throw Fault(
            .frozen, "the marks in '\(directory.path.display)' cannot be read, so nothing is condemned or purged\(why)",
            hint: "they may hold protections: repair marks.json there, or move it away if the other copy is good",
            path: directory.path.appending(name))
    }
}
