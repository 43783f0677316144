internal import Model

/// What one command that deletes would take, by its words.
struct DeletingCommand {
    let name: Bytes
    let arguments: [ShellWord]
    let file: Bytes
    let line: Int
    /// Where the shell stands; `nil`: nobody knows.
    let directory: ShellWord?
    /// What comes through the pipe, as ``ShellState`` has it.
    let piped: [ShellWord]?
    let isTreePiped: Bool
    private(set) var found: [Deletion] = []
    /// The places below which `find` prints names.
    private(set) var printed: [ShellWord]?

    private static let removers: Set<Bytes> = ["rm", "unlink", "shred", "mv"]
    static let names: Set<Bytes> = removers.union([
        "find", "xargs", "parallel", "tmpreaper", "tmpwatch", "rsync", "rclone", "rotate-backups", "vzdump",
        "rdiff-backup", "duplicity",
    ])
    /// A writer's own half-made files.
    private static let temporary: [Bytes] = [".tmp", ".part", ".partial", ".lock", ".pid", ".swp", "~", ".new", ".log"]

    mutating func read() {
        switch name {
        case "find": find()
        case "xargs", "parallel": forEach()
        case "rm", "shred", "unlink": remove()
        case "rsync": rsync()
        case "rclone": rclone()
        case "tmpreaper", "tmpwatch":
            let valued: Set<Bytes> = [
                "--protect", "--exclude", "-x", "--exclude-user", "-U", "--exclude-pattern", "-X",
            ]
            guard !isDry(["-t", "--test"]) else { return }
            for place in places(valued) { add(name.display, place, kind: .tree(most: nil)) }
        case "rotate-backups":
            guard !isDry(["-n", "--dry-run"]) else { return }
            let valued: Set<Bytes> = ["-x", "--exclude", "-I", "--include", "-i", "-c", "--config", "-C", "-t"]
            for place in places(valued) { add("rotate-backups", place, kind: .rotation) }
        case "vzdump":
            guard let place = value(of: ["--dumpdir", "-dumpdir"], arguments)?.path(from: directory),
                let keep = value(of: ["--prune-backups", "--maxfiles", "-maxfiles"], arguments),
                keep.literal != "0", !keep.hasPrefix("keep-all")
            else { return }
            add("vzdump", place, kind: .rotation) { $0.change = "give it `--prune-backups keep-all=1`" }
        case "rdiff-backup":
            guard arguments.contains(where: { $0.hasPrefix("--remove-older-than") || $0.literal == "remove" }) else {
                return
            }
            for place in places(["--older-than", "--remove-older-than"]) {
                add("rdiff-backup", place, kind: .own)
            }
        case "duplicity":
            guard arguments.contains(where: { $0.hasPrefix("remove-") }) else { return }
            for url in arguments where url.hasPrefix("file://") { add("duplicity", url.dropFirst(7), kind: .own) }
        default: break
        }
    }

    private mutating func add(
        _ tool: String, _ path: ShellWord, kind: Deletion.Kind, more: (inout Deletion) -> Void = { _ in }
    ) {
        var deletion = Deletion(file: file, line: line, tool: tool, path: path, kind: kind)
        more(&deletion)
        found.append(deletion)
    }

    private func isDry(_ flags: Set<Bytes>) -> Bool {
        arguments.contains { $0.literal.map { flags.contains($0) } ?? false }
    }

    /// The value of `--key value` or `--key=value`.
    private func value(of keys: [Bytes], _ arguments: [ShellWord]) -> ShellWord? {
        for (n, word) in arguments.enumerated() {
            for key in keys {
                if word.literal == key { return n + 1 < arguments.count ? arguments[n + 1] : nil }
                if word.hasPrefix(key + "=") { return word.dropFirst(key.count + 1) }
            }
        }
        return nil
    }

    /// The paths among the words that are no options, and not their values.
    private func places(_ valued: Set<Bytes>) -> [ShellWord] {
        operands(valued).filter { $0.parts.contains(.byte(UInt8(ascii: "/"))) }.compactMap { $0.path(from: directory) }
    }

    // MARK: find

    private mutating func find() {
        var words = arguments[...]
        while let option = words.first?.literal,
            option.hasPrefix("-H") || option == "-L" || option == "-P" || option.hasPrefix("-O")
        {
            words = words.dropFirst()
        }
        func isTest(_ word: ShellWord) -> Bool { word.hasPrefix("-") || ["(", ")", "!", ","].contains(word.literal) }
        let starts = words.prefix { !isTest($0) }
        let tests = Array(words.dropFirst(starts.count))
        let places = (starts.isEmpty ? [ShellWord(".")] : Array(starts)).compactMap { $0.path(from: directory) }
        printed = places
        guard let tool = deed(tests), !isOnlyTemporary(tests) else { return }
        let spares = sparesTrash(tests)
        let most = value(of: ["-maxdepth"], tests)?.literal.flatMap { Int($0.display) }
        let isNarrow = tests.contains {
            ["-name", "-iname", "-path", "-regex", "-user", "-xdev", "-mount"].contains($0.literal)
        }
        let days = value(of: ["-mtime", "-ctime", "-atime"], tests)?.literal.flatMap { text in
            text.hasPrefix("+") ? Int(text.dropFirst(1).display) : nil
        }
        for place in places {
            add(tool, place, kind: .tree(most: most)) {
                ($0.sparesTrash, $0.isNarrow, $0.days) = (spares, isNarrow, days)
            }
        }
    }

    /// What its actions come to; `nil`: it only looks.
    private func deed(_ tests: [ShellWord]) -> String? {
        for (n, word) in tests.enumerated() {
            guard let action = word.literal else { continue }
            if action == "-delete" { return "find -delete" }
            guard ["-exec", "-execdir", "-ok", "-okdir"].contains(action), n + 1 < tests.count,
                let verb = tests[n + 1].lastName.literal
            else { continue }
            if Self.removers.contains(verb) { return "find \(action.display) \(verb.display)" }
            let rest = tests[(n + 2)...].prefix { $0.literal != ";" && $0.literal != "+" }
            if ShellState.shells.contains(verb), rest.contains(where: { $0.text.mentionsRemoving }) {
                return "find \(action.display) \(verb.display) -c 'rm …'"
            }
        }
        return nil
    }

    private func isOnlyTemporary(_ tests: [ShellWord]) -> Bool {
        let names = tests.indices.filter { ["-name", "-iname"].contains(tests[$0].literal) && $0 + 1 < tests.count }
            .map { tests[$0 + 1] }
        return !names.isEmpty && names.allSatisfy { name in Self.temporary.contains { name.hasSuffix($0) } }
    }

    /// `-path '*/.trash' -prune -o …`, `-not -path '*/.trash/*'`, or all hidden names.
    private func sparesTrash(_ tests: [ShellWord]) -> Bool {
        let isTaken = tests.contains { ["-prune", "!", "-not"].contains($0.literal) }
        return isTaken
            && tests.indices.contains { n in
                guard ["-path", "-wholename", "-ipath", "-name"].contains(tests[n].literal), n + 1 < tests.count else {
                    return false
                }
                let pattern = tests[n + 1].text
                if pattern.holds(".trash") { return true }
                return tests[n].literal != "-name" && (pattern.hasSuffix("/.*") || pattern.hasSuffix("/.*/*"))
            }
    }

    // MARK: rm

    private mutating func remove() {
        let isDeep = arguments.contains(where: \.isRecursiveFlag)
        for word in arguments where !word.hasPrefix("-") {
            guard let path = word.path(from: directory), !Self.temporary.contains(where: { path.hasSuffix($0) }) else {
                continue
            }
            add(name.display, path, kind: .names(isDeep: isDeep))
        }
    }

    /// `… | xargs rm`
    private mutating func forEach() {
        guard
            let start = arguments.firstIndex(where: {
                $0.lastName.literal.map { Self.removers.contains($0) || ShellState.shells.contains($0) } ?? false
            })
        else { return }
        let rest = arguments[(start + 1)...]
        if let verb = arguments[start].lastName.literal, ShellState.shells.contains(verb),
            !rest.contains(where: { $0.text.mentionsRemoving })
        {
            return
        }
        let isDeep = rest.contains { $0.isRecursiveFlag }
        // `xargs -I{} rm /srv/backups/{}`
        let places = rest.filter { $0.isAbsolute && ($0.hasSuffix("{}") || $0.hasSuffix("%")) }
            .map { ShellWord(Array($0.parts.dropLast($0.hasSuffix("%") ? 1 : 2)) + [.star]) }
        for place in places { add("xargs rm", place, kind: .names(isDeep: isDeep)) }
        guard places.isEmpty else { return }
        for place in piped ?? [directory].compactMap({ $0 }) {
            if isTreePiped {
                add("find | xargs rm", place, kind: .tree(most: nil)) { $0.isNarrow = true }
            } else {
                add("xargs rm", place.anyBelow, kind: .names(isDeep: isDeep))
            }
        }
    }

    // MARK: Copies that delete

    private static let rsyncValued: Set<Bytes> = [
        "-e", "--rsh", "--exclude", "--include", "--filter", "-f", "--exclude-from", "--include-from", "--files-from",
        "--link-dest", "--compare-dest", "--copy-dest", "--backup-dir", "--log-file", "--bwlimit", "--timeout",
        "--max-delete", "--rsync-path", "--password-file", "--temp-dir", "-T", "--partial-dir", "--suffix", "--chmod",
        "--chown", "--out-format", "--port", "-B", "--max-size", "--min-size", "--info", "--debug", "-M",
    ]

    private mutating func rsync() {
        let deletes = arguments.contains { $0.hasPrefix("--del") && !$0.hasPrefix("--delete-missing-args") }
        guard deletes, !isDry(["-n", "--dry-run"]),
            !arguments.contains(where: {
                $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.literal?.storage.contains(UInt8(ascii: "n")) == true
                    && $0.literal != "-n"
            })
        else { return }
        let words = operands(Self.rsyncValued)
        guard words.count >= 2, let last = words.last, !last.isRemote, let target = last.path(from: directory) else {
            return
        }
        let isRelative = arguments.contains { $0.literal == "--relative" || $0.isShortFlag(UInt8(ascii: "R")) }
        let isExcluded = arguments.contains { $0.literal == "--delete-excluded" }
        let spares = arguments.contains { word in
            let text = word.text
            guard text.holds(".trash") else { return false }
            return text.holds("protect") || text.hasPrefix("P ") || !isExcluded
        }
        for source in words.dropLast() {
            let effective = Self.place(of: source, in: target, isRelative: isRelative)
            add("rsync --delete", effective, kind: .mirror) {
                $0.sparesTrash = spares
                $0.change =
                    "never rsync --delete into the top of a vault: write into a subdirectory, or add --filter='protect /.trash'"
            }
        }
    }

    /// Into which directory a source's content goes: without a slash at its end, into one of its own name.
    private static func place(of source: ShellWord, in target: ShellWord, isRelative: Bool) -> ShellWord {
        let path =
            source.isRemote
            ? ShellWord(Array(source.parts.drop { $0 != .byte(UInt8(ascii: ":")) }.dropFirst())) : source
        if isRelative { return target.appending(path) }
        if path.isEmpty || path.hasSuffix("/") || path.hasSuffix("/.") || path.literal == "." { return target }
        return target.appending(path.lastName)
    }

    private static let rcloneValued: Set<Bytes> = [
        "--min-age", "--max-age", "--exclude", "--include", "--filter", "--log-file", "--config", "--transfers",
        "--checkers", "--bwlimit", "--backup-dir", "--log-level", "--exclude-from", "--filter-from", "--include-from",
        "--max-delete", "--suffix", "--retries", "--tpslimit", "--stats", "--timeout", "--min-size", "--max-size", "-f",
    ]

    private mutating func rclone() {
        let words = operands(Self.rcloneValued)
        guard let verb = words.first?.literal, !isDry(["-n", "--dry-run"]) else { return }
        let spares = arguments.contains { $0.text.holds(".trash") }
        let place: ShellWord? =
            switch verb {
            case "sync": words.count > 2 ? words[2] : nil
            case "delete", "purge", "move": words.count > 1 ? words[1] : nil
            default: nil
            }
        guard let place, !place.isRemote, let path = place.path(from: directory) else { return }
        let kind: Deletion.Kind = verb == "sync" ? .mirror : .tree(most: nil)
        add("rclone \(verb.display)", path, kind: kind) {
            $0.sparesTrash = spares
            if verb == "sync" {
                $0.change =
                    "never sync into the top of a vault: write into a subdirectory, or add --exclude '/.trash/**'"
            }
        }
    }

    /// The words that are no options, and not their values.
    private func operands(_ valued: Set<Bytes>) -> [ShellWord] {
        var words: [ShellWord] = []
        var isValue = false
        for word in arguments {
            if !isValue, !word.hasPrefix("-") { words.append(word) }
            isValue = !isValue && (word.literal.map { valued.contains($0) } ?? false)
        }
        return words
    }
}

extension ShellWord {
    /// `host:path`, `remote:`
    fileprivate var isRemote: Bool {
        let known = parts.prefix { $0 != .byte(UInt8(ascii: "/")) }
        return known.contains(.byte(UInt8(ascii: ":")))
    }

    fileprivate func isShortFlag(_ letter: UInt8) -> Bool {
        hasPrefix("-") && !hasPrefix("--") && parts.contains(.byte(letter))
    }
}
