import Model

/// Pieces of one file, as split, 7-Zip, zip and RAR write them (``PieceNames``): one backup, which has the name of the
/// whole without a number, and is read as that name is read. It goes, comes back and is kept as one.
///
/// Pieces are joined only where the name of the whole has a date, or the directory is one of a day: `dump.sql.01` to
/// `dump.sql.31` may be a month of backups.
struct SplitParts: Layout {
    let guide = LayoutGuide(
        tool: "split, 7-Zip, zip and RAR volumes",
        names:
            "home-2026-11-23.tar.gz.aa .ab …, .00 .01 …, home-2026-11-23.7z.001 …, home-2026-11-23.z01 … .zip, "
            + "home-2026-11-23.part1.rar …, home-2026-11-23.rar .r00 …",
        kind: "as the name of the whole says", chain: "as the name of the whole says",
        complete: "no number is missing; of a zip the `.zip` is there")

    func claim(in listing: inout Listing) {
        var volumes: [Volume: [(index: Int, number: Int)]] = [:]
        var seen: Set<PieceNames.Run> = []
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            let name = listing.entries[index].finalName
            if let run = PieceNames.run(name) {
                // The first comes first in the order of names.
                if seen.insert(run).inserted { join(run, from: index, &listing) }
            } else if let (whole, kind, number) = PieceNames.volume(name) {
                volumes[Volume(whole: whole, kind: kind), default: []].append((index, number))
            }
        }
        for (volume, pieces) in volumes { join(volume, pieces, &listing) }
    }

    /// Whether the beginning of a piece's name tells when the whole was made, and what follows is no part of that.
    private func isDated(_ whole: Bytes, by piece: Bytes, _ listing: inout Listing) -> Bool {
        switch (listing.parser.read(whole), listing.parser.read(piece)) {
        case (.time(let time, let pattern, _), .time(let other, let longer, _)):
            time == other && longer.hasPrefix(pattern)
        case (.none, .none): DateSteps(listing.directory).map { $0.depth != .month } ?? false
        default: false
        }
    }

    // MARK: aa ab, 000 001

    private func join(_ run: PieceNames.Run, from start: Int, _ listing: inout Listing) {
        guard run.isSure || run.mayBeCounted else { return }
        var names: [(id: Int, name: Bytes)] = []
        var at = start
        while at < listing.entries.count, listing.entries[at].name.hasPrefix(run.prefix) {
            if listing.entries[at].isFile, listing.isOpen(at) { names.append((at, listing.entries[at].finalName)) }
            at += 1
        }
        let pieces = run.pieces(among: names)
        let numbers = pieces.map(\.number)
        guard !numbers.isEmpty else { return }
        let begins = numbers[0] == 0 || numbers[0] == 1 && run.first == nil
        // A name that does not end as an archive does needs more to be a whole; one piece needs that its whole is gone.
        let isEnough =
            run.isSure
            ? numbers.count > 1 || begins && listing.index(of: run.whole) == nil
            : begins && numbers.count > 1 && numbers[1] <= numbers[0] + 1
        guard isEnough, isDated(run.whole, by: listing.entries[start].finalName, &listing) else { return }
        let gap = Listing.gap(in: numbers, countingFrom: run.first).map { "part \($0) is missing" }
        listing.join(pieces.map(\.id), as: run.whole, lacking: gap)
    }

    // MARK: zip, RAR

    private struct Volume: Hashable {
        var whole: Bytes
        var kind: PieceNames.Volumes
    }

    private func join(_ volume: Volume, _ pieces: [(index: Int, number: Int)], _ listing: inout Listing) {
        let pieces = pieces.sorted { ($0.number, $0.index) < ($1.number, $1.index) }
        guard isDated(volume.whole.dropLast(4), by: listing.entries[pieces[0].index].finalName, &listing) else {
            return
        }
        var lacking = Listing.gap(in: pieces.map(\.number), countingFrom: 1).map { "part \($0) is missing" }
        var indices = pieces.map(\.index)
        if volume.kind != .rar {
            // The end of a zip and the beginning of an old RAR have the name of the whole.
            let which = volume.kind == .zip ? "last" : "first"
            if let whole = listing.index(of: volume.whole), listing.entries[whole].isFile {
                indices.insert(whole, at: 0)
            } else {
                lacking = "its \(which) part ('\(volume.whole.display)') is missing"
            }
        }
        listing.join(indices, as: volume.whole, lacking: lacking)
    }
}
