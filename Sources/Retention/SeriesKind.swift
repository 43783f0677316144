package import Model

/// What a person agrees to when approving a plan, beside its list: kinds of series. A new series of a kind that
/// somebody approved goes on without asking; the first photographs among dumps do not.
package struct SeriesKind: Hashable, Sendable, Comparable {
    /// The two top directories, the tool or rule that reads it, and the format: `pg/daily · a date in its name ·
    /// .dump`.
    package let text: String
    /// `.sql`; `directories`; `files` where the names have no ending but those of compression and encryption.
    package let format: String

    package init(of backup: Backup) {
        let key = backup.series
        let directory = key.parent.components.prefix(2).reduce(Bytes()) { $0.appending($1) }
        let rule =
            backup.contents?.tool ?? (backup.timeSource == .name ? "a date in its name" : "the time of its content")
        format = backup.primary.isDirectory ? "directories" : Self.format(key.lastComponent)
        text = "\(directory.isEmpty ? "." : directory.display) · \(rule) · \(format)"
    }

    package static func < (a: SeriesKind, b: SeriesKind) -> Bool { a.text < b.text }

    /// The endings behind the last time of a key, without those of compression and encryption: `.sql` of
    /// `app-*.sql.gz`.
    private static func format(_ name: Bytes) -> String {
        let rest = name.storage[((name.storage.lastIndex(of: UInt8(ascii: "*")) ?? -1) + 1)...]
        var endings = rest.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).dropFirst()
            .map { Bytes($0).display }
        while let last = endings.last, packers.contains(last.lowercased()) { endings.removeLast() }
        // Parts of a version are of no format: each upgrade would be a new kind.
        endings = endings.indices.filter { n in
            n == endings.count - 1 || endings[n].first.map { !$0.isNumber } ?? true
        }.map { endings[$0] }
        return endings.isEmpty ? "files" : "." + endings.joined(separator: ".")
    }

    private static let packers: Set<String> = [
        "gz", "zst", "xz", "bz2", "lz4", "lzo", "z", "br", "gpg", "pgp", "age", "enc", "aes",
    ]
}

extension Plan {
    /// The kinds of all its series: what a person saw who approves it.
    package var kinds: Set<String> { Set(judged.map { SeriesKind(of: $0.backup).text }) }
}
