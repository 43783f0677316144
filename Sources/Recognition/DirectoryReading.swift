package import Disk
package import Model

/// What the names of one directory mean: which are backups with which side files, which are to be looked into, which
/// are left alone. By names and types only; nothing is opened here.
package struct DirectoryReading: Sendable {
    package enum TimeSource: String, Sendable, CaseIterable {
        /// A date in the name; the series is directory and name without it.
        case name
        /// The time of the last change of the content; the series is the directory.
        case mtime
    }

    /// A backup of this directory, as far as names tell.
    package struct Unit: Hashable, Sendable {
        package var name: Bytes
        package var isDirectory: Bool
        /// What goes where it goes: side files, and the other files of a set.
        package var sideFiles: [Bytes]
        /// `nil`: by mtime.
        package var time: Timestamp?
        package var series: Bytes
        package var isTemporary: Bool
        /// The time in its name may be a number: its mtime must bear it out.
        package var doubt: ClockDoubt?
        /// What it was taken for, and why, for a person.
        package var recogniser: String
        package var kind = Backup.Kind.full
        /// The name in this directory that it needs.
        package var parentName: Bytes?
        package var completeWhen: CompleteWhen?

        /// Protected by the tool that wrote it, and how.
        package var protectedBy: String? {
            guard !sideFiles.isEmpty else { return nil }
            for member in [name] + sideFiles {
                if let how = SideFiles.protection(of: member, by: sideFiles) { return how }
            }
            return nil
        }

        /// The file that ``completeWhen`` demands beside it and that is not there.
        package var missingBeside: Bytes? {
            guard case .beside(let ending) = completeWhen, !sideFiles.contains(name + ending) else { return nil }
            return name + ending
        }
    }

    package private(set) var units: [Unit] = []
    package private(set) var leftAlone: [(name: Bytes, why: LeftAlone.Why)] = []
    /// Symbolic links: what they point to is not to go.
    package private(set) var links: [Bytes] = []
    /// Directories without a date in their name: their content decides.
    package private(set) var descend: [Bytes] = []

    /// Why a file is left alone that nobody knows.
    package static let undated = "no date in its name"

    /// `directory`: its path in the vault, for the series.
    package init(
        of entries: [Directory.Entry], in directory: Bytes, by recognisers: Recognisers, parser: inout NameTimeParser
    ) {
        var listing = Listing(of: entries, in: directory, parser: parser)
        recognisers.read(&listing)
        parser = listing.parser
        collect(listing)
        dropUnneededDoubts()
    }

    private mutating func collect(_ listing: Listing) {
        let members = Self.members(listing)
        for (index, entry) in listing.entries.enumerated() {
            switch listing.claims[index] {
            case .backup(let found): units.append(Self.unit(entry, found, members[index, default: []], listing))
            case .member(let owner):
                if case .backup = listing.claims[Self.owner(owner, listing)] { continue }
                let name = listing.entries[owner].name.display
                leftAlone.append((entry.name, .foreign("beside '\(name)', which is no backup")))
            case .leftAlone(let why): leftAlone.append((entry.name, why))
            case .link: links.append(entry.name)
            case .lookInto: descend.append(entry.name)
            case nil where entry.kind == .directory && !entry.isTemporary: descend.append(entry.name)
            case nil:
                let unknown = entry.isTemporary ? "unfinished (a temporary name)" : Self.undated
                leftAlone.append((entry.name, .foreign(listing.remarks[index] ?? unknown)))
            }
        }
    }

    /// A side file of a file of a set goes with the set.
    private static func owner(_ index: Int, _ listing: Listing) -> Int {
        if case .member(let owner) = listing.claims[index] { owner } else { index }
    }

    private static func members(_ listing: Listing) -> [Int: [Int]] {
        var members: [Int: [Int]] = [:]
        for (index, claim) in listing.claims.enumerated() {
            if case .member(let owner) = claim { members[self.owner(owner, listing), default: []].append(index) }
        }
        return members
    }

    private static func unit(_ entry: Listing.Entry, _ found: Claim.Found, _ members: [Int], _ listing: Listing) -> Unit
    {
        Unit(
            name: entry.name, isDirectory: entry.kind == .directory,
            sideFiles: members.map { listing.entries[$0].name },
            time: found.time, series: found.series,
            isTemporary: entry.isTemporary || members.contains { listing.entries[$0].isTemporary },
            doubt: found.doubt, recogniser: found.recogniser, kind: found.kind, parentName: found.parentName,
            completeWhen: found.completeWhen)
    }

    /// Four digits behind a date are a time of day, as long as they look like a schedule: one a day, or always at the
    /// same minute, or at fives. `-1001`, `-1002`, `-1042` on one day may be customers: then mtimes have to say it.
    private mutating func dropUnneededDoubts() {
        let doubtful = units.indices.filter { units[$0].doubt?.isOfSchedule == true }
        guard !doubtful.isEmpty else { return }
        for (_, indices) in Dictionary(grouping: doubtful, by: { units[$0].series }) {
            let days = Dictionary(grouping: indices) { units[$0].doubt?.day }
            let isSchedule = days.values.allSatisfy { day in
                let minutes = Set(day.compactMap { units[$0].doubt?.minute })
                return minutes.count == 1 || minutes.allSatisfy { $0.isMultiple(of: 5) }
            }
            if isSchedule { for index in indices { units[index].doubt = nil } }
        }
    }
}
