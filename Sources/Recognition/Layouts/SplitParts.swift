import Model

/// Pieces of one file, as split, 7-Zip, zip and RAR write them (``PieceNames``): one backup, which has the name of the
/// whole without a number, and is read as that name is read. It goes, comes back and is kept as one.
///
/// Pieces are joined only where the name of the whole has a date, or the directory is one of a day: `dump.sql.01` to
/// `dump.sql.31` may be a month of backups.
struct SplitParts: Layout {
    let guide = LayoutGuide(
        tool: "split, 7-Zip, zip and RAR volumes, and numbers of people's scripts",
        names:
            "home-2026-11-23.tar.gz.aa .ab …, .00 .01 …, home-2026-11-23.7z.001 …, home-2026-11-23.z01 … .zip, "
            + "home-2026-11-23.part1.rar …, home-2026-11-23.rar .r00 …, home-2026-11-23.tar.part1 …, .tar.1 .2 …, "
            + "home-2026-11-23-part1.tar.gz …, home-2026-11-23-1of3.tar …; each of them may be encrypted",
        kind: "as the name of the whole says", chain: "as the name of the whole says",
        complete: "no number is missing; of a zip the `.zip` is there")

    func claim(in listing: inout Listing) {
        var volumes: [PieceNames.Volume: [(index: Int, number: Int)]] = [:]
        var seen: Set<PieceNames.Run> = []
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            let name = listing.entries[index].finalName
            if let run = PieceNames.run(name) {
                // The first comes first in the order of names.
                if seen.insert(run).inserted { join(run, from: index, &listing) }
            } else if let (volume, number) = PieceNames.volume(name) {
                volumes[volume, default: []].append((index, number))
            }
        }
        for (volume, pieces) in volumes.sorted(by: { ($0.key.prefix, $0.key.kind) < ($1.key.prefix, $1.key.kind) }) {
            switch volume.kind {
            case .zip, .rar, .oldRAR: join(volume, pieces, &listing)
            case .parts, .numbered, .ambiguous, .of: joinNumbered(volume, pieces, &listing)
            }
        }
    }

    /// Whether the beginning of a piece's name tells when the whole was made, and what follows is not part of that.
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
        guard isEnough, isDated(run.base, by: listing.entries[start].finalName, &listing) else { return }
        let gap = Listing.gap(in: numbers, countingFrom: run.first).map { "part \($0) is missing" }
        listing.join(pieces.map(\.id), as: run.whole, lacking: gap)
    }

    // MARK: zip, RAR

    private func join(_ volume: PieceNames.Volume, _ pieces: [(index: Int, number: Int)], _ listing: inout Listing) {
        let pieces = pieces.sorted { ($0.number, $0.index) < ($1.number, $1.index) }
        guard isDated(volume.stem, by: listing.entries[pieces[0].index].finalName, &listing) else {
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

    // MARK: x.tar.part1, x-part1.tar, x-1of3.tar

    private func joinNumbered(
        _ volume: PieceNames.Volume, _ pieces: [(index: Int, number: Int)], _ listing: inout Listing
    ) {
        let pieces = pieces.filter { listing.isOpen($0.index) }.sorted { ($0.number, $0.index) < ($1.number, $1.index) }
        let numbers = pieces.map(\.number)
        guard let first = pieces.first, Set(numbers).count == numbers.count,
            isEnough(volume, numbers, isWholeHere: listing.index(of: volume.whole) != nil),
            volume.kind != .ambiguous || listing.parser.read(volume.stem).isTime,
            isDated(volume.stem, by: listing.entries[first.index].finalName, &listing)
        else { return }
        var missing = Listing.gap(in: numbers, countingFrom: nil).map { "part \($0) is missing" }
        let here = Set(numbers)
        if case .of(let count) = volume.kind, let gap = (1...count).first(where: { !here.contains($0) }) {
            missing = "part \(gap) of \(count) is missing"
        }
        listing.join(pieces.map(\.index), as: volume.whole, lacking: missing)
    }

    /// Whether these numbers are those of pieces: a file that has the name of the whole makes them something else.
    private func isEnough(_ volume: PieceNames.Volume, _ numbers: [Int], isWholeHere: Bool) -> Bool {
        guard !isWholeHere, let first = numbers.first else { return false }
        let begins = first <= 1
        return switch volume.kind {
        case .of: true
        case .parts: begins || numbers.count > 1
        case .numbered: begins && numbers.count > 1
        // `x.tar.0` is rather a rotation, or an hour.
        default:
            begins && numbers.count > 1 && numbers[1] == first + 1 && (first == 1 || !PieceNames.isWhole(volume.stem))
        }
    }
}
