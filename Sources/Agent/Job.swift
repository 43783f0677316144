internal import Config
internal import Hooks
internal import Logging
internal import Model

/// Work that may block, for a worker queue.
struct Job: Sendable {
    enum Work: Sendable {
        /// Single directories; `deep`: also all below these; `finished`: whose writer renamed them to their final name.
        case scan(places: Set<Bytes>, deep: Set<Bytes>, finished: Set<Bytes>)
        case rescan(doubts: Int)
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
