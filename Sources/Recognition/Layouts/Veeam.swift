internal import Model

/// Veeam's chains, as its agents and its backup server write them into the directory of a job: a full backup (`.vbk`)
/// and what changed since the file before (`.vib`), `web1D2026-11-23T010000_2DCD.vib`; older versions write
/// `web1_2DCDD2026-11-23T010000.vib`. `.vbm` describes all of them and is rewritten by each run.
///
/// With reverse increments (`.vrb`) an older one needs every newer one: then the directory is left to Veeam as a whole,
/// and so is a file whose name does not say its time. Sources: Veeam's help centre ("Types of Backup Files"), and
/// listings of such directories.
struct Veeam: Layout {
    let guide = LayoutGuide(
        tool: "Veeam", names: "`JOB/web1D2026-11-23T010000_2DCD.vbk`, `.vib`, and `JOB.vbm`",
        kind: "`.vbk` is full, `.vib` incremental; with `.vrb` all is left alone",
        chain: "`.vib`: everything back to the last full one",
        prunes: "the retention policy of its job in Veeam, while that runs; Reprieve")

    private static let endings: [Bytes] = [".vbk", ".vib", ".vrb", ".vbm", ".vlb", ".vsm", ".vlm", ".vom"]
    private static let pattern = NamePattern("{job}D%Y-%m-%dT%H%M%S")
    private static let reverse: Bytes = ".vrb"
    private static let own = SkippedEntry.Why.managed(
        tool: "Veeam backup chain", prune: "the retention policy of its job in Veeam")

    var signs: [Bytes] { Self.endings }

    private static func ending(_ name: Bytes) -> Bytes? {
        guard let last = name.storage.last, "kbm".utf8.contains(last) else { return nil }
        return endings.first { name.hasSuffix($0) }
    }

    func claim(in listing: inout Listing) {
        let files = listing.entries.indices.filter {
            listing.entries[$0].isFile && listing.isCandidate($0) && Self.ending(listing.entries[$0].name) != nil
        }
        let isReverse = files.contains { listing.entries[$0].name.hasSuffix(Self.reverse) }
        for index in files {
            let entry = listing.entries[index]
            guard let ending = Self.ending(entry.name) else { continue }
            guard !isReverse, [".vbk", ".vib"].contains(ending),
                let (job, time) = Self.read(entry.name.dropLast(ending.count))
            else {
                listing.claim(index, as: .skippedEntries(Self.own))
                continue
            }
            let found = Claim.Found(
                series: listing.key(SeriesKey.escaped(job) + "*"), time: listing.instant(of: time), by: name,
                kind: ending == ".vbk" ? .full : .incremental, contents: Contents(tool: name))
            listing.claim(index, as: .backup(found))
        }
    }

    /// Job or machine, and the time: without the four digits that tell two files of one second apart, and without the
    /// flags of what is kept longer (`_W`, `_M`, `_Y`).
    private static func read(_ stem: Bytes) -> (job: Bytes, CivilTime)? {
        var stem = withoutTail(stem) { !$0.isEmpty && $0.allSatisfy { "WMQY".utf8.contains($0) } }
        stem = withoutTail(stem, isNumber)
        guard let match = pattern.match(stem), let time = match.time, let job = match["job"] else { return nil }
        let plain = withoutTail(job, isNumber)
        return (plain.isEmpty ? job : plain, time)
    }

    private static func isNumber(_ tail: ArraySlice<UInt8>) -> Bool { tail.count == 4 && Bytes(tail).isHexadecimal }

    /// A name without what stands behind its last `_`, if it is that.
    private static func withoutTail(_ name: Bytes, _ isIt: (ArraySlice<UInt8>) -> Bool) -> Bytes {
        guard let joint = name.storage.lastIndex(of: UInt8(ascii: "_")), isIt(name.storage[(joint + 1)...]) else {
            return name
        }
        return Bytes(name.storage[..<joint])
    }
}
