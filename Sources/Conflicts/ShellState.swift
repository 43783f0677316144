internal import Model

/// What a shell knows behind the commands that were read so far, and what they come to: it follows `NAME=/path`, `cd`,
/// `for` and pipes; what it cannot know is unknown.
package struct ShellState {
    /// A file that the text runs.
    struct Call: Hashable {
        var path: ShellWord
        var arguments: [ShellWord]
    }

    let origin: ShellReader.Origin
    let depth: Int
    /// The line of the command that is being read.
    var commandLine = 1

    /// What each may be: one word, or those that a loop goes through.
    var variables: [Bytes: [ShellWord]]
    /// Where the shell stands; `nil`: nobody knows.
    var directory: ShellWord?
    let home: ShellWord?
    /// What goes through the pipe: the names of what is in these places; of all below them where `find` printed it.
    var piped: [ShellWord]?
    private(set) var isTreePiped = false

    var found: [Deletion] = []
    private(set) var calls: [Call] = []
    /// All commands as they stand, where somebody asks for them.
    package var keepsCommands = false
    package private(set) var commands: [[ShellWord]] = []
    /// Only what it would print is asked for.
    var isSubstitution = false
    private(set) var listed: [ShellWord]?

    /// What words were made of so far, in parts; a text that makes more of itself is left.
    var work = 0
    /// No path of a variable or of `cd` is longer.
    private static let longestValue = 512
    /// Strings within strings (`sh -c "…"`, `$(…)`) are followed so deep.
    private static let deepest = 5
    var isTooDeep: Bool { depth >= Self.deepest }

    /// Commands that run another, whose name stands behind their own options.
    private static let wrappers: Set<Bytes> = [
        "sudo", "doas", "nice", "ionice", "chrt", "timeout", "flock", "nohup", "setsid", "time", "command", "exec",
        "env", "chronic", "cronic", "systemd-cat", "systemd-run", "runuser", "su", "builtin", "stdbuf", "chpst",
        "setlock", "trickle", "taskset", "unbuffer",
    ]
    private static let keywords: Set<Bytes> = [
        "if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "&&", "||",
    ]
    private static let declarations: Set<Bytes> = ["export", "local", "readonly", "declare", "typeset"]
    static let shells: Set<Bytes> = ["sh", "bash", "dash", "ksh", "zsh", "ash", "mksh"]
    private static let interpreters: Set<Bytes> = shells.union([".", "source"])

    /// One simple command, without its redirections.
    mutating func command(_ all: [ShellWord], isPiped: Bool) {
        if keepsCommands { commands.append(all) }
        var words = all[...]
        while let first = words.first?.literal, Self.keywords.contains(first) { words = words.dropFirst() }
        guard assign(&words), let first = words.first else { return }
        let name = first.lastName.literal ?? Bytes()
        if name == "for" || name == "select" { return loop(words) }
        if name == "read" { return take(words, isPiped: isPiped) }
        if Self.wrappers.contains(name) { return wrapped(name == "flock" ? locked(words) : words.dropFirst()) }
        run(name, Array(words), isPiped: isPiped)
    }

    /// `NAME=value` before a command, or alone. Answers whether a command is left.
    private mutating func assign(_ words: inout ArraySlice<ShellWord>) -> Bool {
        let isDeclaration = words.first?.literal.map { Self.declarations.contains($0) } ?? false
        if isDeclaration { words = words.dropFirst() }
        var set: [Bytes: [ShellWord]] = [:]
        while let word = words.first {
            guard let (name, value) = word.assignment else {
                guard isDeclaration else { break }
                words = words.dropFirst()
                continue
            }
            set[name, default: []].append(value)
            words = words.dropFirst()
            // A value of several alternatives was read as several words.
            while let next = words.first?.assignment, next.0 == name {
                set[name, default: []].append(next.1)
                words = words.dropFirst()
            }
        }
        for (name, values) in set {
            variables[name] = values.map { $0.parts.count <= Self.longestValue ? $0 : ShellWord([.unknown]) }
        }
        return !words.isEmpty
    }

    /// `for X in /a /b`, and what follows with X.
    private mutating func loop(_ words: ArraySlice<ShellWord>) {
        guard words.count > 3, let name = words.dropFirst().first?.literal else { return }
        // `*` and the alternatives of a loop alike: each is taken once.
        variables[name] = Array(words.dropFirst(3).prefix(64))
    }

    /// `… | while read X`: X is each name that comes through the pipe.
    private mutating func take(_ words: ArraySlice<ShellWord>, isPiped: Bool) {
        for word in words.dropFirst() {
            guard let name = word.literal, name.storage.first != UInt8(ascii: "-") else { continue }
            variables[name] = piped?.map(\.anyBelow) ?? [ShellWord([.unknown])]
        }
    }

    /// What stands behind a lock's file.
    private func locked(_ words: ArraySlice<ShellWord>) -> ArraySlice<ShellWord> {
        var words = words.dropFirst()
        while let option = words.first, option.hasPrefix("-") {
            words = words.dropFirst(["-w", "-E", "--timeout", "--wait"].contains(option.literal) ? 2 : 1)
        }
        return words.dropFirst()
    }

    private mutating func wrapped(_ words: ArraySlice<ShellWord>) {
        // `su -c '…'`, `flock -c '…'`
        if let option = words.firstIndex(where: { $0.literal == "-c" || $0.literal == "--command" }),
            let script = words.dropFirst(option - words.startIndex + 1).first,
            !words[..<option].contains(where: { isCommand($0) })
        {
            return nested(script.text)
        }
        guard let start = words.firstIndex(where: { isCommand($0) }) else { return }
        command(Array(words[start...]), isPiped: false)
    }

    /// Behind a wrapper's options: a command that is known here, or a path.
    private func isCommand(_ word: ShellWord) -> Bool {
        guard let name = word.lastName.literal else { return false }
        return DeletingCommand.names.contains(name) || Self.interpreters.contains(name) || Self.wrappers.contains(name)
            || word.isAbsolute
    }

    private mutating func run(_ name: Bytes, _ words: [ShellWord], isPiped: Bool) {
        let arguments = Array(words.dropFirst())
        switch name {
        case "cd", "pushd":
            let target = arguments.first { $0.literal?.storage.first != UInt8(ascii: "-") }?.path(from: directory)
            // `cd a` again and again leads nowhere.
            directory = target.flatMap { $0.parts.count <= Self.longestValue ? $0 : nil }
            work += directory?.parts.count ?? 0
        case "ls", "echo", "printf": list(name, arguments)
        case "date":
            let isReckoned = arguments.contains { $0.hasPrefix("-d") || $0.hasPrefix("--d") || $0.hasPrefix("-v") }
            if isReckoned { listed = [ShellWord([.star])] }
        case "dirname": listed = arguments.first?.literal.map { [ShellWord($0.parent)] }
        case "eval": nested(Bytes(arguments.map(\.text.storage).joined(separator: [0x20])))
        case _ where DeletingCommand.names.contains(name): deleting(name, arguments)
        case _ where Self.interpreters.contains(name): interpreted(name, arguments)
        default: calls.append(Call(path: words[0], arguments: arguments))
        }
    }

    /// `sh -c '…'`, `bash /path/script.sh …`
    private mutating func interpreted(_ name: Bytes, _ arguments: [ShellWord]) {
        guard let first = arguments.firstIndex(where: { !$0.hasPrefix("-") && !$0.hasPrefix("+") }) else { return }
        let isString = arguments[..<first].contains {
            $0.text.storage.contains(UInt8(ascii: "c")) && !$0.hasPrefix("--")
        }
        if isString {
            nested(arguments[first].text)
        } else {
            calls.append(Call(path: arguments[first], arguments: Array(arguments[(first + 1)...])))
        }
    }

    private mutating func nested(_ text: Bytes) {
        guard !isTooDeep else { return }
        let place = ShellReader.Origin(file: origin.file, line: origin.line ?? commandLine)
        var reader = ShellReader(
            text, place, variables: variables, directory: directory, home: home, depth: depth + 1)
        reader.shell.work = work
        reader.read()
        work = reader.shell.work
        found += reader.shell.found
        calls += reader.shell.calls
    }

    private mutating func deleting(_ name: Bytes, _ arguments: [ShellWord]) {
        var command = DeletingCommand(
            name: name, arguments: arguments, file: origin.file, line: origin.line ?? commandLine, directory: directory,
            piped: piped,
            isTreePiped: isTreePiped)
        command.read()
        found += command.found
        guard let places = command.printed else { return }
        (piped, isTreePiped) = (places, true)
        if isSubstitution { listed = places.map(\.anyBelow) }
    }

    /// What a listing would print: `ls -t /srv/backups`, `printf '%s\n' /srv/backups/*`.
    private mutating func list(_ name: Bytes, _ arguments: [ShellWord]) {
        let named = arguments.filter { !$0.hasPrefix("-") }.compactMap { $0.path(from: directory) }
        let places = name == "ls" && named.isEmpty ? [directory].compactMap { $0 } : named
        guard name == "ls" || places.contains(where: \.isPattern) else { return }
        (piped, isTreePiped) = (places, false)
        // Names without their place, unless that was asked for.
        if isSubstitution {
            listed = places.map { $0.isPattern ? $0 : ShellWord([.star]) }
        }
    }
}

extension ShellWord {
    /// `NAME=value` taken apart.
    fileprivate var assignment: (Bytes, ShellWord)? {
        let known = literalPrefix
        guard let equals = known.storage.firstIndex(of: UInt8(ascii: "=")), equals > 0,
            known.storage[..<equals].allSatisfy(\.isNameByte), !(0x30...0x39).contains(known.storage[0])
        else { return nil }
        return (Bytes(known.storage[..<equals]), dropFirst(equals + 1))
    }

    /// Each of the names that are here: a pattern stands for them already.
    var anyBelow: ShellWord { isPattern ? self : appending(ShellWord([.star])) }

    /// `-rf`, `--recursive`
    var isRecursiveFlag: Bool {
        guard hasPrefix("-") else { return false }
        if hasPrefix("--") { return literal == "--recursive" }
        return parts.contains(.byte(UInt8(ascii: "r"))) || parts.contains(.byte(UInt8(ascii: "R")))
    }
}

extension Bytes {
    /// Whether it holds this text.
    func holds(_ text: Bytes) -> Bool {
        guard count >= text.count else { return false }
        return (0...(count - text.count)).contains { storage[$0...].starts(with: text.storage) }
    }

    /// A script within a line that removes something.
    var mentionsRemoving: Bool { holds("rm ") || holds("unlink ") || holds("shred ") }
}
