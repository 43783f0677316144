internal import Model

/// UpdraftPlus, a plugin of WordPress: `backup_2026-11-23-0100_My_Shop_73a59e01b29a-db.gz`, `-plugins.zip`,
/// `-uploads2.zip` and so on, all of one time and one nonce. What it adds to a backup later (incremental backups) has
/// the same nonce and a time of its own, and needs all of that nonce before it. `log.NONCE.txt` is of the first.
///
/// A backup of the database alone, or of the plugins before an update, is not a backup of the site: what holds less
/// than the database, plugins, themes, uploads and others is a series of its own.
struct UpdraftPlus: Layout {
    let guide = LayoutGuide(
        tool: "UpdraftPlus", names: "backup_2026-11-23-0100_My_Shop_73a59e01b29a-db.gz, …-plugins.zip, …-uploads2.zip",
        kind: "the first time of a nonce is full, later ones are incremental",
        chain: "the one before it of the same nonce")

    private static let pattern = NamePattern("backup_%Y-%m-%d-%H%M_{site}_{nonce:x12}-{rest}")
    private static let site: Set<Bytes> = ["db", "plugins", "themes", "uploads", "others"]
    private static let endings: [Bytes] = [".zip", ".gz", ".gz.crypt"]

    /// The files of one time.
    private struct Run {
        var time: Timestamp
        var files: [Int] = []
        var entities: Set<Bytes> = []
    }

    private struct Job: Hashable {
        var site: Bytes
        var nonce: Bytes
    }

    var signs: [Bytes] { ["backup_"] }

    func claim(in listing: inout Listing) {
        var jobs: [Job: [Bytes: Run]] = [:]
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            let name = listing.entries[index].finalName
            guard let match = Self.pattern.match(name), let site = match["site"], let nonce = match["nonce"],
                let rest = match["rest"], let civil = match.time
            else { continue }
            let written = Bytes(name.storage[7..<22])
            var run = jobs[Job(site: site, nonce: nonce)]?[written] ?? Run(time: listing.instant(of: civil))
            run.files.append(index)
            if let entity = Self.entity(rest) { run.entities.insert(entity) }
            jobs[Job(site: site, nonce: nonce), default: [:]][written] = run
        }
        for (job, runs) in jobs { claim(job, runs.values.sorted { $0.time < $1.time }, &listing) }
    }

    private func claim(_ job: Job, _ runs: [Run], _ listing: inout Listing) {
        guard let first = runs.first, runs.contains(where: { !$0.entities.isEmpty }) else { return }
        var key = Bytes("backup_*_") + SeriesKey.escaped(job.site) + "_*"
        if !first.entities.isSuperset(of: Self.site) {
            for (n, entity) in first.entities.sorted().enumerated() { key = key + (n == 0 ? "-" : "+") + entity }
        }
        var before: Token?
        for run in runs {
            var contents = Contents(tool: name)
            let place = listing.directory.appending(job.nonce + "-" + Bytes("\(run.time.nanoseconds)"))
            let token = Token("updraftplus", place.utf8 ?? place.hexadecimal)
            contents.provides = [token]
            contents.needs = before.map { [.exactly($0)] } ?? []
            let found = Claim.Found(
                series: listing.key(key), time: run.time, by: name, kind: before == nil ? .full : .incremental,
                contents: contents)
            listing.claim(run.files[0], as: .backup(found))
            listing.markSet(run.files[0])
            for file in run.files.dropFirst() { listing.claim(file, as: .member(of: run.files[0])) }
            before = token
        }
        guard let log = listing.index(of: "log." + job.nonce + ".txt"), listing.isOpen(log), listing.entries[log].isFile
        else { return }
        listing.claim(log, as: .member(of: first.files[0]))
    }

    /// `uploads` of `uploads2.zip`; `nil`: a file that it removes when it is done.
    private static func entity(_ rest: Bytes) -> Bytes? {
        guard let ending = endings.last(where: { rest.hasSuffix($0) }) else { return nil }
        let stem = rest.dropLast(ending.count).storage
        let entity = stem[..<((stem.lastIndex { !$0.isDigit } ?? -1) + 1)]
        let isEntity = entity.allSatisfy { ($0.isLetter && $0 < 0x80) || $0 == UInt8(ascii: "-") }
        return !entity.isEmpty && isEntity ? Bytes(entity) : nil
    }
}
