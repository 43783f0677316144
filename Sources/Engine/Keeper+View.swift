internal import Catalog
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
    package var frozen: Mark?
    /// What recovery would do.
    package var recovery: [String] = []
    package var unreadable: [Fault] = []
    /// Why nothing can be said; then what stands here is of an earlier look.
    package var fault: Fault?

    package var label: String { configuration.label }
    package var everything: [Backup] { present + trashed + gone }

    package func isFrozen(series: Bytes) -> Bool { marks.frozen(series: series, at: at.wall) != nil }

    package func decision(of backup: Backup) -> Decision? {
        plan?.judged.first { $0.backup.id == backup.id && $0.backup.path == backup.path }?.decision
    }
}

extension Keeper {
    /// Looks at each vault, or trusts the agent's catalog where one is alive and vouches for it.
    package func views(of vaults: [VaultConfiguration]) -> [VaultView] {
        let isLive = home.agentIsRunning
        return vaults.map { view($0, isLive: isLive) }
    }

    private func view(_ vault: VaultConfiguration, isLive: Bool) -> VaultView {
        var view = VaultView(configuration: vault, at: now())
        do {
            view.id = try home.registry.lastKnown(vault.path)
            if isLive, let id = view.id, try home.catalog.unreconciled(vault: id) == nil {
                view.marks = try home.marks.read(id, trash: nil)
                view.frozen = view.marks.frozen(at: view.at.wall)
            } else {
                let attended = try attend(vault, acting: false)
                view.id = attended.vault.id
                view.marks = attended.marks
                view.recovery = attended.recovery.map(\.text)
                view.unreadable = attended.scan.faults
                view.frozen = try frozen(attended.vault, attended.marks, at: view.at.wall)
            }
        } catch {
            view.fault = error
        }
        do {
            try fill(&view)
        } catch {
            view.fault = view.fault ?? error
        }
        return view
    }

    private func fill(_ view: inout VaultView) throws(Fault) {
        guard let id = view.id else { return }
        view.present = try home.catalog.present(vault: id)
        let batched = try home.catalog.trashed(vault: id, states: [.trashed, .purged, .missing])
        view.trashed = batched.filter { $0.state == .trashed }
        view.gone = batched.filter { $0.state != .trashed }
        view.leftAlone = try home.catalog.leftAlone(vault: id)
        view.protection = protection(view.marks, view.present + view.trashed, at: view.at.wall)
        view.plan = try decide(view.configuration, id, view.present, view.marks, view.protection, at: view.at)
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
        var views = views
        var words = words
        if words.count > 1, let first = words.first {
            let narrowed = views.filter { $0.label == first || $0.configuration.entry == first }
            if !narrowed.isEmpty {
                views = narrowed
                words.removeFirst()
            }
        }
        var found: [Target] = []
        for word in words { found += try targets(word, in: views) }
        return found
    }

    private func targets(_ word: String, in views: [VaultView]) throws(Fault) -> [Target] {
        let vaults = views.filter { $0.label == word || $0.configuration.entry == word }
        if !vaults.isEmpty { return vaults.map(Target.vault) }
        var found: [Target] = []
        for view in views { found += Self.targets(word, in: view) }
        guard !found.isEmpty else {
            throw Fault(
                .notFound, "nothing here is called '\(word)'",
                hint: "a vault, a series, an id or its beginning, or a path; `reprieve list` shows the series")
        }
        return found
    }

    private static func targets(_ word: String, in view: VaultView) -> [Target] {
        let bytes = Bytes(word)
        let names = { (key: Bytes) in [key, Backup.name(ofSeries: key), Backup.shortName(ofSeries: key)] }
        let series = Set(view.everything.map(\.series)).filter { key in
            names(key).contains { $0 == bytes || $0.display == word }
        }
        if !series.isEmpty { return series.sorted().map { .series(view, $0) } }
        let batches = Set(view.everything.compactMap(\.trashed?.batch)).filter { $0 == word }
        if let batch = batches.first { return [.batch(view, batch)] }
        return view.everything.filter { matches($0, word, bytes, view) }.map { .backup(view, $0) }
    }

    private static func matches(_ backup: Backup, _ word: String, _ bytes: Bytes, _ view: VaultView) -> Bool {
        let parts = word.lowercased().split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        if parts[0].utf8.count >= 4, backup.id.objectText.hasPrefix(parts[0]) {
            let link = backup.id.text.split(separator: "~").dropFirst().first.map(String.init) ?? ""
            if parts.count == 1 || link.hasPrefix(parts[1]) { return true }
        }
        let path = backup.path
        return path == bytes || path.display == word || view.configuration.path.appending(path) == bytes
            || path.lastComponent == bytes || path.lastComponent.display == word
    }
}
