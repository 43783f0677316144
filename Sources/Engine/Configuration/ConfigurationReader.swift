internal import Disk
internal import Foundation
internal import Model
internal import Recognition
internal import Retention
internal import Yams

typealias KeepCount = KeepRules.Count

/// Reads configuration files strictly: what it does not understand it refuses, with file, line and column.
struct ConfigurationReader {
    private(set) var zone: Sourced<Zone>?
    private(set) var stateDirectory: Sourced<Bytes>?
    private(set) var auditLog: Sourced<Bytes>?
    private var defaults = VaultConfiguration.Settings()
    private var defaultKeep: Sourced<KeepRules>?
    private var hasDefaults: Origin?
    private var entries: [(name: String, node: ConfigurationNode)] = []

    private static let top = ["timezone", "state-directory", "audit-log", "defaults", "vaults"]
    private static let shared = [
        "keep", "quiet-period", "schedule", "cleanup-every", "grace-period", "min-grace", "min-age", "min-observed-age",
        "time-from", "approval", "safeguards",
    ]
    private static let later = [
        "incomplete-after", "exclude", "depth", "layout", "match", "limits", "hooks", "semantics", "sizes",
    ]

    mutating func read(_ text: String, file: String) throws(Fault) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Self.refuse(error, file)
        } catch {
            throw Fault(.configuration, "\(file): \(error)", path: Bytes(file))
        }
        guard let root, root.null == nil else { return }
        let pairs = try ConfigurationNode(node: root, file: file).pairs(
            "the configuration", known: Self.top, later: Self.later)
        for (key, name, value) in pairs {
            switch name {
            case "timezone": zone = try Self.zone(value)
            case "state-directory": stateDirectory = Sourced(try Self.absolute(value, name), value.origin)
            case "audit-log": auditLog = Sourced(try Self.absolute(value, name), value.origin)
            case "defaults": try readDefaults(key, value)
            default: try readVaults(value)
            }
        }
    }

    private static func refuse(_ error: YamlError, _ file: String) -> Fault {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return Fault(
                .configuration, "\(file):\(mark.line):\(mark.column): \(problem)",
                hint: "it is no valid YAML: look at indentation, colons and quotes near there", path: Bytes(file))
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

    private static func absolute(_ node: ConfigurationNode, _ what: String) throws(Fault) -> Bytes {
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
        for (_, name, value) in try node.pairs("defaults", known: Self.shared, later: Self.later) {
            if name == "keep" {
                defaultKeep = Sourced(try Self.keep(value), value.origin)
            } else {
                try Self.set(name, value, &defaults)
            }
        }
    }

    private static func set(
        _ name: String, _ node: ConfigurationNode, _ settings: inout VaultConfiguration.Settings
    ) throws(Fault) {
        switch name {
        case "quiet-period": settings.quietPeriod = Sourced(try node.span(name), node.origin)
        case "cleanup-every": settings.cleanupEvery = Sourced(try node.span(name), node.origin)
        case "grace-period": settings.gracePeriod = Sourced(try node.span(name), node.origin)
        case "min-grace": settings.minGrace = Sourced(try node.span(name), node.origin)
        case "min-age": settings.minAge = Sourced(try node.span(name), node.origin)
        case "min-observed-age": settings.minObservedAge = Sourced(try node.span(name), node.origin)
        case "schedule":
            guard let schedule = Schedule(text: try node.text(name)) else {
                throw node.refuse(
                    "'\(try node.text(name))' is no schedule",
                    hint: "known: after-backup, hourly, manual, or a time as 04:15")
            }
            settings.schedule = Sourced(schedule, node.origin)
        case "time-from":
            settings.timeFrom = Sourced(
                try node.word(name, DirectoryReading.TimeSource.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "approval":
            settings.approval = Sourced(try node.word(name, Approval.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "safeguards":
            let later = ["max-condemned", "only-backup-of", "freeze-if-stale"]
            for (_, _, value) in try node.pairs("safeguards", known: ["min"], later: later) {
                settings.minimum = Sourced(try value.number("min", in: 1...1_000_000), value.origin)
            }
        default: preconditionFailure("pairs() lets only known keys through")
        }
    }

    static let rules = [
        "all", "last", "hourly", "daily", "weekly", "monthly", "yearly", "within", "max-age", "max-count",
    ]

    static func keep(_ node: ConfigurationNode) throws(Fault) -> KeepRules {
        if node.node.scalar != nil {
            guard try node.text("keep") == "all" else {
                throw node.refuse(
                    "'keep' is a mapping of rules, or the word all", hint: "keep: { daily: 7, weekly: 5 }")
            }
            return .everything
        }
        var rules = KeepRules()
        var names: Set<String> = []
        let later = [
            "quarterly", "full", "window", "within-hourly", "within-daily", "within-weekly", "within-monthly",
            "within-yearly",
        ]
        for (key, name, value) in try node.pairs("keep", known: Self.rules, later: later) {
            names.insert(name)
            switch name {
            case "all":
                guard try value.text(name) == "true" else { throw value.refuse("'all' is true, or left out") }
                rules.all = true
            case "last", "max-count": rules.last = try value.count(name)
            case "hourly": rules.hourly = try value.count(name)
            case "daily": rules.daily = try value.count(name)
            case "weekly": rules.weekly = try value.count(name)
            case "monthly": rules.monthly = try value.count(name)
            case "yearly": rules.yearly = try value.count(name)
            default: rules.within = try value.span(name, fixed: false)
            }
            if names.isSuperset(of: ["last", "max-count"]) || names.isSuperset(of: ["within", "max-age"]) {
                throw key.refuse(
                    "'\(name)' says the same thing a second time",
                    hint: "max-count is last, max-age is within: keep one of the two")
            }
        }
        guard !rules.isEmpty else {
            throw node.refuse(
                "'keep' has no rule", hint: "write `keep: all` to keep everything, or rules: { daily: 7 }")
        }
        return rules
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
                    "'\(name)' is no name for a vault", hint: "one word without '/', not starting with '-'")
            }
            entries.append((name, value))
        }
    }

    var hasWildcards: Bool {
        entries.contains { entry in
            let path = entry.node.node.mapping?["path"]?.string ?? ""
            return Wildcard.isPattern(Bytes(path))
        }
    }

    /// The vaults, wildcards expanded to what is there now.
    func vaults() throws(Fault) -> [VaultConfiguration] {
        var found: [VaultConfiguration] = []
        for entry in entries {
            found += try vaults(of: entry.name, entry.node)
        }
        var seen: [Bytes: String] = [:]
        for vault in found {
            let path = Surroundings.resolved(vault.path) ?? vault.path
            if let other = seen.updateValue(vault.label, forKey: path) {
                throw Fault(
                    .configuration,
                    "the vaults '\(other)' and '\(vault.label)' are the same directory, '\(path.display)'",
                    hint: "remove one of the two", path: path)
            }
        }
        return found
    }

    private func vaults(of name: String, _ node: ConfigurationNode) throws(Fault) -> [VaultConfiguration] {
        var path: (Bytes, ConfigurationNode)?
        var keep = defaultKeep ?? Sourced(.everything)
        var series: Sourced<[VaultPolicy.SeriesPolicy]> = Sourced([])
        var seriesOrigins: [Origin] = []
        var settings = defaults
        for (_, key, value) in try node.pairs(
            "vault '\(name)'", known: ["path", "series"] + Self.shared, later: Self.later)
        {
            switch key {
            case "path": path = (try Self.absolute(value, "path"), value)
            case "keep": keep = Sourced(try Self.keep(value), value.origin)
            case "series":
                series = Sourced(try Self.series(value), value.origin)
                seriesOrigins = try value.pairs("series").map(\.key.origin)
            default: try Self.set(key, value, &settings)
            }
        }
        guard let (path, pathNode) = path else {
            throw node.refuse("vault '\(name)' has no path", hint: "path: /srv/backups/\(name)")
        }
        guard path != "/" else {
            throw pathNode.refuse("'/' can be no vault", hint: "name the directory that the backups are written into")
        }
        try Self.check(keep, series, settings, name, node)
        return Wildcard.expand(path).map { match in
            VaultConfiguration(
                label: match.name.isEmpty ? name : "\(name)/\(match.name)", entry: name, path: match.path,
                keep: keep,
                series: series, seriesOrigins: seriesOrigins, settings: settings)
        }
    }

    private static func series(_ node: ConfigurationNode) throws(Fault) -> [VaultPolicy.SeriesPolicy] {
        try node.pairs("series").map { pair throws(Fault) in
            guard !pair.name.isEmpty else { throw pair.key.refuse("an empty pattern matches no series") }
            var keep: KeepRules?
            let later = ["importance"] + Self.later + Self.shared.filter { $0 != "keep" }
            for (_, _, value) in try pair.value.pairs("series '\(pair.name)'", known: ["keep"], later: later) {
                keep = try Self.keep(value)
            }
            guard let keep else {
                throw pair.value.refuse(
                    "series '\(pair.name)' says nothing", hint: "\"\(pair.name)\": { keep: { last: 2 } }")
            }
            return VaultPolicy.SeriesPolicy(pattern: pair.name, keep: keep)
        }
    }

    /// Contradictions between keys.
    private static func check(
        _ keep: Sourced<KeepRules>, _ series: Sourced<[VaultPolicy.SeriesPolicy]>,
        _ settings: VaultConfiguration.Settings,
        _ name: String, _ node: ConfigurationNode
    ) throws(Fault) {
        if settings.timeFrom.value == .mtime {
            let rules = [keep.value] + series.value.map(\.keep)
            if rules.contains(where: \.needsSeries) {
                throw node.refuse(
                    "vault '\(name)' takes times from mtime, so names cannot tell one series from another, and rules that count are refused",
                    hint: "use `within: 30d` (or max-age, all), or `time-from: name`")
            }
        }
        if settings.gracePeriod.value.fixedSeconds < settings.minGrace.value.fixedSeconds {
            throw node.refuse(
                "the grace-period of vault '\(name)' (\(settings.gracePeriod.value.text)) is shorter than its min-grace (\(settings.minGrace.value.text))",
                hint:
                    "lengthen grace-period, or set `min-grace: \(settings.gracePeriod.value.text)` as well if you mean it"
            )
        }
    }
}
