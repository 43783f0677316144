internal import Disk
package import Model
internal import Retention
internal import Yams

typealias KeepCount = KeepRules.Count

/// Reads configuration files strictly: what it does not understand it refuses, with file, line and column.
package struct ConfigurationReader {
    private(set) var zone: Sourced<Zone>?
    private(set) var stateDirectory: Sourced<Bytes>?
    private(set) var auditLog: Sourced<Bytes>?
    private(set) var metrics = MetricsSettings()
    private(set) var hooks: [Hook] = []
    /// `$CREDENTIALS_DIRECTORY`.
    var credentials: Bytes?
    private var defaults = PolicyReader()
    private var hasDefaults: Origin?
    private var entries: [(name: String, node: ConfigurationNode)] = []
    /// Read after the vaults, in order: what `retention set` wrote.
    private var overrides: [(key: ConfigurationNode, name: String, value: ConfigurationNode)] = []

    package init() {}

    private static let top = ConfigurationTable.names(.top)
    static let later = ["depth", "layout"]

    package mutating func read(_ text: String, file: String) throws(Fault) {
        guard let root = try Self.parse(text, file) else { return }
        let pairs = try root.pairs("the configuration", known: Self.top, later: Self.later)
        for (key, name, value) in pairs {
            switch name {
            case "timezone": zone = try Self.zone(value)
            case "state-directory": stateDirectory = Sourced(try value.absolute(name), value.origin)
            case "audit-log": auditLog = Sourced(try value.absolute(name), value.origin)
            case "metrics": try metrics.read(value)
            case "defaults": try readDefaults(key, value)
            case "hooks": hooks += try HooksReader(credentials: credentials).hooks(value, besides: hooks)
            case "overrides": overrides += try value.pairs("overrides")
            default: try readVaults(value)
            }
        }
    }

    /// `nil`: the file is empty.
    private static func parse(_ text: String, _ file: String) throws(Fault) -> ConfigurationNode? {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw refuse(error, file)
        } catch {
            throw Fault(.configuration, "\(file): \(error)", path: Bytes(file))
        }
        guard let root, root.null == nil else { return nil }
        return ConfigurationNode(node: root, file: file)
    }

    private static func refuse(_ error: YamlError, _ file: String) -> Fault {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return Fault(
                .configuration, "\(file):\(mark.line):\(mark.column): \(problem)",
                hint: "it is not valid YAML: look at indentation, colons and quotes near there", path: Bytes(file))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let name = duplicates.first.map { "\($0)" } ?? "a key"
            return Fault(
                .configuration, "\(file):\(context.mark.line):\(context.mark.column): '\(name)' stands twice",
                hint: "remove one of the two", path: Bytes(file))
        default:
            return Fault(.configuration, "\(file): \(error)", path: Bytes(file))
        }
    }

    private static func zone(_ node: ConfigurationNode) throws(Fault) -> Sourced<Zone> {
        let name = try node.text("timezone")
        guard let zone = Zone(name: name), name != "" else {
            throw node.refuse(
                "unknown time zone '\(name)'", hint: "write a name as in /usr/share/zoneinfo: Europe/Berlin, UTC")
        }
        return Sourced(zone, node.origin)
    }

    private mutating func readDefaults(_ key: ConfigurationNode, _ node: ConfigurationNode) throws(Fault) {
        if let other = hasDefaults {
            throw key.refuse("'defaults' stands in \(other.text) already", hint: "keep one of the two")
        }
        hasDefaults = key.origin
        let pairs = try node.pairs("defaults", known: PolicyReader.keys, later: Self.later)
        for (_, name, value) in PolicyReader.inOrder(pairs) { try defaults.read(name, value) }
    }

    // MARK: Vaults

    private mutating func readVaults(_ node: ConfigurationNode) throws(Fault) {
        for (key, name, value) in try node.pairs("vaults") {
            if let other = entries.first(where: { $0.name == name }) {
                throw key.refuse(
                    "vault '\(name)' stands in \(other.node.origin.text) already", hint: "give it another name")
            }
            guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("-"), name.allSatisfy({ !$0.isWhitespace }) else {
                throw key.refuse(
                    "'\(name)' is not a valid name for a vault", hint: "one word without '/', not starting with '-'")
            }
            entries.append((name, value))
        }
    }

    /// The vaults, wildcards expanded to what is there now, and each entry whose path has a wildcard.
    package func vaults() throws(Fault) -> (all: [VaultConfiguration], wildcards: [VaultConfiguration]) {
        var (found, wildcards): ([VaultConfiguration], [VaultConfiguration]) = ([], [])
        for entry in entries {
            let (vaults, wildcard) = try vaults(of: entry.name, entry.node)
            found += vaults
            wildcards += wildcard.map { [$0] } ?? []
        }
        // A wildcard's match may be away today.
        for (key, name, _) in overrides
        where !entries.contains(where: { $0.name == name || name.hasPrefix($0.name + "/") }) {
            throw key.refuse(
                "overrides name a vault '\(name)' that is not there", hint: "remove it, or correct its name")
        }
        var seen: [Bytes: String] = [:]
        let resolved = Reach.resolved(found.map(\.path))
        for vault in found {
            let path = resolved[vault.path] ?? vault.path
            try Self.checkSystem(vault, path)
            if let other = seen.updateValue(vault.label, forKey: path) {
                throw Fault(
                    .configuration,
                    "the vaults '\(other)' and '\(vault.label)' are the same directory, '\(path.display)'",
                    hint: "remove one of the two", path: path)
            }
        }
        return (found, wildcards)
    }

    /// Somebody must have said twice that such a directory is meant.
    private static func checkSystem(_ vault: VaultConfiguration, _ path: Bytes) throws(Fault) {
        guard SystemDirectory.contains(path), !vault.settings.isOfSystem else { return }
        throw Fault(
            .configuration, "'\(path.display)', the path of vault '\(vault.label)', is a directory of the system",
            hint: "name the directory that backups are written into; if this one is meant, add "
                + "`\(SystemDirectory.key): true` to the vault (with --vault: --\(SystemDirectory.key))", path: path)
    }

    private func vaults(
        of name: String, _ node: ConfigurationNode
    ) throws(Fault) -> (vaults: [VaultConfiguration], wildcard: VaultConfiguration?) {
        var path: (Bytes, ConfigurationNode)?
        var shared = defaults
        let known = ConfigurationTable.names(.vaultOnly) + PolicyReader.keys
        for (_, key, value) in PolicyReader.inOrder(try node.pairs("vault '\(name)'", known: known, later: Self.later))
        {
            if key == SystemDirectory.key {
                shared.settings.isOfSystem = try value.word(key, [("true", true), ("false", false)])
            } else if key == "path" {
                path = (try value.absolute("path"), value)
            } else {
                try shared.read(key, value)
            }
        }
        guard let (path, pathNode) = path else {
            throw node.refuse("vault '\(name)' has no path", hint: "path: /srv/backups/\(name)")
        }
        guard path != "/" else {
            throw pathNode.refuse("'/' can be no vault", hint: "name the directory that the backups are written into")
        }
        try override(&shared, of: name)
        func vault(_ label: String, _ own: PolicyReader, at match: Bytes) -> VaultConfiguration {
            VaultConfiguration(
                label: label, entry: name, path: match, pattern: Wildcard.isPattern(path) ? path : nil, keep: own.keep,
                series: own.series, seriesOrigins: own.seriesOrigins, settings: own.settings)
        }
        var found: [VaultConfiguration] = []
        for match in Wildcard.expand(path) {
            let label = match.name.isEmpty ? name : "\(name)/\(match.name)"
            var own = shared
            if label != name { try override(&own, of: label) }
            try own.check(name, node)
            found.append(vault(label, own, at: match.path))
        }
        if found.isEmpty { try shared.check(name, node) }
        return (found, Wildcard.isPattern(path) ? vault(name, shared, at: path) : nil)
    }

    static func policy(
        _ text: String, file: String, over base: VaultConfiguration, zone: Sourced<Zone>
    ) throws(Fault) -> (vault: VaultConfiguration, zone: Sourced<Zone>) {
        guard let root = try parse(text, file), root.node.mapping != nil else {
            throw Fault(
                .configuration, "\(file) holds no policy", hint: "keep: { daily: 7, weekly: 5 }", path: Bytes(file))
        }
        if root.node.mapping?["vaults"] != nil {
            var reader = ConfigurationReader()
            try reader.read(text, file: file)
            guard let found = try reader.vaults().all.first(where: { $0.label == base.label || $0.path == base.path })
            else {
                throw root.refuse("there is no vault '\(base.label)' in it", hint: "a policy alone begins with `keep:`")
            }
            return (found, reader.zone ?? zone)
        }
        var (vault, zone) = (base, zone)
        var shared = PolicyReader(
            keep: base.keep, series: base.series, seriesOrigins: base.seriesOrigins, settings: base.settings)
        let known = ["timezone", "series"] + PolicyReader.keys
        for (_, key, value) in PolicyReader.inOrder(try root.pairs("the policy", known: known, later: later)) {
            if key == "timezone" { zone = try Self.zone(value) } else { try shared.read(key, value) }
        }
        try shared.check(base.label, root)
        (vault.keep, vault.series, vault.seriesOrigins) = (shared.keep, shared.series, shared.seriesOrigins)
        vault.settings = shared.settings
        return (vault, zone)
    }

    private func override(_ shared: inout PolicyReader, of name: String) throws(Fault) {
        for (_, vault, node) in overrides where vault == name {
            let pairs = try node.pairs(
                "overrides of '\(name)'", known: ["series"] + PolicyReader.keys, later: Self.later)
            for (_, key, value) in PolicyReader.inOrder(pairs) { try shared.read(key, value) }
        }
    }
}
