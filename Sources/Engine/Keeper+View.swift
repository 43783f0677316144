internal import Catalog
internal import Disk
package import Model
package import Retention
internal import Survey
package import Trash

/// What is known of a vault, for everything that only looks.
package struct VaultView: Sendable {
    package var configuration: VaultConfiguration
    package var at: Moment
    package var id: VaultID?
    package var present: [Backup] = []
    package var trashed: [Backup] = []
    /// Purged and missing ones.
    package var gone: [Backup] = []
    package var leftAlone: [LeftAlone] = []
    package var marks = Marks()
    /// What people said of single backups.
    package var protection = Judge.Protection()
    package var plan: Plan?
    /// How each series is doing.
    package var pulses: [Bytes: SeriesPulse] = [:]
    /// Since when plans wait for the present reason; `nil`: they do not, or no cleanup said so yet.
    package var heldSince: Timestamp?
    /// Why nothing goes in it, the oldest first: several causes may hold at once.
    package var freezes: [Mark] = []
    package var frozen: Mark? { freezes.first }
    /// How the agent learns of changes, where that is not by events alone.
    package var watching: String?
    /// What recovery would do.
    package var recovery: [String] = []
    package var unreadable: [Fault] = []
    /// Gone from the trash without us, seen just now.
    package var missing: [Backup] = []
    /// In the trash, and the policy would keep them now: they stay there until a person takes them back.
    package var wanted: [Backup] = []
    /// Other disks that were adopted for its path, and are not there now.
    package var away: [AwayDisk] = []
    /// Its file system is mounted read-only: only looks are possible.
    package var isReadOnly = false
    /// Why the index may not equal the disk, for who only asks the index.
    package var doubt: String?
    /// Why nothing can be said; then what stands here is of an earlier look.
    package var fault: Fault?

    package var label: String { configuration.label }

    /// What a person said against a trashed backup, or against its series.
    package func word(against backup: Backup) -> Mark? {
        marks.mark(.condemned, backup.id.text, at: at.wall)
            ?? marks.mark(.retired, Mark.seriesTarget(backup.series), at: at.wall)
    }

    /// When the policy in force was approved.
    package var approvedAt: Timestamp? {
        marks.all[Mark.Key(.approved, Mark.vaultTarget)].flatMap { $0.released ? nil : $0.at }
    }
    package var everything: [Backup] { present + trashed + gone }

    /// Series that are frozen: each mark, and the key.
    package var frozenSeries: [(series: Bytes, mark: Mark)] {
        marks.holding(.frozen, at: at.wall).compactMap { mark in Mark.series(ofTarget: mark.target).map { ($0, mark) } }
    }

    package func isFrozen(series: Bytes) -> Bool { marks.frozen(series: series, at: at.wall) != nil }

    package func decision(of backup: Backup) -> Decision? {
        plan?.judged.first { $0.backup.id == backup.id && $0.backup.path == backup.path }?.decision
    }

    /// All of them by path, for who asks for many.
    package func decisions() -> [Bytes: Decision] {
        Dictionary((plan?.judged ?? []).map { ($0.backup.path, $0.decision) }) { first, _ in first }
    }
}

extension Keeper {
    /// Looks at each vault, or trusts the agent's catalog where one is alive and vouches for it. All at once, and one
    /// that hangs delays no other.
    package func views(of vaults: [VaultConfiguration]) -> [VaultView] {
        let isLive = home.agentIsRunning
        return VaultLanes(keeper: self).run(vaults) { vault in
            hungView(vault)
        } _: { vault, pulse in
            view(vault, isLive: isLive, pulse)
        }
    }

    /// What an earlier look knows of it.
    private func hungView(_ vault: VaultConfiguration) -> VaultView {
        var view = VaultView(configuration: vault, at: now(), fault: hung(vault))
        do {
            view.id = try home.registry.lastKnown(vault.path)
            if let id = view.id { view.marks = try home.marks.read(id, trash: nil) }
            try fill(&view)
        } catch {
            // That it hangs says more than why its catalog could not be read.
        }
        return view
    }

    private func view(_ vault: VaultConfiguration, isLive: Bool, _ pulse: VaultLanes.Pulse) -> VaultView {
        var view = VaultView(configuration: vault, at: now())
        // What has left the trash by this look, though who only looks does not write it down.
        var left: [(backup: Backup, state: Backup.State)] = []
        // What was just read is not read again.
        var known: (present: [Backup], leftAlone: [LeftAlone])?
        do {
            view.id = try home.registry.lastKnown(vault.path)
            if isLive, let id = view.id { view.watching = try home.catalog.watching(vault: id) }
            if isLive, let id = view.id, try home.catalog.unreconciled(vault: id) == nil {
                view.marks = try home.marks.read(id, trash: nil)
                view.freezes = try freezes(vault, id, view.marks, at: view.at.wall)
                // The catalog is right; whether the disk is still to be had, only the disk can tell.
                view.isReadOnly = try answers(vault) == .readOnly
            } else {
                let attended = try attend(
                    vault, acting: false,
                    shouldStop: {
                        pulse.beat(at: now())
                        return pulse.isLeft
                    })
                view.id = attended.vault.id
                view.isReadOnly = FileSystem.isReadOnly(attended.vault.root)
                view.marks = attended.marks
                view.recovery = attended.recovery.map(\.text)
                view.unreadable = attended.scan.faults
                view.missing = attended.missing
                left = attended.left
                known = (attended.present + attended.unseen, attended.leftAlone)
                view.freezes = try freezes(attended.vault, attended.marks, at: view.at.wall)
            }
        } catch {
            view.fault = error
        }
        do {
            try fill(&view, known)
            for (backup, state) in left {
                view.trashed.removeAll { $0.path == backup.path && $0.trashed?.batch == backup.trashed?.batch }
                guard state == .purged else { continue }
                var backup = backup
                backup.state = state
                view.gone.append(backup)
            }
        } catch {
            view.fault = view.fault ?? error
        }
        return view
    }

    func fill(
        _ view: inout VaultView, _ known: (present: [Backup], leftAlone: [LeftAlone])? = nil
    ) throws(Fault) {
        view.away = try home.registry.disks(at: view.configuration.path).filter { $0.isAway && $0.id != view.id }
        guard let id = view.id else { return }
        if let known {
            (view.present, view.leftAlone) = known
        } else {
            view.present = try home.catalog.present(vault: id)
            view.leftAlone = try home.catalog.leftAlone(vault: id)
        }
        let batched = try home.catalog.trashed(vault: id, states: [.trashed, .purged, .missing])
        view.trashed = batched.filter { $0.state == .trashed }
        view.gone = batched.filter { $0.state != .trashed }
        view.protection = try protection(
            view.configuration, id, view.marks, view.present + view.trashed, view.leftAlone, at: view.at.wall)
        view.plan = try decide(
            view.configuration, id, view.present, view.marks, view.protection, at: view.at,
            pressure: view.fault == nil ? pressure(on: view.configuration, id) : nil)
        view.wanted = wanted(
            view.configuration.policy(zone: configuration.zone.value), view.protection, view.marks,
            present: view.present, trashed: view.trashed, at: view.at)
        view.pulses = SeriesPulse.all(
            view.present, protection: view.protection, links: view.plan?.links, now: view.at)
        view.heldSince = try home.plans.hold(of: id)?.since
    }

    // MARK: Words

    /// What a word on the command line means.
    package enum Target: Sendable {
        case vault(VaultView)
        case series(VaultView, Bytes)
        case backup(VaultView, Backup)
        case batch(VaultView, String)
    }

    /// All that the words name. A vault before another word narrows it to that vault. Nothing: `.notFound`.
    package func targets(_ words: [String], in views: [VaultView]) throws(Fault) -> [Target] {
        try targetsByWord(words, in: views).flatMap(\.targets)
    }

    func targetsByWord(
        _ words: [String], in views: [VaultView]
    ) throws(Fault) -> [(word: String, targets: [Target])] {
        let (views, words) = narrowed(words, in: views)
        var found: [(word: String, targets: [Target])] = []
        for word in words { found.append((word, try targets(word, in: views))) }
        return found
    }

    /// A vault before another word narrows it to that vault.
    func narrowed(_ words: [String], in views: [VaultView]) -> (views: [VaultView], words: [String]) {
        guard words.count > 1, let first = words.first else { return (views, words) }
        let narrowed = views.filter { $0.label == first || $0.configuration.entry == first }
        return narrowed.isEmpty ? (views, words) : (narrowed, Array(words.dropFirst()))
    }

    private func targets(_ word: String, in views: [VaultView]) throws(Fault) -> [Target] {
        let place = Place(word, in: views)
        let vaults = views.filter {
            $0.label == word || $0.configuration.entry == word || place.paths.contains($0.configuration.path)
        }
        if !vaults.isEmpty { return vaults.map(Target.vault) }
        // An exact name wins over one that only looks the same (NFC and NFD, escapes) or is shortened.
        for isExact in [true, false] {
            let found = views.flatMap { Self.targets(word, place, in: $0, isExact: isExact) }
            if !found.isEmpty { return found }
        }
        if let fault = views.compactMap(\.fault).first { throw fault }
        if word.allSatisfy(\.isHexDigit), word.utf8.count < 4,
            views.contains(where: { $0.everything.contains { $0.id.objectText.hasPrefix(word.lowercased()) } })
        {
            throw Fault(.ambiguous, "'\(word)' is too short for an id", hint: "give four characters at least")
        }
        throw Fault(
            .notFound, "nothing here is called '\(word)'",
            hint: "a vault, a series, an id or its beginning, or a path; `reprieve list` shows what there is")
    }

    private static func targets(_ word: String, _ place: Place, in view: VaultView, isExact: Bool) -> [Target] {
        let bytes = Bytes(word)
        let series = Set(view.everything.map(\.series)).filter { key in
            if isExact { return key == bytes || Backup.name(ofSeries: key) == bytes }
            return [key, Backup.name(ofSeries: key)].contains { $0.display == word }
                || Backup.shortName(ofSeries: key) == bytes || Backup.shortName(ofSeries: key).display == word
        }
        let batches = Set(view.everything.compactMap(\.trashed?.batch)).filter { $0 == word }
        let backups = view.everything.filter { backup in
            isExact ? place.names(backup, in: view) : isLike(backup, word, bytes)
        }
        // All kinds are tried: a series may be called as an id begins.
        return series.sorted().map { .series(view, $0) } + batches.map { .batch(view, $0) }
            + backups.map { .backup(view, $0) }
    }

    /// By the beginning of its id, its last component, or as it is shown.
    private static func isLike(_ backup: Backup, _ word: String, _ bytes: Bytes) -> Bool {
        let parts = word.lowercased().split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        if parts[0].utf8.count >= 4, backup.id.objectText.hasPrefix(parts[0]) {
            let link = backup.id.text.split(separator: "~").dropFirst().first.map(String.init) ?? ""
            if parts.count == 1 || link.hasPrefix(parts[1]) { return true }
        }
        return backup.members.contains { member in
            let last = member.path.lastComponent
            return member.path.display == word || last == bytes || last.display == word
        }
    }
}

/// A word as a path: as it stands, from the working directory, and with its directory's links resolved.
private struct Place {
    let word: Bytes
    let paths: Set<Bytes>
    /// Where each vault is, as configured and resolved.
    private let roots: [Bytes: Set<Bytes>]

    init(_ text: String, in views: [VaultView]) {
        let vaults = views.map(\.configuration.path)
        let resolved = Reach.resolved(vaults)
        roots = Dictionary(vaults.map { ($0, [$0, resolved[$0] ?? $0]) }) { first, _ in first }
        word = Bytes(text)
        let whole = Configuration.absolute(text)
        var paths: Set<Bytes> = [whole]
        if let parent = Reach.resolved(whole.parent) { paths.insert(parent.appending(whole.lastComponent)) }
        if let resolved = Reach.resolved(whole) { paths.insert(resolved) }
        self.paths = paths
    }

    /// Whether it names this backup, or a side file of it, in its place or in its batch.
    func names(_ backup: Backup, in view: VaultView) -> Bool {
        let roots = roots[view.configuration.path] ?? []
        return backup.members.contains { member in
            if member.path == word { return true }
            return roots.contains { root in
                if paths.contains(root.appending(member.path)) { return true }
                guard let batch = backup.trashed?.batch else { return false }
                return paths.contains(root.appending(Bytes(".trash/\(batch)/files")).appending(member.path))
            }
        }
    }
}
