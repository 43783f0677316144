internal import Config
internal import Engine
internal import Logging
internal import Model
internal import Survey
internal import Synchronization

/// Work that may block, for a worker queue.
struct Job: Sendable {
    enum Work: Sendable {
        /// Single directories; `deep`: also all below these; `finished`: whose writer renamed them to their final name.
        case scan(Set<Bytes>, deep: Set<Bytes>, finished: Set<Bytes>)
        /// `missed`: what was missed until now, see ``Reconciliation``.
        case rescan(missed: Int)
        case checkTrash, cleanup, purge, purgeEarly, measure
        /// When the next one in the trash is due.
        case nextPurge
        /// Records up to this number are there to be told.
        case deliver(Hook, upTo: Int)
        case countRecords, rotateAudit
        case load(isAsked: Bool)
    }

    var queue: WorkerQueues.Key
    /// Work of a name that waits in its queue already is not put there twice.
    var name: String
    var vault: VaultConfiguration?
    var work: Work
}

/// What a job found out.
enum JobResult: Sendable {
    case scanned(path: Bytes, id: VaultID, Scanned)
    case rescanned(path: Bytes, id: VaultID, missed: Int, Scanned)
    /// `isVetoed`: a hook held it back.
    case cleaned(path: Bytes, trashNames: Set<String>, ExitStatus, isVetoed: Bool)
    /// What is due and stayed is asked again after this time at the earliest.
    /// `completed`: its scan was the one that found a backup complete.
    case purged(path: Bytes, retryAfterSeconds: Int64, trashNames: Set<String>, completed: Bool = false)
    /// In full, for whoever prints them.
    case cleanupReport(CleanupReport), purgeReport(PurgeReport)
    /// Limits were checked; the trash of each vault that gave something, and after how long more may go.
    /// `scanned`: all vaults of the file system; `completed`: those in which that scan found a backup complete.
    case purgedEarly(
        path: Bytes, retryAfterSeconds: Int64?, scanned: Set<Bytes>, completed: Set<Bytes> = [],
        trashNames: [Bytes: Set<String>])
    case trashChanged(path: Bytes, names: Set<String>)
    case measured(path: Bytes, nanoseconds: Int64)
    case failed(path: Bytes, what: String, fault: Fault)
    /// And which vaults are known, by path.
    case configuration(Configuration, ids: [Bytes: VaultID])
    /// It was read again: it is as it was, or it is refused.
    case loaded
    /// When the next one in the trash is due; `nil`: nothing is there.
    case nextPurge(path: Bytes, due: Timestamp?)
    /// The number of the log's last record.
    case recorded(Int)
    /// A hook was told what there is; when to go on, in seconds, where something is left.
    case delivered(hook: String, upTo: Int, retrySeconds: Double?)

    /// Whether it may change what a monitor shows.
    var isNews: Bool {
        switch self {
        case .recorded, .nextPurge, .cleanupReport, .purgeReport, .loaded: false
        default: true
        }
    }
}

/// What a scan found.
struct Scanned: Sendable {
    /// When each directory is to be scanned again, by the boot clock.
    var settling: [Bytes: Int64] = [:]
    /// The directories that were scanned.
    var directories: Set<Bytes> = []
    /// Directories with backups that nobody has looked into yet.
    var unprobed: Set<Bytes> = []
    var completed = false
    /// Something needs a whole scan, or a purge to go on.
    var hasReturned = false
    var faults: [Fault] = []
    /// How many directories the kernel refused to watch: events do not tell everything.
    var refused = Watcher.Refusals()
    /// How long it took: a vault with much to scan waits longer for the next scan.
    var nanoseconds: Int64 = 0
    /// The batches, and FREEZE, at a whole scan; `nil` otherwise.
    var trashNames: Set<String>?
    /// Its file system, where others may change it unseen.
    var remoteKind: String?
}

/// What other threads leave for the one that runs the state machine.
final class Inbox: Sendable {
    struct Content {
        var results: [JobResult] = []
        var isReloadAsked = false
        var isStopping = false
        /// Why it cannot go on.
        var failure: Fault?
    }

    private let content = Mutex(Content())
    private let onNews: @Sendable () -> Void

    init(onNews: @escaping @Sendable () -> Void) { self.onNews = onNews }

    func leave(_ change: (inout Content) -> Void) {
        content.withLock { change(&$0) }
        onNews()
    }

    func post(_ result: JobResult) { leave { $0.results.append(result) } }

    var isEmpty: Bool { content.withLock(\.results.isEmpty) }

    /// What came since the last time. That it has to stop stays.
    func take() -> Content {
        content.withLock { content in
            defer { (content.results, content.isReloadAsked) = ([], false) }
            return content
        }
    }
}

/// What a step wants to be told or written. All but the first two and the last go to disk, on a queue of their own.
enum Effect: Sendable {
    case log(Logger.Level, String)
    case forgetWatches(VaultID)
    /// Why the index may not equal the disk; `nil`: it does.
    case setUnreconciled(VaultID, String?)
    case recordUnreconciled(VaultID, label: String, why: String)
    /// How changes are learnt of, where that is not by events alone.
    case setWatching(VaultID, String?)
    case recordVanished, renewWitness
    case checkClock([(VaultConfiguration, VaultID)])
    case end(Fault)
}
