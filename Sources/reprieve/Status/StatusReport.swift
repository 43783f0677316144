internal import Config
internal import Engine
internal import Foundation
internal import Model
internal import Retention
internal import State

/// What `status` says, as a value: shown here and now, or written as JSON by the agent and shown to who may not look
/// for himself. Text and check are made of it alone, so that both show the same.
struct StatusReport: Hashable, Sendable, Decodable {
    struct Agent: Hashable, Sendable, Decodable {
        var running: Bool
        var since: Timestamp?
    }

    struct Vault: Hashable, Sendable, Decodable {
        struct Away: Hashable, Sendable, Decodable {
            var id: String
            var label: String?
            var lastSeen: Timestamp?
        }

        struct Freeze: Hashable, Sendable, Decodable {
            var cause: String
            var series: String?
            var reason: String
            var since: Timestamp
            var until: Timestamp?

            init(_ mark: Mark, series: Bytes? = nil) {
                cause = mark.cause ?? (mark.freezeCause ?? .person).rawValue
                self.series = series.map { Backup.name(ofSeries: $0).display }
                reason = mark.reason
                since = mark.at
                until = mark.until
            }
        }

        var vault: String
        var id: String?
        var path: String
        var pathRaw: String?
        /// `ok`, or a word that is shown in capitals.
        var state: String
        var series: Int
        var backups: Int
        var size: Int64
        var trashed: Int
        var trashSize: Int64
        var newest: Timestamp?
        /// Series by how they do: newest backup not to be used; none for too long; newest not complete yet; over.
        /// Missing in what an older version wrote.
        var suspect: Int?
        var late: Int?
        var settling: Int?
        var ended: Int?
        /// What will be done next, for a person.
        var next: String
        var watching: String?
        var readOnly: Bool
        var away: [Away]
        /// Of the whole vault, and of series.
        var freezes: [Freeze]
        var heldPlan: String?
        /// The last cleanup, and what came of it.
        var lastRun: Timestamp?
        var lastResult: String?
        var lastProblem: String?
        /// When a run, or a look where none is due by the clock, was last done; and how often one is to be expected.
        var lastTurn: Timestamp?
        var intervalSeconds: Int64?
    }

    struct Disk: Hashable, Sendable, Decodable {
        var mount: String
        var mountRaw: String?
        var vaults: [String]
        var total: Int64
        var available: Int64
        var trashAllocated: Int64
        var nextPurge: Timestamp?
        var nextPurgeSize: Int64?
        /// The same for a person.
        var next: String
        var fullInDays: Int64?
        var lacking: [String]
        var lackingBytes: Int64
        var lackingInodes: Int64
        var shortSince: Timestamp?
    }

    var host: String
    var written: Timestamp
    /// Written by an agent that writes again before this is over.
    var validSeconds: Int64?
    var timezone: String
    var agent: Agent
    var vaults: [Vault]
    var disks: [Disk]
    var toDecide: [Notice]
    var late: [Notice]

    var zone: Zone { Zone(name: timezone) ?? Zone.system }
}

extension StatusReport {
    init(_ overview: Overview, _ engine: Engine, isRunning: Bool, validSeconds: Int64? = nil) {
        let (views, disks, zone) = (overview.views, overview.disks, engine.configuration.zone.value)
        host = engine.overviews.hostName
        written = overview.at.wall
        self.validSeconds = validSeconds
        timezone = zone.name
        agent = Agent(running: isRunning, since: isRunning ? overview.runs.agentSince : nil)
        vaults = views.map { Vault($0, overview.runs.vaults[$0.label], isRunning, zone) }
        self.disks = disks.map { Disk($0, views, zone) }
        // Of a wildcard that matches fewer than before, those that are not there say so themselves.
        let empty = Set(engine.configuration.unmatched.map(\.path))
        let unmatched = engine.episodes.vanishings.filter { empty.contains($0.wildcard.path) }.map { wildcard, reason in
            Notice(
                vault: wildcard.entry, code: "no-match", text: reason + ".", commands: ["reprieve config check"])
        }
        toDecide =
            unmatched + views.flatMap { Notice.notices(of: $0, engine) } + disks.flatMap { DiskText.notices($0, views) }
        let unserved = isRunning ? overview.runs.metricsProblem.map { [Notice.unserved($0)] } ?? [] : []
        late =
            unserved + views.flatMap { Notice.notes(of: $0, zone) } + disks.flatMap { DiskText.notes($0, views) }
    }
}

extension StatusReport.Vault {
    init(_ view: VaultView, _ run: RunStore.Run?, _ isRunning: Bool, _ zone: Zone) {
        vault = view.label
        id = view.id?.text
        (path, pathRaw) = view.configuration.path.textAndRaw
        state = Self.state(view)
        series = Set(view.present.map(\.series)).count
        backups = view.present.count
        size = view.present.total { $0.size }
        trashed = view.trashed.count
        trashSize = view.trashed.total { $0.size }
        newest = view.freshness.values.compactMap(\.newest).max()
        let health = view.isAway ? [] : view.freshness.values.map(\.health)
        suspect = health.count { $0 == .suspect || $0 == .failing }
        late = health.count { $0 == .late }
        settling = health.count { $0 == .settling }
        ended = health.count { $0 == .ended }
        next = Self.next(view, isRunning, zone)
        watching = view.watching
        readOnly = view.isReadOnly
        away = view.away.map { Away(id: $0.id.text, label: $0.label, lastSeen: $0.lastSeen) }
        freezes = view.freezes.map { Freeze($0) } + view.frozenSeries.map { Freeze($0.mark, series: $0.series) }
        heldPlan = view.plan?.hold == nil ? nil : view.plan?.id
        lastRun = run?.runAt
        lastResult = run?.result
        lastProblem = run?.problem
        lastTurn = run?.last(view.configuration.settings) ?? run?.lookAt
        intervalSeconds = run?.interval(view.configuration.settings)
    }

    private static func state(_ view: VaultView) -> String {
        if view.isAway { return "away" }
        if let fault = view.fault { return fault.code == .offline ? "offline" : "failed" }
        if view.frozen != nil { return "frozen" }
        if view.isReadOnly { return "read-only" }
        if !view.unreadable.isEmpty { return "partly" }
        if let hold = view.plan?.hold, hold.waitsForPerson { return "held" }
        let health = Set(view.freshness.values.map(\.health))
        for worst in [SeriesFreshness.Health.failing, .suspect, .late] where health.contains(worst) {
            return worst.rawValue
        }
        if view.plan?.hold != nil { return "in part" }
        if view.doubt != nil { return "rescan" }
        for other in [SeriesFreshness.Health.settling, .ended] where health.contains(other) { return other.rawValue }
        return view.present.isEmpty ? "empty" : "ok"
    }

    private static func next(_ view: VaultView, _ isRunning: Bool, _ zone: Zone) -> String {
        if view.isAway { return "when it is back" }
        if view.fault != nil || view.frozen != nil || view.isReadOnly { return "stopped" }
        if let plan = view.plan, plan.hold?.waitsForPerson == true { return "plan \(plan.id.prefix(4)) waits" }
        let purge =
            view.trashed.compactMap(\.trashed?.earliestPurge).min().map { ", purge \(Text.date($0, zone))" } ?? ""
        guard isRunning else {
            let isDue = view.trashed.contains { $0.trashed.map { $0.earliestPurge <= view.at.wall } ?? false }
            return isDue ? "purge is due" : "by hand"
        }
        let schedule = view.configuration.settings.schedule.value
        switch schedule {
        case .afterBackup: return purge.isEmpty ? "after a backup" : String(purge.dropFirst(2))
        case .manual: return "by hand" + purge
        case .hourly: return "hourly" + purge
        case .daily: return "cleanup \(schedule.text)" + purge
        }
    }
}

extension StatusReport.Disk {
    init(_ disk: DiskView, _ views: [VaultView], _ zone: Zone) {
        let trash = DiskText.trash(disk, views)
        let purge = DiskText.nextPurge(trash)
        (mount, mountRaw) = disk.mount.textAndRaw
        vaults = disk.vaults
        total = disk.totalBytes
        available = disk.availableBytes
        trashAllocated = trash.total { $0.allocated }
        nextPurge = purge?.at
        nextPurgeSize = purge?.size
        next = DiskText.next(disk, views, zone)
        fullInDays = disk.fullInDays
        lacking = disk.lack.texts
        lackingBytes = disk.lack.bytes
        lackingInodes = disk.lack.inodes
        shortSince = disk.shortSince
    }
}
