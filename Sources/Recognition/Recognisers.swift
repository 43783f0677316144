package import Model

/// Who is asked what an entry is, in order: the first who claims it is right.
package struct Recognisers: Sendable {
    package let timeFrom: DirectoryReading.TimeSource
    package let custom: [CustomRecogniser]
    /// Before all else: what these lines hold is skipped.
    package let excluded: PathRules
    /// What these lines hold is read, although it looks like live data.
    package let included: PathRules
    private let table: [any Recogniser]
    /// Of each of ``table``: its bit in ``search``, or none.
    private let bits: [UInt64?]
    private let search: SignSearch
    /// Each is shown every directory: what tells whether ``Recogniser/signs`` are right.
    package var asksAll = false

    /// `custom`: what a person configured for this vault, in the order of the file.
    package init(
        timeFrom: DirectoryReading.TimeSource = .name, custom: [CustomRecogniser] = [], excluded: PathRules = .none,
        included: PathRules = .none
    ) {
        self.timeFrom = timeFrom
        self.custom = custom
        self.excluded = excluded
        self.included = included
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
        var signs: [[Bytes]] = []
        bits = table.map { recogniser in
            guard !recogniser.signs.isEmpty else { return nil }
            signs.append(recogniser.signs)
            return 1 << UInt64(signs.count - 1)
        }
        search = SignSearch(signs)
    }

    /// Dates in names, and nothing configured.
    package static let byName = Recognisers()
    package static let byMtime = Recognisers(timeFrom: .mtime)

    /// How names are read, as text: what was read under another text must be read again. The number counts up when
    /// the table or one of its recognisers begins to read names otherwise.
    package var text: String {
        (["names 6", "time-from \(timeFrom.rawValue)"] + custom.map(\.text) + excluded.text("exclude")
            + included.text("include")).joined(separator: "\n")
    }

    /// What a whole directory is that is not to be looked into; `nil`: an ordinary one. A line of `include` makes live
    /// data ordinary, and never a repository.
    package func place(_ place: PlaceNames, isDated: Bool = false) -> SkippedEntry.Why? {
        let isIncluded = included.rule(holding: place.directory, isDirectory: true) != nil
        return Layouts.place(place, isDated: isDated, isIncluded: isIncluded)
    }

    func read(_ listing: inout Listing) {
        let asked = search.askers(of: listing.entries)
        for (recogniser, bit) in zip(table, bits) where asksAll || bit.map({ asked & $0 != 0 }) ?? true {
            recogniser.claim(in: &listing)
        }
    }
}
