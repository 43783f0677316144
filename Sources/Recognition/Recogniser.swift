package import Model

/// Knows one kind of name: claims those entries of a directory that are of its kind, and says what they are.
///
/// To teach Reprieve a tool's layout: one file with a type like this, and one line in ``Recognisers``.
package protocol Recogniser: Sendable {
    /// What it takes its backups for, and why, for a person: `a date in its name`.
    var name: String { get }

    /// Every name that it may claim, or one beside it, has one of these texts in it, letters in either case: a
    /// directory without any is not shown to it. Three bytes or more, of which the first three should be rare. None: it
    /// is shown every directory.
    var signs: [Bytes] { get }

    /// Claims what it knows of the entries that nobody before it claimed. By names and types only: nothing is opened.
    func claim(in listing: inout Listing)
}

extension Recogniser {
    package var signs: [Bytes] { [] }
}

/// What a recogniser says of an entry.
package enum Claim: Sendable {
    case backup(Found)
    /// A backup, and nobody can tell yet of which time or series.
    case undecided(Found, NameQuestion)
    /// Goes where the backup of another entry goes: a side file, or one more file of a set.
    case member(of: Int)
    case skippedEntries(SkippedEntry.Why)
    /// A symbolic link: what it points to is not to go.
    case link
    /// A directory whose content decides.
    case lookInto

    /// A backup, as far as names tell.
    package struct Found: Sendable {
        package var series: Bytes
        /// `nil`: by mtime.
        package var time: Timestamp?
        /// ``Recogniser/name`` of who found it.
        package var recogniser: String
        /// The time in its name may be a number: its mtime must bear it out.
        package var ambiguity: TimeAmbiguity?
        package var kind = Backup.Kind.full
        /// What the name says of it beside time and kind: links, signs, a part of a set that is missing.
        package var contents = Contents()
        package var completeWhen: CompleteWhen?

        package init(
            series: Bytes, time: Timestamp?, by recogniser: String, ambiguity: TimeAmbiguity? = nil,
            kind: Backup.Kind = .full, contents: Contents = Contents()
        ) {
            self.series = series
            self.time = time
            self.recogniser = recogniser
            // Whoever does not ask takes the number for one.
            self.ambiguity = ambiguity?.isQuestion == true ? nil : ambiguity
            self.kind = kind
            self.contents = contents
        }
    }
}

/// What must be there before a backup counts as complete, beside being at rest.
package enum CompleteWhen: Hashable, Sendable {
    /// The end mark of its format.
    case endMark
    /// A file of its name with this ending beside it: `.sha256`, `.done`.
    case beside(Bytes)
    /// A file of this name inside it: `backup_manifest`.
    case inside(Bytes)

    package var text: String {
        switch self {
        case .endMark: "end-mark"
        case .beside(let ending): "beside \(ending.display)"
        case .inside(let name): "inside \(name.display)"
        }
    }
}
