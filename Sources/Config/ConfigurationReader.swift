internal import Disk
internal import Foundation
package import Model
internal import Recognition
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
    private var defaults = VaultConfiguration.Settings()
    private var defaultKeep: Sourced<KeepRules>?
    private var hasDefaults: Origin?
    private var entries: [(name: String, node: ConfigurationNode)] = []
    /// Read after the vaults, in order: what `retention set` wrote.
    private var overrides: [(key: ConfigurationNode, name: String, value: ConfigurationNode)] = []

    package init() {}

    private static let top = ConfigurationTable.names(.top)
    static let shared = ConfigurationTable.names(.vault)
    private static let later = ["depth", "layout"]

    package mutating func read(_ text: String, file: String) throws(Fault) {
        guard let root = try Self.parse(text, file) else { return }
        let pairs = try root.pairs("the configuration", known: Self.top, later: Self.later)
        for (key, name, value) in pairs {
            switch name {
            case "timezone": zone = try Self.zone(value)
            case "state-directory": stateDirectory = Sourced(try Self.absolute(value, name), value.origin)
            case "audit-log": auditLog = Sourced(try Self.absolute(value, name), value.origin)
            case "metrics": try Self.metrics(value, &metrics)
            case "defaults": try readDefaults(key, value)
            case "hooks": hooks += try Self.hooks(value, besides: hooks, credentials: credentials)
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

    static func absolute(_ node: ConfigurationNode, _ what: String) throws(Fault) -> Bytes {
        let text = try node.text(what)
        guard text.hasPrefix("/"), !text.contains("\0") else {
            throw node.refuse("'\(what)' must be an absolute path, not '\(text)'", hint: "start it with /")
        }
        return normalised(Bytes(text))
    }

    /// Without doubled, trailing and `.` parts; `..` is left for the kernel to resolve.
    static func normalised(_ path: Bytes) -> Bytes {
        Bytes("/") + path.components.filter { $0 != "." }.reduce(Bytes()) { $0.appending($1) }
    }

    // MARK: Settings

    private mutating func readDefaults(_ key: ConfigurationNode, _ node: ConfigurationNode) throws(Fault) {
        if let other = hasDefaults {
            throw key.refuse("'defaults' stands in \(other.text) already", hint: "keep one of the two")
        }
        hasDefaults = key.origin
        for (_, name, value) in Self.inOrder(try node.pairs("defaults", known: Self.shared, later: Self.later)) {
            if name == "keep" {
                defaultKeep = Sourced(try Self.keep(value, defaults.semantics.value), value.origin)
            } else {
                try Self.set(name, value, &defaults)
            }
        }
    }

    /// `semantics` first: it says how lengths of time are written.
    private static func inOrder<T>(_ pairs: [(key: T, name: String, value: T)]) -> [(key: T, name: String, value: T)] {
        pairs.filter { $0.name == "semantics" } + pairs.filter { $0.name != "semantics" }
    }

    private static func set(
        _ name: String, _ node: ConfigurationNode, _ settings: inout VaultConfiguration.Settings
    ) throws(Fault) {
        switch name {
        case "quiet-period": settings.quietPeriod = Sourced(try node.span(name), node.origin)
        case "cleanup-every": settings.cleanupEvery = Sourced(try node.span(name), node.origin)
        case "grace-period": settings.gracePeriod = Sourced(try node.span(name), node.origin)
        case "min-grace": settings.minGrace = Sourced(try node.span(name), node.origin)
        case "purge-rate":
            let isOff = try node.text(name) == "off"
            settings.purgeRate = Sourced(isOff ? nil : try node.number(name, in: 10...10_000_000), node.origin)
        case "min-age": settings.minAge = Sourced(try node.span(name), node.origin)
        case "incomplete-after": settings.incompleteAfter = Sourced(try node.span(name), node.origin)
        case "semantics": settings.semantics = Sourced(try semantics(node), node.origin)
        case "min-observed-age": settings.minObservedAge = Sourced(try node.span(name), node.origin)
        case "schedule":
            guard let schedule = Schedule(text: try node.text(name)) else {
                throw node.refuse(
                    "'\(try node.text(name))' is not a valid schedule",
                    hint: "known: after-backup, hourly, manual, or a time such as 04:15")
            }
            settings.schedule = Sourced(schedule, node.origin)
        case "time-from":
            settings.timeFrom = Sourced(
                try node.word(name, DirectoryReading.TimeSource.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "sizes":
            settings.sizes = Sourced(try node.word(name, Sizes.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "requires-mount":
            settings.requiresMount = Sourced(try node.word(name, [("true", true), ("false", false)]), node.origin)
        case "removable":
            settings.removable = Sourced(try node.word(name, [("true", true), ("false", false)]), node.origin)
        case "names": settings.names = try names(node)
        case "match": settings.match = try matches(node)
        case "exclude": settings.exclude = try rules(name, node)
        case "include": settings.include = try rules(name, node)
        case "limits": try limits(node, &settings.limits)
        case "approval":
            settings.approval = Sourced(try node.word(name, Approval.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "safeguards":
            for (_, key, value) in try node.pairs("safeguards", known: Self.safeguards, later: ["freeze-if-stale"]) {
                switch key {
                case "min": settings.minimum = Sourced(try value.number(key, in: 1...1_000_000), value.origin)
                case "max-condemned": settings.maxCondemned = Sourced(try share(key, value), value.origin)
                case "max-condemned-bytes":
                    settings.maxCondemnedBytes = Sourced(try share(key, value), value.origin)
                case "clock", "set-aside-suspect", "freeze-if-suspect", "freeze-if-rewritten":
                    try Self.brake(key, value, &settings.brakes)
                default:
                    let periods = Period.allCases.filter { [.day, .week, .month, .year].contains($0) }
                    let words = periods.map { ($0.rawValue, Optional($0)) } + [("off", nil)]
                    settings.onlyBackupOf = Sourced(try value.word(key, words), value.origin)
                }
            }
        default: preconditionFailure("pairs() lets only known keys through")
        }
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
        var shared = Shared(keep: defaultKeep ?? Sourced(.everything), settings: defaults)
        for (_, key, value) in Self.inOrder(
            try node.pairs(
                "vault '\(name)'", known: ConfigurationTable.names(.vaultOnly) + Self.shared, later: Self.later))
        {
            if key == SystemDirectory.key {
                shared.settings.isOfSystem = try value.word(key, [("true", true), ("false", false)])
            } else if key == "path" {
                path = (try Self.absolute(value, "path"), value)
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
        func vault(_ label: String, _ own: Shared, at match: Bytes) -> VaultConfiguration {
            VaultConfiguration(
                label: label, entry: name, path: match, pattern: Wildcard.isPattern(path) ? path : nil, keep: own.keep,
                series: own.series, seriesOrigins: own.seriesOrigins, settings: own.settings)
        }
        var found: [VaultConfiguration] = []
        for match in Wildcard.expand(path) {
            let label = match.name.isEmpty ? name : "\(name)/\(match.name)"
            var own = shared
            if label != name { try override(&own, of: label) }
            try Self.check(own, name, node)
            found.append(vault(label, own, at: match.path))
        }
        if found.isEmpty { try Self.check(shared, name, node) }
        return (found, Wildcard.isPattern(path) ? vault(name, shared, at: path) : nil)
    }

    /// What a vault has, as it is read.
    private struct Shared {
        var keep: Sourced<KeepRules>
        var series: Sourced<[VaultPolicy.SeriesPolicy]> = Sourced([])
        var seriesOrigins: [Origin] = []
        var settings: VaultConfiguration.Settings

        mutating func read(_ key: String, _ value: ConfigurationNode) throws(Fault) {
            switch key {
            case "keep":
                keep = Sourced(try ConfigurationReader.keep(value, settings.semantics.value), value.origin)
            case "series":
                series = Sourced(try ConfigurationReader.series(value, settings.semantics.value), value.origin)
                seriesOrigins = try value.pairs("series").map(\.key.origin)
            default: try ConfigurationReader.set(key, value, &settings)
            }
        }
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
        var shared = Shared(
            keep: base.keep, series: base.series, seriesOrigins: base.seriesOrigins, settings: base.settings)
        let known = ["timezone", "series"] + Self.shared
        for (_, key, value) in inOrder(try root.pairs("the policy", known: known, later: later)) {
            if key == "timezone" { zone = try Self.zone(value) } else { try shared.read(key, value) }
        }
        try check(shared, base.label, root)
        (vault.keep, vault.series, vault.seriesOrigins) = (shared.keep, shared.series, shared.seriesOrigins)
        vault.settings = shared.settings
        return (vault, zone)
    }

    private func override(_ shared: inout Shared, of name: String) throws(Fault) {
        for (_, vault, node) in overrides where vault == name {
            let pairs = try node.pairs("overrides of '\(name)'", known: ["series"] + Self.shared, later: Self.later)
            for (_, key, value) in Self.inOrder(pairs) { try shared.read(key, value) }
        }
    }

    private static func series(
        _ node: ConfigurationNode, _ semantics: Semantics
    ) throws(Fault) -> [VaultPolicy.SeriesPolicy] {
        try node.pairs("series").map { pair throws(Fault) in
            guard !pair.name.isEmpty else { throw pair.key.refuse("an empty pattern matches no series") }
            var policy = VaultPolicy.SeriesPolicy(pattern: pair.name, keep: nil)
            let later = Self.later + Self.shared.filter { $0 != "keep" }
            let known = ["keep", "importance"]
            for (_, name, value) in try pair.value.pairs("series '\(pair.name)'", known: known, later: later) {
                if name == "keep" {
                    policy.keep = try Self.keep(value, semantics)
                } else {
                    policy.importance = try value.word(name, Importance.Level.allCases.map { ($0.rawValue, $0) })
                }
            }
            guard policy.keep != nil || policy.importance != nil else {
                throw pair.value.refuse(
                    "series '\(pair.name)' says nothing", hint: "\"\(pair.name)\": { keep: { last: 2 } }")
            }
            return policy
        }
    }

    /// Contradictions between keys.
    private static func check(_ shared: Shared, _ name: String, _ node: ConfigurationNode) throws(Fault) {
        let settings = shared.settings
        try checkNames(shared, name, node)
        if settings.gracePeriod.value.fixedSeconds < settings.minGrace.value.fixedSeconds {
            throw node.refuse(
                "the grace-period of vault '\(name)' (\(settings.gracePeriod.value.text)) is shorter than its min-grace (\(settings.minGrace.value.text))",
                hint:
                    "lengthen grace-period, or set `min-grace: \(settings.gracePeriod.value.text)` as well if you mean it"
            )
        }
    }

    /// Where times and series come from must fit what is asked of them.
    private static func checkNames(_ shared: Shared, _ name: String, _ node: ConfigurationNode) throws(Fault) {
        let settings = shared.settings
        guard settings.timeFrom.value == .mtime else {
            for names in settings.names where !names.value.has("time") {
                throw refuse(
                    names, "vault '\(name)' takes times from names, and '\(names.value.pattern)' has no time",
                    hint: "write %Y-%m-%d, or as the names have it, or `time-from: mtime`")
            }
            for match in settings.match where !match.value.has("time") {
                throw refuse(
                    match, "vault '\(name)' takes times from names, and '\(match.value.pattern)' has no group 'time'",
                    hint: "write (?<time>…) around it, or `time-from: mtime`")
            }
            return
        }
        for match in settings.match {
            if match.value.options.timeFormat != nil {
                throw refuse(
                    match, "vault '\(name)' takes times from mtime, and a time-format says how names write them",
                    hint: "leave one of the two out")
            }
            if !match.value.has("series"), !match.value.has("time") {
                throw refuse(
                    match, "'\(match.value.pattern)' does not tell the series",
                    hint: "write (?<series>…) around its name")
            }
        }
        let rules = [shared.keep.value] + shared.series.value.compactMap(\.keep)
        guard settings.match.isEmpty, settings.names.isEmpty, rules.contains(where: \.needsSeries) else { return }
        throw node.refuse(
            "vault '\(name)' takes times from mtime, so names cannot tell one series from another, and rules that count are refused",
            hint:
                "use `within: 30d` (or max-age, all), `time-from: name`, `names` with {series}, or `match` with a group 'series'"
        )
    }

    private static func refuse(_ match: Sourced<CustomRecogniser>, _ message: String, hint: String) -> Fault {
        let file = match.origin?.file ?? ""
        return Fault(
            .configuration, (match.origin.map { "\($0.text):\($0.column): " } ?? "") + message, hint: hint,
            path: Bytes(file))
    }
}
