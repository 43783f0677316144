package import Catalog
package import Model
internal import Retention
package import Survey
package import Trash

/// A vault as it was just looked at, whole: what is there, what is in its trash, what people said.
package struct Snapshot: Sendable {
    package var vault: OpenVault
    package var at: Moment
    package var scan: VaultSurvey.Scan
    /// Entries that are not backups. and what is there and is one. Empty after a look that only made the catalog
    /// equal (``Depth/index``).
    package var present: [Backup] = [] { didSet { protection = nil } }
    package var skippedEntries: [SkippedEntry] = [] { didSet { protection = nil } }
    /// Known from before, and where they are nothing can be seen now.
    package var unseen: [Backup] = [] { didSet { protection = nil } }
    package var batches: [Batch]
    package var marks: Marks { didSet { protection = nil } }
    package var changes: Catalog.Changes
    /// What protects these backups; `nil`: nobody asked since marks or backups changed
    /// (``WholeScan/protection(of:)``).
    var protection: Judge.Protection?
    /// What recovery did, or would do.
    package var recovery: [Recovery.Finding] = []
    /// Brought back by a person's `mv`: left alone for a grace, as after our restore.
    package var broughtBack: [Backup] = [] { didSet { protection = nil } }
    /// Gone from a batch without our purge.
    package var missing: [Backup] = []
    /// Rows of the catalog that are in no batch any more, and what they are now. Written only by who acts, and last:
    /// until marks and log have it, the row is what remembers that it was in the trash.
    var left: [(backup: Backup, state: Backup.State)] = []
    /// In a batch, but not so in our catalog.
    var inTrash: [Backup] = []
    /// Gone by a purge of ours whose outcome was not written.
    var purgeCompleted: [Backup] = []

    package var trashed: [(batch: Batch, item: Batch.Item)] {
        batches.flatMap { batch in batch.items.filter(\.holdsPrimary).map { (batch, $0) } }
    }

    /// How much of a whole look the caller needs.
    package enum Depth: Sendable {
        /// The catalog is made equal to the disk; what nobody looked into yet waits.
        case index
        /// And every backup, looked into, in memory: for a plan.
        case everything
    }
}
