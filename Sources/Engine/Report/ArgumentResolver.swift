internal import Catalog
package import Config
internal import Disk
package import Model
internal import Retention
internal import State

package struct ArgumentResolver: UseCase {
    let context: Context

    /// What an argument of a command names.
    package enum Target: Sendable {
        case vault(VaultView)
        case series(VaultView, Bytes)
        case backup(VaultView, Backup)
        case batch(VaultView, String)
        case run(Run)

        package enum Kind: Hashable, Sendable { case vault, series, backup, batch, run }

        package var kind: Kind {
            switch self {
            case .vault: .vault
            case .series: .series
            case .backup: .backup
            case .batch: .batch
            case .run: .run
            }
        }
    }

    /// What the arguments name, in their order: one thing each; a pattern such as `app/*` all series that it matches.
    ///
    /// All kinds are tried, and all that is known, wherever it is. Where several match, that is `.ambiguous` and lists
    /// them; where nothing does, `.notFound`. `preferring`: what the command takes. Other kinds count only where none
    /// of these matches, so that the command can say what it takes.
    package func targets(
        _ arguments: [String], in views: [VaultView], preferring kinds: Set<Target.Kind> = []
    ) throws(Fault) -> [Target] {
        var found: [Target] = []
        for argument in arguments {
            let matches = candidates(argument, in: views, preferring: kinds)
            found += try Self.chosen(argument, matches, in: views)
        }
        return found
    }

    /// All that one argument may mean.
    func candidates(
        _ argument: String, in views: [VaultView], preferring kinds: Set<Target.Kind> = []
    ) -> [Target] {
        let name = ArgumentName(argument, in: views)
        let vaults = views.filter(name.isVault)
        var others: [Target] = []
        // A whole name wins over one that is shortened or only looks the same (NFC and NFD, escapes).
        for tier in [vaults.map(Target.vault), views.flatMap(name.exact), views.flatMap(name.like)]
        where !tier.isEmpty {
            let taken = tier.filter { kinds.isEmpty || kinds.contains($0.kind) }
            if !taken.isEmpty { return taken }
            if others.isEmpty { others = tier }
        }
        return others
    }

    /// One of them, or what a pattern matches.
    static func chosen(_ argument: String, _ matches: [Target], in views: [VaultView]) throws(Fault) -> [Target] {
        if matches.count == 1 || matches.allSatisfy({ $0.kind == .vault }) && !matches.isEmpty { return matches }
        guard !matches.isEmpty else { throw unknown(argument, in: views) }
        if matches.allSatisfy({ $0.kind == .series }), ArgumentName.isPattern(argument) { return matches }
        throw ambiguous(argument, matches)
    }

    // MARK: Refused

    private static func unknown(_ argument: String, in views: [VaultView]) -> Fault {
        if let fault = views.compactMap(\.fault).first { return fault }
        let start = argument.lowercased()
        if argument.allSatisfy(\.isHexDigit), argument.utf8.count < 4,
            views.contains(where: { $0.everything.contains { $0.id.objectText.hasPrefix(start) } })
        {
            return Fault(
                .ambiguous, "'\(Bytes(argument).display)' is too short for an id", hint: "give four characters at least"
            )
        }
        let series = views.flatMap { view in Set(view.everything.map(\.series)).map(Backup.shortName(ofSeries:)) }
        let names = views.map(\.label) + series.map(\.display)
        // `ordrs` is near to the `orders` of `app/orders`.
        let ends = Dictionary(series.map { ($0.lastComponent.display, $0.display) }) { first, _ in first }
        let near = argument.nearest(of: names) ?? argument.nearest(of: ends.keys).flatMap { ends[$0] }
        return Fault(
            .notFound, "no vault, series, backup or path matches '\(Bytes(argument).display)'",
            hint: (near.map { "did you mean '\($0)'? " } ?? "") + "to see what there is: reprieve list")
    }

    private static let mostListed = 10

    static func ambiguous(_ argument: String, _ matches: [Target]) -> Fault {
        let kinds = Set(matches.map(\.kind))
        let what =
            switch kinds {
            case [.series]: "\(matches.count) series"
            case [.backup]: "\(matches.count) backups"
            case [.run]: "\(matches.count) runs"
            default: "several things"
            }
        var list = matches.prefix(mostListed).map { "  " + line($0) }
        if matches.count > mostListed { list.append("  and \(matches.count - mostListed) more") }
        return Fault(
            .ambiguous, "'\(Bytes(argument).display)' names \(what)",
            hint: "name one by its id, its vault and whole name, or its batch:\n" + list.joined(separator: "\n"))
    }

    /// What names it alone.
    private static func line(_ target: Target) -> String {
        switch target {
        case .vault(let view): return "\(shell: view.label)"
        case .series(let view, let key):
            let name = Backup.name(ofSeries: key)
            let isOnly = Set(view.everything.map(\.series)).count { Backup.name(ofSeries: $0) == name } == 1
            return "\(shell: view.label) \(shell: isOnly ? name : key)"
        case .backup(let view, let backup):
            let place = backup.state == .present ? "" : backup.state == .trashed ? ", in the trash" : ", gone"
            return "\(backup.id.text)  \(view.label): \(backup.path.display)\(place)"
        case .batch(let view, let name): return "\(shell: view.label) \(name)"
        case .run(let run): return "run \(run.number): batch \(run.parts.flatMap(\.batches).joined(separator: ", "))"
        }
    }
}

/// An argument, and the ways in which it may be meant.
private struct ArgumentName {
    private let text: String
    private let bytes: Bytes
    /// As a path: as it stands, from the working directory, and with its directory's links resolved.
    private let paths: Set<Bytes>
    /// Where each vault is, as configured and resolved.
    private let roots: [Bytes: Set<Bytes>]

    init(_ argument: String, in views: [VaultView]) {
        let vaults = views.map(\.configuration.path)
        let resolved = Reach.resolved(vaults)
        roots = Dictionary(vaults.map { ($0, [$0, resolved[$0] ?? $0]) }) { first, _ in first }
        let whole = Configuration.absolute(argument)
        var paths: Set<Bytes> = [whole]
        if let parent = Reach.resolved(whole.parent) { paths.insert(parent.appending(whole.lastComponent)) }
        if let resolved = Reach.resolved(whole) { paths.insert(resolved) }
        self.paths = paths
        // `./-x` is how a name is written that begins as an option does.
        text = argument.hasPrefix("./") ? String(argument.dropFirst(2)) : argument
        bytes = Bytes(text)
    }

    static func isPattern(_ argument: String) -> Bool { argument.contains { $0 == "*" || $0 == "?" } }

    func isVault(_ view: VaultView) -> Bool {
        view.label == text || view.configuration.entry == text || paths.contains(view.configuration.path)
    }

    // MARK: Whole names

    func exact(in view: VaultView) -> [ArgumentResolver.Target] {
        let series = Set(view.everything.map(\.series))
        let named = series.contains(bytes) ? [bytes] : series.filter { Backup.name(ofSeries: $0) == bytes }.sorted()
        return named.map { .series(view, $0) } + batches(view)
            + backups(view, id: { $0.id.text == text.lowercased() }, path: { isPlace(of: $0, in: view) })
    }

    private func batches(_ view: VaultView) -> [ArgumentResolver.Target] {
        view.everything.contains { $0.trashed?.batch == text } ? [.batch(view, text)] : []
    }

    /// Whether it is the path of this backup, or of a side file of it, in its place or in its batch.
    private func isPlace(of backup: Backup, in view: VaultView) -> Bool {
        let roots = roots[view.configuration.path] ?? []
        return backup.members.contains { member in
            if member.path == bytes { return true }
            return roots.contains { root in
                if paths.contains(root.appending(member.path)) { return true }
                guard let batch = backup.trashed?.batch else { return false }
                return paths.contains(root.appending(Bytes(".trash/\(batch)/files")).appending(member.path))
            }
        }
    }

    // MARK: Shortened names

    func like(in view: VaultView) -> [ArgumentResolver.Target] {
        series(like: view).map { .series(view, $0) }
            + backups(view, id: beginsID, path: { $0.members.contains { isEnd(of: $0.path) } })
    }

    /// By its short name or as it is shown; else by the end of that (`orders` for `app/orders`), or a pattern.
    private func series(like view: VaultView) -> [Bytes] {
        let all = Set(view.everything.map(\.series))
        let short = all.filter { key in
            [key, Backup.name(ofSeries: key), Backup.shortName(ofSeries: key)].contains {
                $0 == bytes || $0.display == text
            }
        }
        guard short.isEmpty else { return short.sorted() }
        if Self.isPattern(text) { return all.filter { VaultPolicy.matches(text, series: $0) }.sorted() }
        let end = "/" + bytes
        return all.filter { key in
            Backup.name(ofSeries: key).hasSuffix(end) || Backup.shortName(ofSeries: key).hasSuffix(end)
        }.sorted()
    }

    private func isEnd(of path: Bytes) -> Bool {
        let last = path.lastComponent
        return path.display == text || last == bytes || last.display == text
    }

    /// Four characters at least; behind `~` the beginning of what tells links of one object apart.
    private func beginsID(_ backup: Backup) -> Bool {
        let parts = text.lowercased().split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].utf8.count >= 4, backup.id.objectText.hasPrefix(parts[0]) else { return false }
        let link = backup.id.text.split(separator: "~").dropFirst().first ?? ""
        return parts.count == 1 || link.hasPrefix(parts[1])
    }

    /// Each once. A path means what lies there, or would again: what is gone only where nothing else had that path.
    private func backups(
        _ view: VaultView, id isID: (Backup) -> Bool, path isPath: (Backup) -> Bool
    ) -> [ArgumentResolver.Target] {
        var seen: Set<BackupID> = []
        var named: [Backup] = []
        var byPath: [Backup] = []
        for backup in view.everything {
            if isID(backup) {
                if seen.insert(backup.id).inserted { named.append(backup) }
            } else if isPath(backup), seen.insert(backup.id).inserted {
                byPath.append(backup)
            }
        }
        let live = byPath.filter { $0.state == .present || $0.state == .trashed }
        return (named + (live.isEmpty ? byPath : live)).map { .backup(view, $0) }
    }
}

extension ArgumentResolver {
    /// What an argument may become that begins like this, from the index alone: the keys of all series, and ids of
    /// which two digits are there.
    package func completions(
        of prefix: String, in vault: VaultConfiguration, most: Int
    ) throws(Fault) -> (series: [Bytes], ids: [String]) {
        guard let id = try state.registry.lastKnown(vault.path) else { return ([], []) }
        let series = Array(try state.catalog.seriesCounts(vault: id).keys)
        guard prefix.count >= 2, prefix.count <= 16, let digits = UInt64(prefix, radix: 16) else { return (series, []) }
        let shift = UInt64(4 * (16 - prefix.count))
        let (low, high) = (digits << shift, digits << shift | (shift == 0 ? 0 : (1 << shift) - 1))
        return (series, try state.catalog.ids(vault: id, low...high, most: most))
    }
}
