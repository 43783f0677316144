import Catalog
import Disk
import Foundation
import Model
import Recognition
import Retention
import Support
import Survey

/// A vault on the disk with what a tool leaves there, and what Reprieve makes of it: survey, catalog, links, decisions.
///
/// Files bear the times of their names, `daysAgo` counted from today, in UTC.
final class LayoutVault {
    let scratch: Scratch
    private let state: Scratch
    let catalog: Catalog
    private let vault = VaultID(text: "v")
    private let today: Date
    private var boot: Int64 = 5_000_000_000
    private var directories: [String: Date] = [:]
    var recognisers: Recognisers

    init(_ recognisers: Recognisers = .byName) throws {
        self.recognisers = recognisers
        scratch = try Scratch()
        state = try Scratch()
        catalog = try Catalog(path: state.url.appending(path: "catalog.sqlite").path)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC")!
        today = calendar.startOfDay(for: Date())
    }

    // MARK: Files

    /// The time of a day at `01:00:00`, in strftime's words, in UTC.
    func name(_ format: String, daysAgo: Int, at clock: String = "01:00:00") -> String {
        Self.name(format, time(daysAgo, clock))
    }

    /// A time in strftime's words, in UTC.
    static func name(_ format: String, _ time: Date) -> String {
        var seconds = time_t(time.timeIntervalSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 256)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func time(_ daysAgo: Int, _ clock: String) -> Date {
        let parts = clock.split(separator: ":").map { Double($0)! }
        return today.addingTimeInterval(
            Double(-daysAgo) * 86_400 + parts[0] * 3600 + parts[1] * 60 + (parts.count > 2 ? parts[2] : 0))
    }

    /// `path`: strftime's words in it stand for the time of the file.
    @discardableResult
    func put(_ path: String, daysAgo: Int, at clock: String = "01:00:00", _ content: String = "some content") throws
        -> String
    {
        try put(path, daysAgo: daysAgo, at: clock, bytes: Array(content.utf8))
    }

    @discardableResult
    func put(_ path: String, daysAgo: Int, at clock: String = "01:00:00", bytes: [UInt8]) throws -> String {
        let path = name(path, daysAgo: daysAgo, at: clock)
        let file = scratch.url.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        let stamp = time(daysAgo, clock)
        try FileManager.default.setAttributes([.modificationDate: stamp], ofItemAtPath: file.path)
        var directory = Bytes(path).parent.display
        while !directory.isEmpty {
            directories[directory] = max(directories[directory] ?? stamp, stamp)
            directory = Bytes(directory).parent.display
        }
        return path
    }

    // MARK: Looking and deciding

    struct Outcome {
        var plan: Plan
        var skippedEntries: [SkippedEntry]
        var suspicion: Suspicion

        private var going: [Plan.Judged] { plan.withSharedFiles(plan.condemned) }
        /// Every file and directory that goes.
        var goes: Set<String> { Set(going.flatMap { $0.backup.members.map(\.path.display) }) }
        /// Every file and directory of a backup that stays.
        var stays: Set<String> {
            Set(plan.judged.flatMap { $0.backup.members.map(\.path.display) }).subtracting(goes)
        }
        var backups: [Backup] { plan.judged.map(\.backup) }
        /// How many backups each series has, by its key.
        var series: [String: Int] {
            Dictionary(grouping: backups, by: \.series.display).mapValues(\.count)
        }

        /// By the path of any of its files.
        func judged(_ path: String) -> Plan.Judged? {
            plan.judged.first { $0.backup.members.contains { $0.path.display == path } }
        }

        func backup(_ path: String) -> Backup? { judged(path)?.backup }

        /// With what its place among the others says.
        func condition(_ path: String) -> Backup.Condition? {
            guard let judged = judged(path) else { return nil }
            for case .setAside(let condition, _) in judged.decision.reasons { return condition }
            return judged.backup.condition
        }

        /// Why it is set aside; else its note.
        func why(_ path: String) -> String? {
            guard let judged = judged(path) else { return nil }
            for case .setAside(_, let note) in judged.decision.reasons { return note }
            return judged.backup.note
        }

        /// The paths of what a backup needs directly.
        func needs(_ path: String) -> Set<String> {
            guard let id = backup(path)?.id else { return [] }
            let ids = Set(plan.links?.needs(of: id) ?? [])
            return Set(backups.filter { ids.contains($0.id) }.map(\.path.display))
        }

        /// The tool of an opaque unit.
        func tool(_ path: String) -> String? {
            for entry in skippedEntries where entry.path.display == path {
                if case .managed(let tool, _) = entry.why { return tool }
            }
            return nil
        }

        /// What prunes it.
        func prune(_ path: String) -> String? {
            for entry in skippedEntries where entry.path.display == path {
                if case .managed(_, let prune) = entry.why { return prune }
            }
            return nil
        }

        func skipped(_ path: String) -> String? { skippedEntries.first { $0.path.display == path }?.why.text }

        /// Backups that stay although something that they need does not.
        var orphans: [String] {
            let kept = Set(plan.judged.filter { $0.decision.retain && !$0.decision.isSetAside }.map(\.backup.id))
            let staying = Set(plan.judged.filter { $0.decision.retain }.map(\.backup.id))
            // Of a log's needs some will do: all since the full one, or those since a differential.
            return plan.judged.filter { kept.contains($0.backup.id) && $0.backup.kind != .log }.filter { judged in
                (plan.links?.needs(of: judged.backup.id) ?? []).contains { !staying.contains($0) }
            }.map(\.backup.path.display)
        }
    }

    /// Two looks with the quiet period between them, and the decisions.
    func judge(_ rules: (inout KeepRules) -> Void) throws -> Outcome {
        var keep = KeepRules()
        rules(&keep)
        for (path, stamp) in directories.sorted(by: { $0.key > $1.key }) {
            try? FileManager.default.setAttributes(
                [.modificationDate: stamp], ofItemAtPath: scratch.url.appending(path: path).path)
        }
        try look()
        try look()
        let present = try catalog.present(vault: vault)
        let now = moment
        let policy = VaultPolicy(
            timezone: "UTC", keep: keep, series: [], minAge: Span(seconds: 0), minObservedAge: Span(seconds: 0))
        var input = Plan.Input(vault: vault, backups: present, policy: policy, now: now)
        let footers = try catalog.signs(vault: vault).filter { $0.value[Backup.footerSign] != nil }.map(\.key)
        input.protection.suspicion = Suspicion(
            present, footers: Set(footers), latest: now.wall.adding(seconds: Judge.futureSeconds))
        return Outcome(
            plan: Plan.make(input)!, skippedEntries: try catalog.skippedEntries(vault: vault),
            suspicion: input.protection.suspicion)
    }

    private var moment: Moment {
        Moment(
            wall: Timestamp(nanoseconds: Int64((Date().timeIntervalSince1970 + 1) * 1e9)), boot: boot, bootID: "b")
    }

    /// How many places had to be read.
    @discardableResult
    func look() throws -> Int {
        boot += 600_000_000_000
        let survey = VaultSurvey(
            vault: vault, quietSeconds: 60, recognisers: recognisers, zone: .utc, nested: [], roots: [scratch.path])
        let (catalog, vault) = (catalog, vault)
        var known = VaultSurvey.Known { (place: Bytes) throws(Fault) in
            try catalog.present(vault: vault, place: place)
        }
        known.digests = try catalog.places.digests(vault: vault, readAs: survey.readAs)
        known.signs = try catalog.signs(vault: vault)
        var places: Set<Bytes> = []
        let before = Set(known.digests.keys)
        let scan = try survey.scan(below: try scratch.open(), known: known, now: moment) {
            (place: VaultSurvey.Place) throws(Fault) in
            places.insert(place.directory)
            _ = try catalog.record(
                vault: vault,
                [
                    .init(
                        place: place.directory, known: place.known, backups: place.backups,
                        skippedEntries: place.skippedEntries, inside: place.descend, digest: place.digest,
                        unknown: place.unknown, isNew: place.isNew)
                ])
        }
        _ = try catalog.places.forget(vault: vault, places: before.subtracting(scan.places).sorted())
        try catalog.vaults.recordIndexed(vault: vault, readAs: survey.readAs)
        return scan.read
    }
}
