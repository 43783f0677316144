internal import Crypto
internal import Foundation
package import Model

/// The policy of a vault: rules for each series, and safeguards. Its text is what a person approves.
package struct VaultPolicy: Hashable, Sendable, Codable {
    /// The zone whose days, weeks and months the rules mean.
    package var timezone: String
    package var keep: KeepRules
    /// First match wins; none matches: ``keep``.
    package var series: [SeriesPolicy]
    package var semantics = Semantics.reprieve
    /// No rule ever leaves fewer complete backups of a series than this.
    package var minimum = 1
    /// Younger than this, by its own time, nothing goes.
    package var minAge: Span
    /// Known for less than this (the earlier of first seen and ctime), nothing goes.
    package var minObservedAge: Span
    /// An incomplete backup goes when a complete one is newer by this.
    package var incompleteAfter = Span(days: 7)
    /// No cleanup takes the last backup of such a period.
    package var onlyBackupOf: Period?
    /// Where times come from: with another source, what was approved means nothing.
    package var timeFrom = ""
    /// How names are read, where a person configured it (`match`): read otherwise, there are other series. `nil`: as
    /// the program reads them.
    package var names: String?
    /// The wildcard whose matches share this policy: what it matches only since it was changed inherits no approval.
    package var paths: String?
    /// Invariants 6-8 and all that protects from mistakes. Off only in `retention simulate`.
    package var hasSafeguards = true

    package init(timezone: String, keep: KeepRules, series: [SeriesPolicy], minAge: Span, minObservedAge: Span) {
        self.timezone = timezone
        self.keep = keep
        self.series = series
        self.minAge = minAge
        self.minObservedAge = minObservedAge
    }

    /// What stands under a pattern in `series`.
    package struct SeriesPolicy: Hashable, Sendable, Codable {
        package var pattern: String
        /// `nil`: as the vault's.
        package var keep: KeepRules?
        package var importance: Importance.Level?

        package init(pattern: String, keep: KeepRules?, importance: Importance.Level? = nil) {
            self.pattern = pattern
            self.keep = keep
            self.importance = importance
        }
    }

    package var keepsEverything: Bool {
        (keep.all || keep.isEmpty) && series.allSatisfy { $0.keep?.all ?? true }
    }

    /// What holds for one series: the first pattern that matches, else the vault's rules.
    package func own(_ series: Bytes) -> (rules: KeepRules, importance: Importance.Level?) {
        let first = self.series.first { Self.matches($0.pattern, series: series) }
        return (first?.keep ?? keep, first?.importance)
    }

    /// A pattern may mean the key (`app/orders-*.dump`), the name (`app/orders.dump`) or the short name (`app/orders`).
    package static func matches(_ pattern: String, series: Bytes) -> Bool {
        // `*.sql.gz` means `*.sql` too: how a file is packed is no part of its series.
        return Set([Bytes(pattern), Backup.seriesWithoutPacker(Bytes(pattern))]).contains { pattern in
            let glob = Glob(pattern)
            return glob.matches(Backup.shortName(ofSeries: series)) || glob.matches(Backup.name(ofSeries: series))
                || glob.matches(series)
        }
    }

    /// The canonical form, from which it can be read again.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("a policy is plain values") }
        return String(decoding: data, as: UTF8.self)
    }

    package init?(text: String) {
        guard let policy = try? JSONDecoder().decode(VaultPolicy.self, from: Data(text.utf8)) else { return nil }
        self = policy
    }

    /// What an older version wrote has fewer keys: they had no such rules, and the defaults mean the same.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        timezone = try values.decode(String.self, forKey: .timezone)
        keep = try values.decode(KeepRules.self, forKey: .keep)
        series = try values.decode([SeriesPolicy].self, forKey: .series)
        semantics = try values.decodeIfPresent(Semantics.self, forKey: .semantics) ?? .reprieve
        minimum = try values.decode(Int.self, forKey: .minimum)
        minAge = try values.decode(Span.self, forKey: .minAge)
        minObservedAge = try values.decode(Span.self, forKey: .minObservedAge)
        incompleteAfter = try values.decodeIfPresent(Span.self, forKey: .incompleteAfter) ?? Span(days: 7)
        onlyBackupOf = try values.decodeIfPresent(Period.self, forKey: .onlyBackupOf)
        timeFrom = try values.decodeIfPresent(String.self, forKey: .timeFrom) ?? ""
        names = try values.decodeIfPresent(String.self, forKey: .names)
        paths = try values.decodeIfPresent(String.self, forKey: .paths)
        hasSafeguards = try values.decodeIfPresent(Bool.self, forKey: .hasSafeguards) ?? true
    }

    /// The first 16 hexadecimal digits of the SHA-256 of rule version and text.
    package var hash: String { Self.digest("\(Self.ruleVersion)\n\(text)") }

    /// Counted up when the same rules begin to mean something else. 2: ended series, incomplete ones, chains. 3: dates
    /// in directories. 4: layouts, links, logs.
    package static let ruleVersion = 4

    static func digest(_ text: String) -> String {
        Bytes(SHA256.hash(data: Data(text.utf8)).prefix(8)).hexadecimal
    }
}
