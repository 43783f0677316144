package import Model
package import Recognition
package import Retention
internal import Yams

/// Everything that a person configured, checked.
package struct Configuration: Sendable {
    package var zone: Sourced<Zone>
    package var vaults: [VaultConfiguration]
    package var stateDirectory: Bytes
    package var auditLog: Bytes
    package var metrics = MetricsSettings()
    package var hooks: [Hook] = []
    /// Whether a vault's path has a wildcard: then new vaults may come by themselves.
    package var hasWildcards: Bool { !wildcards.isEmpty }
    /// The entries whose path has a wildcard, as they would be for a directory that matches.
    package var wildcards: [VaultConfiguration] = []
    /// Vaults that a wildcard matched once and did not match when this was read: their disk may not be mounted.
    package var vanished: [VaultConfiguration] = []
    /// Wildcards that match nothing now.
    package var unmatched: [VaultConfiguration] {
        wildcards.filter { wildcard in matches(of: wildcard).count == vanished(of: wildcard).count }
    }

    package func matches(of wildcard: VaultConfiguration) -> [VaultConfiguration] {
        vaults.filter { $0.pattern == wildcard.path && $0.entry == wildcard.entry }
    }

    package func vanished(of wildcard: VaultConfiguration) -> [VaultConfiguration] {
        vanished.filter { $0.pattern == wildcard.path && $0.entry == wildcard.entry }
    }
    /// The files that were read, in order.
    package var files: [String]
    /// What stood in them, to go on with when one of them is broken; empty without files.
    package var texts: [SourceText] = []
    /// Files whose being there freezes every vault: `/etc/reprieve/FREEZE`, and FREEZE beside the main file.
    package var freezeFiles: [Bytes] = [Configuration.systemFreezeFile]

    package static let systemFreezeFile: Bytes = "/etc/reprieve/FREEZE"
}

/// A value and where it was written; no origin: the default.
package struct Sourced<Value: Sendable>: Sendable {
    package var value: Value
    package var origin: Origin?

    package init(_ value: Value, _ origin: Origin? = nil) {
        self.value = value
        self.origin = origin
    }
}

/// A line of a configuration file.
package struct Origin: Hashable, Sendable {
    package var file: String
    package var line: Int
    package var column = 1

    package var text: String { "\(file):\(line)" }
}

package struct VaultConfiguration: Sendable {
    /// What people call it: the key in the file, and for a wildcard's match the last path component too.
    package var label: String
    /// The key in the file: matches of one wildcard share it, and an approval.
    package var entry: String
    package var path: Bytes
    /// The path as written, where it has a wildcard.
    package var pattern: Bytes?
    package var keep: Sourced<KeepRules>
    package var series: Sourced<[VaultPolicy.SeriesPolicy]>
    /// Where each of ``series`` was written.
    package var seriesOrigins: [Origin]
    package var settings: Settings

    /// Keys that `defaults` and a vault share, each replaced one by one.
    package struct Settings: Sendable {
        /// A person said that a directory of the system is meant.
        package var isOfSystem = false
        package var quietPeriod = Sourced(Span(seconds: 60))
        package var schedule = Sourced(Schedule.afterBackup)
        package var cleanupEvery = Sourced(Span(seconds: 3600))
        package var gracePeriod = Sourced(Span(days: 14))
        package var minGrace = Sourced(Span(seconds: 24 * 3600))
        /// Names that a purge unlinks in a second at most; `nil`: as fast as it goes.
        package var purgeRate = Sourced<Int?>(nil)
        package var minAge = Sourced(Span(seconds: 3600))
        package var minObservedAge = Sourced(Span(seconds: 24 * 3600))
        package var timeFrom = Sourced(DirectoryReading.TimeSource.name)
        /// Templates; no two of them read the same name.
        package var names: [Sourced<CustomRecogniser>] = []
        /// Behind ``names``, in the order of the file: the first that matches a name reads it.
        package var match: [Sourced<CustomRecogniser>] = []
        /// What is skipped before all else; the last line that speaks of an entry counts.
        package var exclude: [Sourced<PathRule>] = []
        /// What is read although it looks like live data.
        package var include: [Sourced<PathRule>] = []
        package var approval = Sourced(Approval.onChange)
        package var semantics = Sourced(Semantics.reprieve)
        package var incompleteAfter = Sourced(Span(days: 7))
        package var minimum = Sourced(1)
        /// Percent of a series' units that may go beyond what arrived; `nil`: all of them.
        package var maxCondemned = Sourced(AmountLimits().condemnedPercent)
        /// The same for the bytes of a vault.
        package var maxCondemnedBytes = Sourced(AmountLimits().bytesPercent)
        package var onlyBackupOf = Sourced<Period?>(nil)
        package var limits = SpaceLimits()
        package var brakes = Brakes()
        package var sizes = Sourced(Sizes.exact)
        /// Whether its disk must be mounted: what is at its path on the root file system is not the vault.
        package var requiresMount = Sourced(false)
        /// Whether its disk comes and goes. No alarm is raised while such a disk is away.
        package var removable = Sourced(false)

        package init() {}

        /// Whoever lifts the limit of each series means the vault's too, unless that is written.
        package var bytesLimit: Sourced<Int?> {
            let isLifted = maxCondemned.value == nil && maxCondemnedBytes.origin == nil
            return isLifted ? maxCondemned : maxCondemnedBytes
        }

        package var timeFromText: String { timeFrom.value.rawValue }
        package var matchTexts: [Sourced<String>] { match.map { Sourced($0.value.text, $0.origin) } }
        package var namesTexts: [Sourced<String>] {
            names.map { Sourced(String($0.value.text.dropFirst("names ".count)), $0.origin) }
        }
        package var excludeTexts: [Sourced<String>] { exclude.map { Sourced($0.value.text, $0.origin) } }
        package var includeTexts: [Sourced<String>] { include.map { Sourced($0.value.text, $0.origin) } }

        /// What a person says of names, as text, without the places where it is written.
        var readingText: String? {
            let lines =
                (names + match).map(\.value.text) + exclude.map { "exclude '\($0.value.text)'" }
                + include.map { "include '\($0.value.text)'" }
            return lines.isEmpty ? nil : lines.joined(separator: "\n")
        }
    }

    package var amounts: AmountLimits {
        var limits = AmountLimits()
        limits.condemnedPercent = settings.maxCondemned.value
        limits.bytesPercent = settings.bytesLimit.value
        return limits
    }

    /// How names are read in this vault.
    package var recognisers: Recognisers {
        Recognisers(
            timeFrom: settings.timeFrom.value, custom: (settings.names + settings.match).map(\.value),
            excluded: PathRules(settings.exclude.map(\.value)), included: PathRules(settings.include.map(\.value)))
    }

    package func policy(zone: Zone) -> VaultPolicy {
        var policy = VaultPolicy(
            timezone: zone.name, keep: keep.value, series: series.value, minAge: settings.minAge.value,
            minObservedAge: settings.minObservedAge.value)
        policy.semantics = settings.semantics.value
        policy.minimum = settings.minimum.value
        policy.incompleteAfter = settings.incompleteAfter.value
        policy.onlyBackupOf = settings.onlyBackupOf.value
        policy.timeFrom = settings.timeFromText
        policy.names = settings.readingText
        policy.paths = pattern?.display
        return policy
    }
}

/// When a vault is cleaned up by itself.
package enum Schedule: Hashable, Sendable {
    case afterBackup, hourly, manual
    case daily(hour: Int, minute: Int)

    package init?(text: String) {
        switch text {
        case "after-backup": self = .afterBackup
        case "hourly": self = .hourly
        case "manual": self = .manual
        default:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.utf8.count) }), let hour = Int(parts[0]),
                let minute = Int(parts[1]), (0..<24).contains(hour), (0..<60).contains(minute)
            else { return nil }
            self = .daily(hour: hour, minute: minute)
        }
    }

    package var text: String {
        switch self {
        case .afterBackup: "after-backup"
        case .hourly: "hourly"
        case .manual: "manual"
        case .daily(let hour, let minute): "\(two(hour)):\(two(minute))"
        }
    }
}

/// When a person must approve a plan.
package enum Approval: String, Sendable, CaseIterable {
    case onChange = "on-change"
    case always, never
}

/// A configuration file as it stood.
package struct SourceText: Codable, Hashable, Sendable {
    package var file: String
    package var text: String

    package init(file: String, text: String) {
        self.file = file
        self.text = text
    }
}

extension SourceText {
    /// Without what may hold secrets, which stand nowhere but where a person wrote them; nor are its comments kept.
    package var withoutHooks: SourceText? {
        guard let root = try? Yams.compose(yaml: text) else { return SourceText(file: file, text: "") }
        guard var keys = root.mapping else { return nil }
        keys["hooks"] = nil
        guard !keys.isEmpty else { return SourceText(file: file, text: "") }
        return (try? Yams.serialize(node: .mapping(keys))).map { SourceText(file: file, text: $0) }
    }
}
