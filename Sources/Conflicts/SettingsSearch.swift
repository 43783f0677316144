internal import Model

/// Looks through the settings of programs that delete by a file of their own.
struct SettingsSearch {
    let files: SearchedFiles
    private(set) var found: [Deletion] = []

    mutating func run() {
        temporaryFiles()
        rotations()
        databases()
        proxmox()
        snapshots()
        backupninja()
    }

    // MARK: systemd-tmpfiles

    private mutating func temporaryFiles() {
        var seen: Set<Bytes> = []
        var lines: [(file: Bytes, number: Int, fields: [Bytes], text: Bytes)] = []
        for directory: Bytes in [
            "/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d",
        ] {
            for name in files.names(directory) where name.hasSuffix(".conf") && seen.insert(name).inserted {
                let path = directory.appending(name)
                for (number, line) in files.text(path)?.lines ?? [] where !line.isComment {
                    lines.append((path, number, line.fields, line))
                }
            }
        }
        // What `x` names is passed by, with all below it; what `X` names, itself alone.
        let passed = lines.filter { $0.fields.count > 1 && $0.fields[0].storage.first == UInt8(ascii: "x") }.map {
            $0.fields[1]
        }
        for (file, number, fields, text) in lines where fields.count > 1 {
            let type = fields[0].storage.first.map { String(UnicodeScalar($0)) } ?? ""
            let age = fields.count > 5 ? fields[5] : "-"
            let ages = "dDevqQC".contains(type) && age != "-"
            guard ages || ["D", "R", "r"].contains(type), !passed.contains(fields[1].unquoted) else { continue }
            let place = pattern(fields[1].unquoted)
            let kind: Deletion.Kind = type == "R" || type == "r" ? .names(isDeep: type == "R") : .tree(most: nil)
            add(file, number, tool: "systemd-tmpfiles", path: place, kind: kind, text: text) {
                $0.sparesTrash = passed.contains { $0.hasSuffix("/.trash") }
                $0.change = "remove the line (a file of this name in /etc/tmpfiles.d counts before the others)"
            }
        }
    }

    /// A path of a settings file: `*` and `?` choose names, a specifier is unknown.
    private func pattern(_ path: Bytes) -> ShellWord {
        var parts: [ShellWord.Part] = []
        for byte in path.storage {
            switch byte {
            case UInt8(ascii: "*"): parts.append(.star)
            case UInt8(ascii: "?"): parts.append(.one)
            case UInt8(ascii: "%"), UInt8(ascii: "$"): parts.append(.unknown)
            default: parts.append(.byte(byte))
            }
        }
        return ShellWord(parts)
    }

    private mutating func add(
        _ file: Bytes, _ line: Int, tool: String, path: ShellWord, kind: Deletion.Kind, text: Bytes,
        more: (inout Deletion) -> Void = { _ in }
    ) {
        guard path.isAbsolute else { return }
        var deletion = Deletion(file: file, line: line, tool: tool, path: path, kind: kind)
        deletion.text = text
        more(&deletion)
        found.append(deletion)
    }

    // MARK: logrotate, rotate-backups, tmpreaper

    private mutating func rotations() {
        let own = files.text("/etc/logrotate.conf").map { [(path: Bytes("/etc/logrotate.conf"), text: $0)] } ?? []
        for (path, text) in own + files.files("/etc/logrotate.d") { logrotate(path, text) }
        for (number, line) in files.text("/etc/rotate-backups.ini")?.lines ?? [] where line.hasPrefix("[/") {
            let place = Bytes(line.dropFirst(1).storage.prefix { $0 != UInt8(ascii: "]") })
            add(
                "/etc/rotate-backups.ini", number, tool: "rotate-backups", path: pattern(place), kind: .rotation,
                text: line)
        }
        guard let text = files.text("/etc/tmpreaper.conf") else { return }
        let variables = Self.variables(text)
        for place in variables["TMPREAPER_DIRS"]?.literal?.fields ?? [] {
            let place = place.hasSuffix("/.") ? place.dropLast(2) : place
            set(
                "/etc/tmpreaper.conf", text, key: "TMPREAPER_DIRS", tool: "tmpreaper", path: pattern(place),
                kind: .tree(most: nil)
            ) {
                $0.change = "take the directory out of TMPREAPER_DIRS"
            }
        }
    }

    /// `/srv/backups/*.sql.gz /srv/other/*.log {`
    private mutating func logrotate(_ path: Bytes, _ text: SearchedFiles.Text) {
        var level = 0
        for (number, line) in text.lines where !line.isComment {
            if level == 0 {
                for word in line.fields where word.unquoted.hasPrefix("/") {
                    let place = Bytes(word.storage.filter { $0 != UInt8(ascii: "{") && $0 != 0x22 && $0 != 0x27 })
                    let word = pattern(place)
                    // A single file that is rotated is a log.
                    guard word.isPattern else { continue }
                    add(path, number, tool: "logrotate", path: word, kind: .names(isDeep: false), text: line) {
                        $0.change = "take the pattern out: logrotate renames what it rotates, and removes the oldest"
                    }
                }
            }
            level += line.storage.count { $0 == UInt8(ascii: "{") } - line.storage.count { $0 == UInt8(ascii: "}") }
            level = max(0, level)
        }
    }

    // MARK: KEY=value

    private static func variables(_ text: SearchedFiles.Text) -> [Bytes: ShellWord] {
        var reader = ShellReader(text.bytes, .init(file: ""))
        reader.read()
        return reader.shell.variables.compactMapValues(\.first)
    }

    /// A setting, at the line where it stands.
    private mutating func set(
        _ file: Bytes, _ text: SearchedFiles.Text, key: Bytes, tool: String, path: ShellWord?,
        kind: Deletion.Kind,
        more: (inout Deletion) -> Void
    ) {
        guard let path, let (number, line) = text.lines.last(where: { $0.text.hasPrefix(key) }) else { return }
        add(file, number, tool: tool, path: path, kind: kind, text: line, more: more)
    }

    // MARK: Writers with a pruning of their own

    private mutating func databases() {
        let postgres: [Bytes] =
            ["/etc/default/autopostgresqlbackup"]
            + files.names("/etc/autodbbackup.d").map { "/etc/autodbbackup.d/" + $0 }
        for path in postgres {
            guard let text = files.text(path) else { continue }
            let variables = Self.variables(text)
            set(
                path, text, key: "BACKUPDIR", tool: "autopostgresqlbackup", path: variables["BACKUPDIR"],
                kind: .rotation
            ) {
                $0.change = "set BRDAILY, BRWEEKLY and BRMONTHLY there so high that it never prunes (3650)"
            }
        }
        let mysql: [Bytes] =
            ["/etc/default/automysqlbackup"] + files.names("/etc/automysqlbackup").map { "/etc/automysqlbackup/" + $0 }
        for path in mysql {
            guard let text = files.text(path) else { continue }
            let variables = Self.variables(text)
            set(path, text, key: "BACKUPDIR", tool: "automysqlbackup", path: variables["BACKUPDIR"], kind: .rotation) {
                $0.change =
                    "its dailies go after a week, its weeklies after five, and no setting changes that: write elsewhere, or count on no more here"
            }
            set(
                path, text, key: "CONFIG_backup_dir", tool: "automysqlbackup", path: variables["CONFIG_backup_dir"],
                kind: .rotation
            ) {
                $0.change = "set CONFIG_rotation_daily, _weekly and _monthly there so high that it never prunes (3650)"
            }
        }
    }

    /// vzdump prunes by its job, by its storage, or by its own file.
    private mutating func proxmox() {
        var storages: [Bytes: ShellWord] = [:]
        let change = "set `prune-backups keep-all=1` there"
        func prunes(_ value: Bytes) -> Bool { !value.hasPrefix("keep-all") && value != "0" }
        for (path, separator): (Bytes, UInt8) in [
            ("/etc/pve/storage.cfg", 0x20), ("/etc/pve/jobs.cfg", 0x20), ("/etc/vzdump.conf", 0x3A),
        ] {
            var section: (place: ShellWord?, prune: (number: Int, text: Bytes)?) = (nil, nil)
            var name = Bytes()
            var file: [(ShellWord, Int, Bytes)] = []
            func close() {
                if let place = section.place, let prune = section.prune {
                    file.append((place, prune.number, prune.text))
                }
                section = (nil, nil)
            }
            for (number, line) in files.text(path)?.lines ?? [] where !line.isComment {
                guard let at = line.storage.firstIndex(where: { $0 == separator || $0 == 0x09 }) else { continue }
                let key = Bytes(line.storage[..<at])
                let value = Bytes(line.storage[(at + 1)...]).trimmed
                switch key {
                case "path", "dumpdir", "dir": section.place = ShellWord(value)
                case "storage": section.place = storages[value]
                case "prune-backups", "maxfiles": if prunes(value) { section.prune = (number, line) }
                case _ where key.hasSuffix(":") && separator != 0x3A:
                    close()
                    name = value
                default: break
                }
                if key == "path" { storages[name] = ShellWord(value) }
            }
            close()
            for (place, number, line) in file {
                add(path, number, tool: "vzdump", path: place, kind: .rotation, text: line) { $0.change = change }
            }
        }
    }

    private mutating func snapshots() {
        for (number, line) in files.text("/etc/rsnapshot.conf")?.lines ?? [] {
            let fields = line.fields
            guard fields.count == 2, fields[0] == "snapshot_root" else { continue }
            add("/etc/rsnapshot.conf", number, tool: "rsnapshot", path: ShellWord(fields[1]), kind: .own, text: line)
        }
        for (path, text) in files.files("/etc/snapper/configs") {
            let variables = Self.variables(text)
            let isOn = ["TIMELINE_CLEANUP", "NUMBER_CLEANUP"].contains { variables[$0]?.literal == "yes" }
            guard isOn, let place = variables["SUBVOLUME"] else { continue }
            set(
                path, text, key: "SUBVOLUME", tool: "snapper", path: place.appending(ShellWord(".snapshots")),
                kind: .own
            ) { _ in }
        }
        for (number, line) in files.text("/etc/btrbk/btrbk.conf")?.lines ?? [] where !line.isComment {
            guard ["target", "volume"].contains(line.fields.first), let place = line.fields.last, place.hasPrefix("/")
            else { continue }
            add("/etc/btrbk/btrbk.conf", number, tool: "btrbk", path: ShellWord(place), kind: .own, text: line)
        }
    }

    private mutating func backupninja() {
        for (path, text) in files.files("/etc/backup.d") {
            let kinds: [Bytes] = [".rdiff", ".rsync", ".maildir", ".tar", ".dup"]
            guard kinds.contains(where: { path.hasSuffix($0) }) else { continue }
            let settings = text.lines.filter { !$0.text.isComment }.compactMap { line -> (Int, Bytes, Bytes, Bytes)? in
                guard let at = line.text.storage.firstIndex(of: UInt8(ascii: "=")) else { return nil }
                return (
                    line.number, Bytes(line.text.storage[..<at]).trimmed,
                    Bytes(line.text.storage[(at + 1)...]).trimmed.unquoted, line.text
                )
            }
            let keeps = settings.contains { ["keep", "days", "keepdaily", "keepweekly", "keepmonthly"].contains($0.1) }
            guard keeps else { continue }
            for (number, key, value, line) in settings
            where ["directory", "backupdir", "destdir", "desturl"].contains(key) {
                let place = value.hasPrefix("file://") ? value.dropFirst(7) : value
                add(path, number, tool: "backupninja", path: ShellWord(place), kind: .own, text: line)
            }
        }
    }
}
