internal import Foundation
internal import Model
internal import Recognition
internal import Retention

/// Reads what a vault, `overrides` and a policy alone may say, key by key, and checks that it fits together.
struct PolicyReader {
    static let keys = ConfigurationTable.names(.vault)

    var keep = Sourced(KeepRules.everything)
    var series: Sourced<[VaultPolicy.SeriesPolicy]> = Sourced([])
    var seriesOrigins: [Origin] = []
    var settings = VaultConfiguration.Settings()

    /// `semantics` first: it says how lengths of time are written.
    static func inOrder<T>(_ pairs: [(key: T, name: String, value: T)]) -> [(key: T, name: String, value: T)] {
        pairs.filter { $0.name == "semantics" } + pairs.filter { $0.name != "semantics" }
    }

    mutating func read(_ key: String, _ value: ConfigurationNode) throws(Fault) {
        switch key {
        case "keep":
            keep = Sourced(try KeepReader(semantics: settings.semantics.value).rules(value), value.origin)
        case "series":
            series = Sourced(try readSeries(value), value.origin)
            seriesOrigins = try value.pairs("series").map(\.key.origin)
        default: try settings.read(key, value)
        }
    }

    private func readSeries(_ node: ConfigurationNode) throws(Fault) -> [VaultPolicy.SeriesPolicy] {
        try node.pairs("series").map { pair throws(Fault) in
            guard !pair.name.isEmpty else { throw pair.key.refuse("an empty pattern matches no series") }
            var policy = VaultPolicy.SeriesPolicy(pattern: pair.name, keep: nil)
            let later = ConfigurationReader.later + Self.keys.filter { $0 != "keep" }
            let known = ["keep", "importance"]
            for (_, name, value) in try pair.value.pairs("series '\(pair.name)'", known: known, later: later) {
                if name == "keep" {
                    policy.keep = try KeepReader(semantics: settings.semantics.value).rules(value)
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
    func check(_ name: String, _ node: ConfigurationNode) throws(Fault) {
        try checkNames(name, node)
        if settings.gracePeriod.value.fixedSeconds < settings.minGrace.value.fixedSeconds {
            throw node.refuse(
                "the grace-period of vault '\(name)' (\(settings.gracePeriod.value.text)) is shorter than its min-grace (\(settings.minGrace.value.text))",
                hint:
                    "lengthen grace-period, or set `min-grace: \(settings.gracePeriod.value.text)` as well if you mean it"
            )
        }
    }

    /// Where times and series come from must fit what is asked of them.
    private func checkNames(_ name: String, _ node: ConfigurationNode) throws(Fault) {
        guard settings.timeFrom.value == .mtime else {
            for names in settings.names where !names.value.has("time") {
                throw Self.refuse(
                    names, "vault '\(name)' takes times from names, and '\(names.value.pattern)' has no time",
                    hint: "write %Y-%m-%d, or as the names have it, or `time-from: mtime`")
            }
            for match in settings.match where !match.value.has("time") {
                throw Self.refuse(
                    match, "vault '\(name)' takes times from names, and '\(match.value.pattern)' has no group 'time'",
                    hint: "write (?<time>…) around it, or `time-from: mtime`")
            }
            return
        }
        for match in settings.match {
            if match.value.options.timeFormat != nil {
                throw Self.refuse(
                    match, "vault '\(name)' takes times from mtime, and a time-format says how names write them",
                    hint: "leave one of the two out")
            }
            if !match.value.has("series"), !match.value.has("time") {
                throw Self.refuse(
                    match, "'\(match.value.pattern)' does not tell the series",
                    hint: "write (?<series>…) around its name")
            }
        }
        let rules = [keep.value] + series.value.compactMap(\.keep)
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

extension VaultConfiguration.Settings {
    static let safeguards = ConfigurationTable.names(.safeguards)

    mutating func read(_ name: String, _ node: ConfigurationNode) throws(Fault) {
        switch name {
        case "quiet-period": quietPeriod = Sourced(try node.span(name), node.origin)
        case "cleanup-every": cleanupEvery = Sourced(try node.span(name), node.origin)
        case "grace-period": gracePeriod = Sourced(try node.span(name), node.origin)
        case "min-grace": minGrace = Sourced(try node.span(name), node.origin)
        case "purge-rate":
            let isOff = try node.text(name) == "off"
            purgeRate = Sourced(isOff ? nil : try node.number(name, in: 10...10_000_000), node.origin)
        case "min-age": minAge = Sourced(try node.span(name), node.origin)
        case "incomplete-after": incompleteAfter = Sourced(try node.span(name), node.origin)
        case "semantics": semantics = Sourced(try Semantics(node), node.origin)
        case "min-observed-age": minObservedAge = Sourced(try node.span(name), node.origin)
        case "schedule":
            guard let read = Schedule(text: try node.text(name)) else {
                throw node.refuse(
                    "'\(try node.text(name))' is not a valid schedule",
                    hint: "known: after-backup, hourly, manual, or a time such as 04:15")
            }
            schedule = Sourced(read, node.origin)
        case "time-from":
            timeFrom = Sourced(
                try node.word(name, DirectoryReading.TimeSource.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "sizes":
            sizes = Sourced(try node.word(name, Sizes.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "requires-mount":
            requiresMount = Sourced(try node.word(name, [("true", true), ("false", false)]), node.origin)
        case "removable":
            removable = Sourced(try node.word(name, [("true", true), ("false", false)]), node.origin)
        case "names": names = try NamesReader(node).recognisers
        case "match": match = try MatchReader.all(node)
        case "exclude": exclude = try node.rules(name)
        case "include": include = try node.rules(name)
        case "limits": try limits.read(node)
        case "approval":
            approval = Sourced(try node.word(name, Approval.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "safeguards":
            for (_, key, value) in try node.pairs("safeguards", known: Self.safeguards, later: ["freeze-if-stale"]) {
                switch key {
                case "min": minimum = Sourced(try value.number(key, in: 1...1_000_000), value.origin)
                case "max-condemned": maxCondemned = Sourced(try value.share(key), value.origin)
                case "max-condemned-bytes":
                    maxCondemnedBytes = Sourced(try value.share(key), value.origin)
                case "clock", "set-aside-suspect", "freeze-if-suspect", "freeze-if-rewritten":
                    try brakes.read(key, value)
                default:
                    let periods = Period.allCases.filter { [.day, .week, .month, .year].contains($0) }
                    let words = periods.map { ($0.rawValue, Optional($0)) } + [("off", nil)]
                    onlyBackupOf = Sourced(try value.word(key, words), value.origin)
                }
            }
        default: preconditionFailure("pairs() lets only known keys through")
        }
    }
}
