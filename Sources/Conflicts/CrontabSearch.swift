internal import Model

/// Looks through crontabs, and the scripts that cron runs by the period.
struct CrontabSearch {
    let files: SearchedFiles
    private(set) var homes: [Bytes: Bytes] = [:]
    private(set) var scripts: ScriptReader

    mutating func run() {
        readHomes()
        crontabs()
        periodic()
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
            scripts.read(
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
                scripts.read(script: path, text, home: homeOf("root"))
            }
        }
    }
}
