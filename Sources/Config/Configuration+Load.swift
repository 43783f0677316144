internal import Disk
package import Model

/// What stands on the command line and before any file.
package struct Overrides: Sendable {
    package var config: String?
    package var stateDirectory: String?
    /// `--vault PATH` and its rules: no file is read.
    package var adHoc: AdHoc?
    package var environment: [String: String]

    package struct AdHoc: Sendable {
        package var paths: [String]
        package var keep: [(rule: String, value: String)]
        package var settings: [(key: String, value: String)]

        package init(paths: [String], keep: [(rule: String, value: String)], settings: [(key: String, value: String)]) {
            self.paths = paths
            self.keep = keep
            self.settings = settings
        }
    }

    package init(config: String?, stateDirectory: String?, adHoc: AdHoc?, environment: [String: String]) {
        self.config = config
        self.stateDirectory = stateDirectory
        self.adHoc = adHoc
        self.environment = environment
    }
}

/// Where things are, for root and for others (XDG).
package struct Places: Sendable {
    package var config: String
    package var state: String
    /// `nil`: in the state directory.
    package var auditLog: String?

    package init(_ overrides: Overrides) {
        let environment = overrides.environment
        let home = environment["HOME"] ?? "/nonexistent"
        let system = "/etc/reprieve/reprieve.yaml"
        let own = (environment["XDG_CONFIG_HOME"] ?? home + "/.config") + "/reprieve/reprieve.yaml"
        // Without a file of their own people ask about the system's vaults.
        let isSystem = Surroundings.isRoot || (Self.exists(system) && !Self.exists(own))
        config = overrides.config.map { Configuration.absolute($0).display } ?? (isSystem ? system : own)
        state =
            overrides.stateDirectory
            ?? (isSystem && overrides.adHoc == nil || Surroundings.isRoot
                ? "/var/lib/reprieve" : (environment["XDG_STATE_HOME"] ?? home + "/.local/state") + "/reprieve")
        auditLog = Surroundings.isRoot && overrides.stateDirectory == nil ? "/var/log/reprieve/audit.log" : nil
    }

    private static func exists(_ path: String) -> Bool { Surroundings.resolved(Bytes(path)) != nil }
}

extension Configuration {
    /// For a process that must answer soon: paths that hang are waited for a moment only.
    package static func hurry() { Reach.hurry() }

    /// Reads the main file and `conf.d/*.yaml` beside it, in the order of their names.
    /// `substitute`: a file's text as it would be, to look at its consequences before it is written.
    package static func load(
        _ overrides: Overrides, substitute: (file: String, text: String)? = nil
    ) throws(Fault) -> Configuration {
        guard overrides.adHoc == nil else { return try load(overrides, texts: []) }
        let main = Places(overrides).config
        var files = try Self.files(main)
        if let substitute, !files.contains(substitute.file) {
            // conf.d goes by name, behind the main file.
            files =
                files.filter { $0 == main }
                + (files.filter { $0 != main } + [substitute.file]).sorted { Bytes($0) < Bytes($1) }
        }
        var texts: [SourceText] = []
        for file in files {
            if let substitute, substitute.file == file {
                texts.append(SourceText(file: file, text: substitute.text))
                continue
            }
            let text = try Directory.read(absolute: Bytes(file), limit: 1 << 22)
            guard let text = text.utf8 else {
                throw Fault(.configuration, "\(file) is not UTF-8", hint: "save it as UTF-8", path: Bytes(file))
            }
            texts.append(SourceText(file: file, text: text))
        }
        return try load(overrides, texts: texts)
    }

    /// What these texts say; without any, what the options say.
    package static func load(_ overrides: Overrides, texts: [SourceText]) throws(Fault) -> Configuration {
        let places = Places(overrides)
        var reader = ConfigurationReader()
        reader.credentials = overrides.environment["CREDENTIALS_DIRECTORY"].map { Bytes($0) }
        if let adHoc = overrides.adHoc { try readOptions(adHoc, &reader) }
        for source in texts { try reader.read(source.text, file: source.file) }
        // --state-dir wins over the file, as every option does.
        let state = overrides.stateDirectory.map { absolute($0) } ?? reader.stateDirectory?.value ?? Bytes(places.state)
        let log =
            reader.auditLog?.value
            ?? (reader.stateDirectory == nil ? places.auditLog.map { Bytes($0) } : nil) ?? state.appending("audit.log")
        let (vaults, wildcards) = try reader.vaults()
        var configuration = Configuration(
            zone: reader.zone ?? Sourced(Zone.system), vaults: vaults, stateDirectory: state,
            auditLog: log, metrics: reader.metrics, hooks: reader.hooks, wildcards: wildcards,
            files: texts.map(\.file), texts: texts)
        if overrides.adHoc == nil {
            let own = Bytes(places.config).parent.appending("FREEZE")
            if own != systemFreezeFile { configuration.freezeFiles.append(own) }
        }
        try configuration.checkPaths()
        try configuration.checkHooks()
        return configuration
    }

    /// A path as a person typed it, from the working directory where it is relative.
    package static func absolute(_ path: String) -> Bytes {
        let here = path.hasPrefix("/") ? Bytes() : Surroundings.resolved(".") ?? "/"
        return here.appending(Bytes(path)).normalised
    }

    /// The reader speaks of lines; a person who typed options wants to hear of those.
    private static func readOptions(_ adHoc: Overrides.AdHoc, _ reader: inout ConfigurationReader) throws(Fault) {
        let file = "options"
        do {
            try reader.read(yaml(adHoc), file: file)
            _ = try reader.vaults().all
        } catch {
            guard error.code == .configuration, error.message.hasPrefix(file) else { throw error }
            let text = error.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? error.message
            throw Fault(.usage, "--vault and its options: \(text)", hint: error.hint)
        }
    }

    package static func files(_ main: String) throws(Fault) -> [String] {
        var files: [String] = []
        if Surroundings.resolved(Bytes(main)) != nil { files.append(main) }
        let directory = Bytes(main).parent.appending("conf.d")
        if let opened = try? Directory.open(absolute: directory) {
            files += try opened.entries().filter {
                $0.kind != .directory && $0.name.hasSuffix(".yaml") && !$0.name.hasPrefix(".")
            }
            .map(\.name).sorted().compactMap { directory.appending($0).utf8 }
        }
        guard !files.isEmpty else {
            throw Fault(
                .configuration, "there is no configuration yet ('\(main)')",
                hint:
                    "`reprieve init DIRECTORY` proposes one; or try without: reprieve plan --vault DIRECTORY --keep-daily 7",
                path: Bytes(main))
        }
        return files
    }

    /// `--vault PATH --keep-daily 7` as the file that would mean the same, so that there is one reader.
    private static func yaml(_ adHoc: Overrides.AdHoc) -> String {
        let keep =
            adHoc.keep.isEmpty
            ? "all" : "{ " + adHoc.keep.map { "\($0.rule): \($0.value.yaml)" }.joined(separator: ", ") + " }"
        var text = "vaults:\n"
        var taken: Set<String> = []
        for path in adHoc.paths {
            let whole = absolute(path)
            let base = String(
                whole.lastComponent.display.filter { !$0.isWhitespace && $0 != "/" }.drop { $0 == "-" })
            let first = base.isEmpty ? "vault" : base
            let name =
                taken.contains(first)
                ? (2...).lazy.map { "\(first)-\($0)" }.first { !taken.contains($0) } ?? first : first
            taken.insert(name)
            text +=
                "  \(name.yaml):\n    path: \((whole.utf8 ?? whole.display).yaml)\n    keep: \(keep)\n"
            for setting in adHoc.settings { text += "    \(setting.key): \(setting.value.yaml)\n" }
        }
        return text
    }

    /// A name that is no vault's would never be told anything, or asked.
    private func checkHooks() throws(Fault) {
        for hook in hooks {
            for pattern in hook.vaults where !pattern.contains(where: { "*?".contains($0) }) {
                let known = vaults.flatMap { [$0.label, $0.entry] }
                guard !known.contains(pattern), !hasWildcards else { continue }
                let nearest = ConfigurationNode.nearest(to: pattern, in: known)
                throw Fault(
                    .configuration,
                    "\(hook.origin.map { "\($0.text):\($0.column): " } ?? "")hook '\(hook.name)' names a vault '\(pattern)' that is not there",
                    hint: nearest.map { "did you mean '\($0)'?" }, path: hook.origin.map { Bytes($0.file) })
            }
        }
    }

    /// The state must not lie in a vault: its own files would be backups to be cleaned up.
    private func checkPaths() throws(Fault) {
        let state = Surroundings.resolved(stateDirectory) ?? stateDirectory
        let resolved = Reach.resolved(vaults.map(\.path))
        for vault in vaults {
            let path = resolved[vault.path] ?? vault.path
            guard !state.isWithin(path) else {
                throw Fault(
                    .configuration,
                    "the state directory '\(state.display)' lies inside the vault '\(vault.label)' ('\(path.display)')",
                    hint: "choose another one with state-directory: or --state-dir", path: state)
            }
            try checkMetrics(vault, path)
        }
    }

    /// What the metrics are written to is replaced again and again: in a vault it would be a backup that never settles.
    private func checkMetrics(_ vault: VaultConfiguration, _ path: Bytes) throws(Fault) {
        var places = [metrics.textfile].compactMap { $0 }
        if let listen = metrics.listen, case .unix(let socket) = listen.value {
            places.append(Sourced(socket, listen.origin))
        }
        for place in places where place.value.isWithin(path) {
            throw Fault(
                .configuration,
                "\(place.origin?.text ?? "metrics"): '\(place.value.display)' lies inside the vault '\(vault.label)'",
                hint: "choose a place outside all vaults", path: place.value)
        }
    }
}
