internal import Disk
internal import Model

/// Looks through the crontabs, timers and settings of this host for what deletes, and where. Reads only.
struct DeleterSearch {
    let files: SearchedFiles
    let isRoot: Bool
    /// Of the user who asks.
    let home: Bytes?
    var found: [Deletion] = []
    /// What each directory of units holds.
    var unitNames: [Bytes: Set<Bytes>] = [:]
    private var followed: Set<ShellState.Call> = []
    private var homes: [Bytes: Bytes] = [:]

    /// So many scripts are looked into.
    private static let mostScripts = 500

    init(root: Bytes, isRoot: Bool, home: Bytes?) {
        files = SearchedFiles(root: root)
        self.isRoot = isRoot
        self.home = home
    }

    /// All that deletes anywhere.
    static func run(root: Bytes, isRoot: Bool, home: Bytes?) -> [Deletion] {
        var search = DeleterSearch(root: root, isRoot: isRoot, home: home)
        search.readHomes()
        search.crontabs()
        search.periodic()
        search.timers()
        search.temporaryFiles()
        search.rotations()
        search.writers()
        return search.found
    }

    private mutating func readHomes() {
        for (_, line) in files.text("/etc/passwd")?.lines ?? [] {
            let fields = line.storage.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            if fields.count >= 6 { homes[Bytes(fields[0])] = Bytes(fields[5]) }
        }
    }

    private func homeOf(_ user: Bytes) -> ShellWord? {
        (homes[user] ?? (user == "root" ? "/root" : nil)).map { ShellWord($0) }
    }

    // MARK: cron

    private mutating func crontabs() {
        if let text = files.text("/etc/crontab") { crontab(text, "/etc/crontab", user: nil) }
        if let text = files.text("/etc/anacrontab") { crontab(text, "/etc/anacrontab", user: "root", isAnacron: true) }
        for (path, text) in files.files("/etc/cron.d") { crontab(text, path, user: nil) }
        for directory: Bytes in ["/var/spool/cron/crontabs", "/var/spool/cron"] {
            for (path, text) in files.files(directory) { crontab(text, path, user: path.lastComponent) }
        }
    }

    /// `user`: whose crontab it is; `nil`: each line names one.
    private mutating func crontab(_ text: SearchedFiles.Text, _ path: Bytes, user: Bytes?, isAnacron: Bool = false) {
        var variables: [Bytes: [ShellWord]] = [:]
        for (number, line) in text.lines where !line.isComment {
            if let (name, value) = Self.setting(line) {
                variables[name] = [ShellWord(value)]
                continue
            }
            let times = isAnacron ? 3 : line.hasPrefix("@") ? 1 : 5
            var command = line.dropFields(times)
            var owner = user
            if owner == nil {
                owner = command.fields.first
                command = command.dropFields(1)
            }
            guard let owner, !command.isEmpty else { continue }
            let home = variables["HOME"]?.first ?? homeOf(owner)
            var own = variables
            own["HOME"] = home.map { [$0] }
            read(
                Self.beforePercent(command), .init(file: path, line: number), variables: own, directory: home,
                home: home, hasBareNames: true)
        }
    }

    /// `NAME = value`
    private static func setting(_ line: Bytes) -> (Bytes, Bytes)? {
        guard let equals = line.storage.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = Bytes(line.storage[..<equals]).trimmed
        guard !name.isEmpty, name.storage.allSatisfy(\.isNameByte), !(0x30...0x39).contains(name.storage[0]) else {
            return nil
        }
        return (name, Bytes(line.storage[(equals + 1)...]).trimmed.unquoted)
    }

    /// What follows `%` is the command's input; `\%` is a percent sign.
    private static func beforePercent(_ command: Bytes) -> Bytes {
        var made: [UInt8] = []
        for byte in command.storage {
            if byte == UInt8(ascii: "%") {
                guard made.last == UInt8(ascii: "\\") else { break }
                made.removeLast()
            }
            made.append(byte)
        }
        return Bytes(made)
    }

    /// Scripts that run-parts runs: only those that may be executed.
    private mutating func periodic() {
        for period: Bytes in ["hourly", "daily", "weekly", "monthly", "yearly"] {
            for (path, text) in files.files("/etc/cron." + period) where text.isExecutable && text.isShell {
                let home = homeOf("root")
                var variables: [Bytes: [ShellWord]] = ["0": [ShellWord(path)]]
                if let home { variables["HOME"] = [home] }
                read(
                    text.bytes, .init(file: path),
                    variables: Self.known(text, path, variables, directory: ShellWord("/"), home: home),
                    directory: ShellWord("/"), home: home)
            }
        }
    }

    // MARK: Texts of a shell

    mutating func read(
        _ text: Bytes, _ origin: ShellReader.Origin, variables: [Bytes: [ShellWord]], directory: ShellWord?,
        home: ShellWord?, hasBareNames: Bool = false
    ) {
        var reader = ShellReader(text, origin, variables: variables, directory: directory, home: home)
        reader.read()
        found += reader.shell.found
        for call in reader.shell.calls {
            follow(call, directory: reader.shell.directory ?? directory, home: home, hasBareNames: hasBareNames)
        }
    }

    /// A script that a line names, and none that it names in turn.
    private mutating func follow(
        _ call: ShellState.Call, directory: ShellWord?, home: ShellWord?, hasBareNames: Bool
    ) {
        guard followed.count < Self.mostScripts, let (path, text) = script(call.path, directory, hasBareNames),
            followed.insert(.init(path: ShellWord(path), arguments: call.arguments)).inserted, text.isShell
        else { return }
        var variables: [Bytes: [ShellWord]] = ["0": [ShellWord(path)], "@": call.arguments]
        if let home { variables["HOME"] = [home] }
        for (n, argument) in call.arguments.prefix(9).enumerated() { variables[Bytes(String(n + 1))] = [argument] }
        var reader = ShellReader(
            text.bytes, .init(file: path),
            variables: Self.known(text, path, variables, directory: directory, home: home),
            directory: directory, home: home)
        reader.read()
        found += reader.shell.found
    }

    /// With what a script sets further down: a function stands before the values that it is called with.
    private static func known(
        _ text: SearchedFiles.Text, _ path: Bytes, _ variables: [Bytes: [ShellWord]], directory: ShellWord?,
        home: ShellWord?
    ) -> [Bytes: [ShellWord]] {
        var reader = ShellReader(
            text.bytes, .init(file: path), variables: variables, directory: directory, home: home)
        reader.read()
        return reader.shell.variables.filter { $0.value.allSatisfy(\.isLiteral) }.merging(variables) { $1 }
    }

    private func script(
        _ name: ShellWord, _ directory: ShellWord?, _ hasBareNames: Bool
    ) -> (path: Bytes, text: SearchedFiles.Text)? {
        guard let literal = name.literal else { return nil }
        var candidates: [Bytes] = []
        if literal.storage.contains(UInt8(ascii: "/")) {
            candidates = [name.path(from: directory)?.literal].compactMap { $0 }
        } else if hasBareNames {
            candidates = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].map {
                Bytes($0).appending(literal)
            }
        }
        for path in candidates {
            if let text = files.text(path) { return (path, text) }
        }
        return nil
    }
}
