internal import Disk
package import Model

/// A line of another program that deletes in a vault, and what to do about it.
package struct Deleter: Hashable, Sendable {
    package enum Weight: String, Sendable {
        /// It takes what Reprieve keeps, or what waits in the trash.
        case problem
        /// It may; or it leaves the trash alone; or it prunes only what is its own.
        case note
    }

    package var weight: Weight
    package var vault: String
    /// `find -delete`, `logrotate`, …
    package var tool: String
    package var file: Bytes
    package var line: Int
    /// The line itself, on one line, safe to be shown.
    package var text: String
    package var message: String
    /// What to change.
    package var change: String
    /// Or how it would be written so that the trash is left alone.
    package var instead: String?
}

/// Other programs of this host that delete in vaults: crontabs, timers, their scripts, and settings of known writers.
package enum Deleters {
    /// What reaches into each vault. Reads below `root`, runs nothing, changes nothing.
    package static func search(
        _ vaults: [(label: String, path: Bytes)], root: Bytes = "/", home: Bytes? = nil
    ) -> [Deleter] {
        judge(deletions(root: root, isRoot: Surroundings.isRoot, home: home), vaults, root: root)
    }

    /// All that deletes anywhere. `home`: of the user who asks.
    private static func deletions(root: Bytes, isRoot: Bool, home: Bytes?) -> [Deletion] {
        let files = SearchedFiles(root: root)
        var cron = CrontabSearch(files: files, scripts: ScriptReader(files: files))
        cron.run()
        // A script that both name is read once.
        var timers = TimerSearch(files: files, isRoot: isRoot, home: home, scripts: cron.scripts)
        timers.run()
        var settings = SettingsSearch(files: files)
        settings.run()
        return timers.scripts.found + settings.found
    }

    static func judge(_ deletions: [Deletion], _ vaults: [(label: String, path: Bytes)], root: Bytes) -> [Deleter] {
        let links = Reach.resolved(vaults.map(\.path) + Set(deletions.map(\.path.knownDirectory)))
        let paths = vaults.map { VaultPaths(label: $0.label, paths: Set([$0.path, links[$0.path] ?? $0.path])) }
        let files = SearchedFiles(root: root)
        var found: [Deleter] = []
        for deletion in deletions {
            for vault in paths {
                guard let contact = vault.contact(of: deletion.path, resolved: links), deletion.reaches(contact) else {
                    continue
                }
                let deleter = Deleter(deletion, contact, vault.label, files)
                let isSaid = found.contains {
                    $0.vault == deleter.vault && $0.file == deleter.file && $0.line == deleter.line
                }
                if !isSaid { found.append(deleter) }
            }
        }
        return found.sorted { ($0.vault, $0.file, $0.line) < ($1.vault, $1.file, $1.line) }
    }
}

extension Deleter {
    private static let longest = 160

    init(_ deletion: Deletion, _ contact: VaultContact, _ vault: String, _ files: SearchedFiles) {
        let isSure = contact.isSure && !(contact.place == .above && deletion.isNarrow)
        let line = deletion.text ?? Self.line(deletion.line, of: deletion.file, files)
        weight = isSure && !deletion.sparesTrash && deletion.kind != .own ? .problem : .note
        self.vault = vault
        tool = deletion.tool
        file = deletion.file
        self.line = deletion.line
        let shown = line.trimmed.display
        text = shown.count > Self.longest ? shown.prefix(Self.longest - 1) + "…" : shown
        let verb = isSure ? "removes" : "may remove"
        message =
            switch deletion.kind {
            case .own: "\(deletion.tool) prunes there what it wrote itself"
            case .mirror: "\(deletion.tool) \(verb) what its source does not have, also from the trash"
            case .rotation: "\(deletion.tool) \(verb) backups by its own counts"
            case .tree where deletion.sparesTrash, .names where deletion.sparesTrash:
                "\(deletion.tool) \(verb) backups, whatever the policy says; it leaves the trash alone"
            case .tree where contact.place != .inside: "\(deletion.tool) \(verb) backups, also from the trash"
            case .tree, .names: "\(deletion.tool) \(verb) backups, whatever the policy says"
            }
        change = Self.change(deletion, isSure: isSure)
        // Not by -prune: -delete turns that off.
        if deletion.tool.hasPrefix("find -"), !deletion.sparesTrash {
            instead = "find \(deletion.path.literal.map(\.shellArgument) ?? "PATH") -not -path '*/.trash*' ..."
        }
    }

    private static func change(_ deletion: Deletion, isSure: Bool) -> String {
        if let change = deletion.change { return change }
        switch deletion.kind {
        case .own:
            return
                "nothing, if that is meant: Reprieve leaves it alone where it knows it; else one of both should prune"
        case .rotation: return "remove it: two that prune take more than either would; Reprieve does it by its policy"
        case .mirror, .tree, .names: break
        }
        if deletion.sparesTrash {
            return "nothing, if that is meant; else remove the line: Reprieve does it by its policy"
        }
        let days = deletion.days.map { " (what it kept: `keep: { within: \($0)d }`)" } ?? ""
        return isSure
            ? "remove the line: Reprieve does it by its policy\(days)" : "look whether it does; if so, remove it"
    }

    /// As it stands in the file now.
    private static func line(_ number: Int, of file: Bytes, _ files: SearchedFiles) -> Bytes {
        guard let lines = files.text(file)?.lines, lines.indices.contains(number - 1) else { return Bytes() }
        return lines[number - 1].text
    }
}

/// How off-site copies of a vault leave its trash out: what is in it would come back as backups elsewhere.
package struct OffsiteExclude: Sendable {
    package var tool: String
    package var command: String

    package static func all(for vault: Bytes) -> [OffsiteExclude] {
        // restic takes these for a pattern.
        let escaped = vault.storage.flatMap { #"\*?["#.utf8.contains($0) ? [UInt8(ascii: #"\"#), $0] : [$0] }
        return [
            .init(tool: "rsync", command: "rsync -a --exclude=/.trash/ \(shell: vault + "/") TARGET"),
            .init(tool: "rclone", command: "rclone sync --exclude '/.trash/**' \(shell: vault) TARGET"),
            .init(
                tool: "restic", command: "restic backup --exclude=\(shell: Bytes(escaped) + "/.trash") \(shell: vault)"),
            .init(
                tool: "borg",
                command: "borg create --exclude \(shell: "pp:" + vault + "/.trash") REPO::NAME \(shell: vault)"),
        ]
    }
}
