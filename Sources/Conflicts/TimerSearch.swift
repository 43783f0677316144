internal import Model

/// Looks through what systemd runs by its timers.
struct TimerSearch {
    let files: SearchedFiles
    let isRoot: Bool
    /// Of the user who asks.
    let home: Bytes?
    private(set) var scripts: ScriptReader
    /// What each directory of units holds.
    private(set) var unitNames: [Bytes: Set<Bytes>] = [:]

    /// In the order in which the first of a name counts; `isVendor`: a timer there runs only where it is enabled.
    private var unitDirectories: [(path: Bytes, isVendor: Bool)] {
        var all: [(Bytes, Bool)] = [
            ("/etc/systemd/system", false), ("/run/systemd/transient", false), ("/run/systemd/system", false),
            ("/usr/local/lib/systemd/system", true), ("/usr/lib/systemd/system", true), ("/lib/systemd/system", true),
        ]
        if !isRoot, let home { all.insert((home.appending(".config/systemd/user"), false), at: 0) }
        return all
    }

    mutating func run() {
        for (directory, _) in unitDirectories { unitNames[directory] = Set(files.names(directory)) }
        var names: Set<Bytes> = []
        for (directory, isVendor) in unitDirectories {
            for name in unitNames[directory] ?? [] {
                if name.hasSuffix(".timer"), !isVendor { names.insert(name) }
                guard name.hasSuffix(".wants") || name.hasSuffix(".requires") else { continue }
                names.formUnion(files.names(directory.appending(name)).filter { $0.hasSuffix(".timer") })
            }
        }
        var services: Set<Bytes> = []
        for name in names.sorted().prefix(SearchedFiles.mostEntries) {
            guard let timer = unit(name) else { continue }
            let settings = timer.flatMap(\.settings)
            let service = settings.last { $0.key == "Unit" }?.value ?? name.dropLast(6) + ".service"
            if services.insert(service).inserted { self.service(service) }
        }
    }

    private struct UnitFile {
        var path: Bytes
        var settings: [(line: Int, key: Bytes, value: Bytes)]
    }

    /// A unit's own file and what was added to it; `nil`: there is none, or it is masked.
    private func unit(_ name: Bytes) -> [UnitFile]? {
        let directories = unitDirectories.map(\.path)
        // `job@db.service` is `job@.service`.
        let template = name.storage.firstIndex(of: UInt8(ascii: "@")).flatMap { at in
            name.storage.lastIndex(of: UInt8(ascii: ".")).map {
                Bytes(name.storage[...at]) + Bytes(name.storage[$0...])
            }
        }
        for candidate in [name, template].compactMap({ $0 }) {
            for directory in directories where unitNames[directory]?.contains(candidate) == true {
                let path = directory.appending(candidate)
                // A link to /dev/null is no text: masked.
                guard let text = files.text(path), !text.bytes.isEmpty else { return nil }
                let added = directories.filter { unitNames[$0]?.contains(candidate + ".d") == true }
                    .flatMap { files.files($0.appending(candidate + ".d")) }.filter { $0.path.hasSuffix(".conf") }
                return ([(path, text)] + added).map { UnitFile(path: $0, settings: Self.settings($1)) }
            }
        }
        return nil
    }

    private static func settings(_ text: SearchedFiles.Text) -> [(line: Int, key: Bytes, value: Bytes)] {
        var found: [(line: Int, key: Bytes, value: Bytes)] = []
        var pending: (line: Int, text: Bytes)?
        for (number, line) in text.lines {
            guard pending != nil || !line.isComment else { continue }
            let whole = pending.map { ($0.line, $0.text + " " + line) } ?? (number, line)
            if whole.1.hasSuffix("\\") {
                pending = (whole.0, whole.1.dropLast(1))
                continue
            }
            pending = nil
            guard let equals = whole.1.storage.firstIndex(of: UInt8(ascii: "=")) else { continue }
            found.append(
                (
                    whole.0, Bytes(whole.1.storage[..<equals]).trimmed,
                    Bytes(whole.1.storage[(equals + 1)...]).trimmed
                ))
        }
        return found
    }

    private mutating func service(_ name: Bytes) {
        guard let parts = unit(name) else { return }
        let instance = name.storage.firstIndex(of: UInt8(ascii: "@")).map {
            Bytes(name.storage[($0 + 1)...]).dropLast(".service".utf8.count)
        }
        var variables: [Bytes: [ShellWord]] = [:]
        var directory = ShellWord("/")
        for setting in parts.flatMap(\.settings) {
            if setting.key == "WorkingDirectory" { directory = ShellWord(setting.value) }
            guard setting.key == "Environment" else { continue }
            var reader = ShellReader("export " + setting.value, .init(file: "", line: 0))
            reader.read()
            variables.merge(reader.shell.variables) { $1 }
        }
        let home = isRoot ? ShellWord("/root") : self.home.map { ShellWord($0) }
        for part in parts {
            for setting in part.settings where setting.key.hasPrefix("Exec") {
                let command = Bytes(setting.value.storage.drop { "-@:+!".utf8.contains($0) })
                scripts.read(
                    Self.specifiers(command, instance), .init(file: part.path, line: setting.line),
                    variables: variables, directory: directory, home: home, hasBareNames: true)
            }
        }
    }

    /// `%i` is the instance, `%%` a percent sign; what else `%` stands for is unknown.
    private static func specifiers(_ command: Bytes, _ instance: Bytes?) -> Bytes {
        var made: [UInt8] = []
        var isSpecifier = false
        for byte in command.storage {
            if isSpecifier {
                isSpecifier = false
                switch byte {
                case UInt8(ascii: "%"): made.append(byte)
                case UInt8(ascii: "i"), UInt8(ascii: "I"): made += instance?.storage ?? Array("$?".utf8)
                default: made += Array("$?".utf8)
                }
            } else if byte == UInt8(ascii: "%") {
                isSpecifier = true
            } else {
                made.append(byte)
            }
        }
        return Bytes(made)
    }
}
