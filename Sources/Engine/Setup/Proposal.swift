package import Config
package import Disk
package import Model
internal import Recognition
internal import Retention
internal import Survey

/// What `init` saw in a directory and would write.
package struct Proposal: Sendable {
    /// A directory; or a pattern that stands for several of them.
    package var path: Bytes
    package var directories: [Bytes]
    package var name: String
    /// Each series, by name.
    package var rows: [Row]
    package var size: Int64
    /// What is not read, by reason, the most frequent first.
    package var skipped: [SkippedKind]
    package var managed: [SkippedEntry]
    /// Times come from the content, because names carry none and the files are a rotation.
    package var isUndated: Bool
    package var yaml: String
    /// What the line of ``OldRule`` would delete tonight, beside what would go by this.
    package var tonight: Tonight?

    package var backups: Int { rows.reduce(0) { $0 + $1.count } }

    /// One series.
    package struct Row: Sendable {
        package var series: Bytes
        package var count: Int
        /// How often one comes; `nil`: too few to say.
        package var everySeconds: Int64?
        /// The tool, or what its names are taken for.
        package var readAs: String
        /// Some need a full backup, and there is none.
        package var lacksFull: Bool
    }
}

extension Proposal {
    /// Looks at a directory; changes nothing. Throws where a tool of its own looks after it. `rule`: the meaning of
    /// another program's line is kept.
    package static func look(
        at text: String, zone: Zone, taken: Set<String>, rule: OldRule? = nil, clock: Clock = .system
    ) throws(Fault) -> Proposal {
        let (path, root) = try open(text)
        let name = Self.name(path, taken)
        var learnt: [LearntNames] = []
        func scan(_ source: DirectoryReading.TimeSource) throws(Fault) -> Found {
            var found = Found()
            let recognisers = try vault(
                yaml(name, path, rows: [], rule: rule, learnt: learnt, isUndated: source == .mtime)
            ).recognisers
            let survey = VaultSurvey(
                vault: VaultID(text: ""), quietSeconds: 60, recognisers: recognisers, zone: zone, nested: [])
            _ = try survey.scan(below: root, known: .nothing, now: clock.now(), probing: .now) { place in
                found.add(place)
            }
            return found
        }
        var found = try scan(.name)
        if let whole = found.managed.first(where: { $0.path.isEmpty }), case .managed(_, let prune) = whole.why {
            throw Fault(
                .usage, "'\(path.display)' is not for Reprieve: \(whole.why.text)",
                hint: "what removes old backups there: \(prune)", path: path)
        }
        // What a person agrees to when he agrees to the whole: lines that nobody else's names contradict.
        let proposal = try vault(yaml(name, path, rows: [], rule: rule, learnt: [], isUndated: false))
        learnt = try NameLook(zone: zone).learn(proposal).proposals.filter(\.isWritten)
        if !learnt.isEmpty { found = try scan(.name) }
        var isUndated = false
        if found.backups.count < found.undated {
            let byContent = try scan(.mtime)
            // Whole archives of one job that arrive at an interval; of anything else age says nothing.
            if Rotation.isOne(byContent.backups) { (found, isUndated) = (byContent, true) }
        }
        let rows = found.rows
        let text = yaml(name, path, rows: rows, rule: rule, learnt: isUndated ? [] : learnt, isUndated: isUndated)
        let tonight = try rule.map { rule throws(Fault) in
            try Tonight(rule, try vault(text), found.backups, found.skippedEntries, root, zone, clock.now())
        }
        return Proposal(
            path: path, directories: [path], name: name, rows: rows, size: found.size,
            skipped: SkippedKind.all(found.skippedEntries), managed: found.managed, isUndated: isUndated, yaml: text,
            tonight: tonight)
    }

    /// The vault that a proposal comes to.
    private static func vault(_ yaml: String) throws(Fault) -> VaultConfiguration {
        var reader = ConfigurationReader()
        do throws(Fault) {
            try reader.read(yaml, file: "proposal")
            if let vault = try reader.vaults().all.first { return vault }
        } catch {
            // The line of a file that nobody wrote helps nobody.
            let text = error.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? error.message
            throw Fault(.usage, "the old rule cannot be kept: \(text)", hint: error.hint)
        }
        throw Fault(.failed, "the proposal has no vault")
    }

    /// The directory itself, where it is one of the system.
    package static func systemDirectory(_ text: String) -> Bytes? {
        Surroundings.resolved(Bytes(text)).flatMap { SystemDirectory.contains($0) ? $0 : nil }
    }

    private static func open(_ text: String) throws(Fault) -> (Bytes, Directory) {
        guard let path = Surroundings.resolved(Bytes(text)) else {
            throw Fault(
                .notFound, "there is no directory '\(text)'", hint: "name the one that backups are written into",
                path: Bytes(text))
        }
        let isOfSystem = path == "/" || path.lastComponent == "lost+found"
        guard !isOfSystem else {
            throw Fault(
                .usage, "'\(path.display)' cannot be a vault", hint: "name the directory that backups are written into")
        }
        let root: Directory
        do {
            root = try Directory.open(absolute: path)
        } catch {
            guard error.errno == Errno.ENOTDIR else { throw error }
            throw Fault(
                .usage, "'\(path.display)' is a file", hint: "name the directory that backups are written into",
                path: path)
        }
        try Surroundings.checkAncestors("'\(path.display)'", path)
        return (path, root)
    }

    /// One block, with every key that was chosen, and why.
    private static func yaml(
        _ name: String, _ path: Bytes, rows: [Row], rule: OldRule?, learnt: [LearntNames], isUndated: Bool
    ) -> String {
        let keep = isUndated ? "{ within: 30d }" : "{ last: 3, daily: 7, weekly: 5, monthly: 12, yearly: 3 }"
        let example = rows.first.map { ", such as \(Backup.name(ofSeries: $0.series).display)" } ?? ""
        let count = rows.count == 1 ? "1 series" : "\(rows.count) series"
        let why = isUndated ? "names carry no date, and the files arrive at an interval" : "from the names"
        let policy =
            rule.map { ["# what \($0.tool) kept"] + $0.lines } ?? [
                "# for each of its series (\(count)\(example))", "keep: \(keep)",
            ]
        let names =
            learnt.isEmpty
            ? []
            : ["# how names are read that nobody knows, or as many series", "names:"]
                + NamesSetting.lines(learnt).map { "  " + $0 }
        return """
            vaults:
              \(name):
                path: \(quoted(path))\(SystemDirectory.contains(path) ? "\n    \(SystemDirectory.key): true" : "")
                \(policy.joined(separator: "\n    "))
                # when a backup was made: \(why)
                \((["time-from: " + (isUndated ? "mtime" : "name")] + names).joined(separator: "\n    "))

            """
    }

    /// One entry with a wildcard, where all directories beside each other were named, are read alike and would have the
    /// same rules; `nil`: each is an entry of its own.
    package static func merged(_ proposals: [Proposal]) -> Proposal? {
        guard let first = proposals.first, proposals.count > 1, case let parent = first.path.parent, !parent.isEmpty,
            parent != "/", proposals.allSatisfy({ $0.path.parent == parent && $0.tonight == nil }),
            Set(proposals.map(\.rules)).count == 1, Set(proposals.map { Set($0.rows.map(\.readAs)) }).count == 1,
            let entries = try? Directory.open(absolute: parent).entries()
        else { return nil }
        let there = entries.filter { $0.kind == .directory && $0.name.storage.first != UInt8(ascii: ".") }.map(\.name)
        guard Set(there) == Set(proposals.map(\.path.lastComponent)) else { return nil }
        var all = first
        (all.name, all.path) = (name(parent, []), parent.appending("*"))
        all.directories = proposals.map(\.path)
        all.rows = proposals.flatMap(\.rows)
        all.size = proposals.total { $0.size }
        (all.skipped, all.managed) = (proposals.flatMap(\.skipped), proposals.flatMap(\.managed))
        let head = "vaults:\n  \(all.name):\n    path: \(quoted(all.path))\n"
        all.yaml = head + "    # a vault for each directory there, also for those that come\n" + first.rules + "\n"
        return all
    }

    /// Its lines without name and path, and without the count of its series.
    private var rules: String {
        yaml.split(separator: "\n").dropFirst(3).filter { !$0.hasPrefix("    # for each of its series") }
            .joined(separator: "\n")
    }

    /// What a look counts.
    private struct Found {
        var backups: [Backup] = []
        var size: Int64 = 0
        var undated = 0
        var managed: [SkippedEntry] = []
        private(set) var skippedEntries: [SkippedEntry] = []

        mutating func add(_ place: VaultSurvey.Place) {
            backups += place.backups
            size = size.adding(place.backups.total { $0.size })
            for var entry in place.skippedEntries {
                switch entry.why {
                case .managed: managed.append(entry)
                case .notRecognised(let why):
                    if why == DirectoryReading.undated { undated += entry.entries }
                    if why.hasPrefix("excluded by proposal:") {
                        entry.why = .notRecognised("the old line never deleted it")
                    }
                    skippedEntries.append(entry)
                case .link: break
                }
            }
        }

        var rows: [Row] {
            Dictionary(grouping: backups, by: \.series).map { series, members in
                let needsFull = members.contains { $0.kind == .incremental || $0.kind == .differential }
                return Row(
                    series: series, count: members.count,
                    everySeconds: Rhythm(members.map(\.time).sorted(by: >))?.seconds,
                    readAs: members.lazy.compactMap { $0.contents?.tool }.first
                        ?? (members[0].timeSource == .name ? "a date in its name" : "the time of its content"),
                    lacksFull: needsFull && !members.contains { $0.kind == .full })
            }.sorted { $0.series < $1.series }
        }
    }

    private static func name(_ path: Bytes, _ taken: Set<String>) -> String {
        let letters = path.lastComponent.display.lowercased().filter {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
        }
        let base = letters.isEmpty || letters.hasPrefix("-") ? "vault" : letters
        return taken.contains(base) ? (2...).lazy.map { "\(base)-\($0)" }.first { !taken.contains($0) } ?? base : base
    }

    private static func quoted(_ path: Bytes) -> String {
        let text = path.utf8 ?? path.display
        let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-".contains($0)) }
        return plain ? text : text.yaml
    }

    /// Writes the proposal: as the configuration where there is none, else as a file of its own in `conf.d`. Never over
    /// an existing file. Answers where.
    package func write(besides main: String) throws(Fault) -> String {
        let exists = Surroundings.resolved(Bytes(main)) != nil
        let target = exists ? Bytes(main).parent.appending("conf.d").appending(Bytes(name + ".yaml")) : Bytes(main)
        var directory = try Directory.open(absolute: "/")
        for component in target.parent.components {
            directory = try directory.step(component)
        }
        try directory.ownFiles.create(target.lastComponent, Bytes(yaml), mode: 0o644)
        try directory.sync()
        return target.display
    }
}

extension Directory {
    /// Into a directory of a person's own path, links and mounts allowed, made where it is missing.
    fileprivate func step(_ name: Bytes) throws(Fault) -> Directory {
        let whole = path == "/" ? path + name : path.appending(name)
        do {
            return try Directory.open(absolute: whole)
        } catch {
            guard error.errno == Errno.ENOENT else { throw error }
            try makeDirectory(name, mode: 0o755)
            return try Directory.open(absolute: whole)
        }
    }
}

package struct Proposer: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }

    /// Makes the trash and the marker of a vault. Not in an empty directory: that may be a disk that is not mounted.
    package func initialise(_ configuration: VaultConfiguration) throws(Fault) -> Bool {
        let vault = try access.open(configuration)
        guard !(try vault.root.entries().isEmpty) else { return false }
        _ = try access.makeTrash(vault)
        return true
    }
}
