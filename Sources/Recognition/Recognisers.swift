package import Model

/// Who is asked what an entry is, in order: the first who claims it is right.
package struct Recognisers: Sendable {
    package let timeFrom: DirectoryReading.TimeSource
    package let custom: [CustomRecogniser]
    /// Patterns of ``SeriesProposal`` that a person agreed to.
    package let agreed: [Bytes]
    private let table: [any Recogniser]

    /// `custom`: what a person configured for this vault, in the order of the file. `agreed`: see ``SeriesProposal``.
    package init(
        timeFrom: DirectoryReading.TimeSource = .name, custom: [CustomRecogniser] = [], agreed: Set<Bytes> = []
    ) {
        self.timeFrom = timeFrom
        self.custom = custom
        self.agreed = agreed.sorted()
        // Under `time-from: mtime` a directory is one series, unless `match` tells the series.
        let undated: [any Recogniser] =
            switch (timeFrom, custom.isEmpty) {
            case (.name, _): [DatesInDirectories(), DateInName(), PeriodInName(), RotatedByName(timeFrom: .name)]
            case (.mtime, true): [RotatedByName(timeFrom: .mtime), TimeOfContent()]
            case (.mtime, false): [Unmatched()]
            }
        table =
            [SideFiles.Beside(), SpecialEntries(), StorageOwn(), HiddenNames()]
            + custom.map { $0.timed(from: timeFrom) } + Layouts.known + [SideFiles.Alone()]
            + Layouts.others + undated
    }

    /// Dates in names, and nothing configured.
    package static let byName = Recognisers()
    package static let byMtime = Recognisers(timeFrom: .mtime)

    /// How names are read, as text: what was read under another text must be read again. The number counts up when
    /// the table or one of its recognisers begins to read names otherwise.
    package var text: String {
        (["names 4", "time-from \(timeFrom.rawValue)"] + custom.map(\.text)
            + agreed.map { "one series \($0.display)" }).joined(separator: "\n")
    }

    func read(_ listing: inout Listing) {
        for recogniser in table { recogniser.claim(in: &listing) }
    }
}
