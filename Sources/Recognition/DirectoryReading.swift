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
        /// Side files of several units of this directory, named by each of them and among ``sideFiles`` of none: a log
        /// of all backups of one night. Such a file may go only with the last of these units.
        package var sharedSideFiles: [Bytes] = []
        /// Several files are one backup.
        package var isSet = false
        /// `nil`: by mtime.
        package var time: Timestamp?
        package var series: Bytes
        package var isTemporary: Bool
        /// The time in its name may be a number: its mtime must bear it out.
        package var ambiguity: TimeAmbiguity?
        /// What it was taken for, and why, for a person.
        package var recogniser: String
        package var kind = Backup.Kind.full
        /// What the name says of it beside time and kind.
        package var contents = Contents()
        package var completeWhen: CompleteWhen?

        /// Protected by the tool that wrote it, and how.
        package var protectedBy: String? {
            contents.protectedBy ?? SideFiles.protection(among: [name] + sideFiles)
        }

        /// The file that ``completeWhen`` demands beside it and that is not there. Of a set it may lie beside any of
        /// the files, or beside their stem.
        package var missingBeside: Bytes? {
            guard case .beside(let ending) = completeWhen else { return nil }
            let there = Set(sideFiles).union(sharedSideFiles)
            guard isSet else { return there.contains(name + ending) ? nil : name + ending }
            let files = ([name] + sideFiles).filter { !$0.hasSuffix(ending) }
            let stems = PieceNames.stems(of: files.filter { !SideFiles.mayBe($0) })
            return (files + stems).contains { there.contains($0 + ending) } ? nil : (stems.first ?? name) + ending
        }
    }

    package internal(set) var units: [Unit] = []
    package internal(set) var skippedEntries: [(name: Bytes, why: SkippedEntry.Why)] = []
    /// Symbolic links: what they point to is not to go.
    package private(set) var links: [Bytes] = []
    /// Directories without a date in their name: their content decides.
    package private(set) var descend: [Bytes] = []

    /// What is left alone because its name has two readings: ``decide(remembered:contentTime:)`` may decide.
    package internal(set) var undecided: [(unit: Unit, question: NameQuestion)] = []

    /// Why a file is left alone that nobody knows.
    package static let undated = "no date in its name"

    /// `directory`: its path in the vault, for the series. `siblings`: names beside it, or beside the directory above
    /// it whose name says a kind (``KindWords``).
    package init(
        of entries: [Directory.Entry], in directory: Bytes, siblings: Set<Bytes> = [], by recognisers: Recognisers,
        parser: inout NameTimeParser
    ) {
        let entries = exclude(recognisers.excluded, from: entries, in: directory)
        var listing = Listing(of: entries, in: directory, siblings: siblings, parser: parser)
        listing.include(recognisers.included)
        recognisers.read(&listing)
        parser = listing.parser
        collect(listing)
        if !recognisers.excluded.isEmpty { skippedEntries.sort { $0.name < $1.name } }
        dropUnneededDoubts()
    }

    /// Leaves out what a person excludes: nobody else is asked, and for its neighbours it is not there.
    private mutating func exclude(
        _ rules: PathRules, from entries: [Directory.Entry], in directory: Bytes
    ) -> [Directory.Entry] {
        guard !rules.isEmpty else { return entries }
        let names = directory.components
        // A directory that is excluded is not looked into, but for the one that somebody asks about.
        let outer = rules.rule(holding: directory, isDirectory: true)
        return entries.filter { entry in
            guard entry.name != ".trash",
                let rule = outer ?? rules.rule(entry.name, in: names, isDirectory: entry.kind == .directory)
            else { return true }
            skippedEntries.append((entry.name, .notRecognised("excluded by \(rule.origin)")))
            return false
        }
    }

    private mutating func collect(_ listing: Listing) {
        let members = Members(listing)
        for (index, entry) in listing.entries.enumerated() {
            switch listing.claims[index] {
            case .backup(let found): units.append(Self.unit(index, found, members: members, listing: listing))
            case .undecided(let found, let question):
                undecided.append((Self.unit(index, found, members: members, listing: listing), question))
                skippedEntries.append((entry.name, .notRecognised(question.why)))
                for member in members.own[index] ?? [] {
                    skippedEntries.append((listing.entries[member].name, .notRecognised(Self.noBackup(entry.name))))
                }
            case .member(let owner):
                // One line stands for all of an opaque unit.
                if case .skippedEntries(.managed)? = listing.claims[owner] { continue }
                guard let why = members.orphans[index] else { continue }
                skippedEntries.append((entry.name, .notRecognised(why ?? Self.noBackup(listing.entries[owner].name))))
            case .skippedEntries(let why): skippedEntries.append((entry.name, why))
            case .link: links.append(entry.name)
            case .lookInto: descend.append(entry.name)
            case nil where entry.kind == .directory && !entry.isTemporary: descend.append(entry.name)
            case nil:
                let unknown = entry.isTemporary ? "unfinished (a temporary name)" : Self.undated
                skippedEntries.append((entry.name, .notRecognised(listing.remarks[index] ?? unknown)))
            }
        }
    }

    static func noBackup(_ owner: Bytes) -> String { "beside '\(owner.display)', which is not a backup" }

    private static func unit(_ index: Int, _ found: Claim.Found, members: Members, listing: Listing) -> Unit {
        let entry = listing.entries[index]
        let own = members.own[index, default: []]
        var unit = Unit(
            name: entry.name, isDirectory: entry.kind == .directory, sideFiles: own.map { listing.entries[$0].name },
            sharedSideFiles: members.shared[index, default: []].map { listing.entries[$0].name },
            isSet: listing.sets.contains(index), time: found.time, series: found.series,
            isTemporary: entry.isTemporary || own.contains { listing.entries[$0].isTemporary },
            ambiguity: found.ambiguity, recogniser: found.recogniser, kind: found.kind, contents: found.contents,
            completeWhen: found.completeWhen)
        if let why = listing.lacking[index] { (unit.contents.outcome, unit.contents.why) = (.lacking, why) }
        return unit
    }
}
