internal import Model

/// `pg_dump -Fd`: a directory with `toc.dat`, which is written first and names the file of each table's data,
/// `3301.dat`; on the disk it may end in `.gz`, `.lz4` or `.zst`. Large objects stand in `blob_16394.dat`, which
/// `blobs.toc` names (from 17 on `blobs_3351.toc`), one a line behind its number.
///
/// In `toc.dat` a text is its length (a byte for the sign and four more) and its bytes. The name of the data is the
/// last of an entry: behind it stand the number of the next entry and 0 or 1 (pg_backup_directory.c,
/// pg_backup_archiver.c). By that it is told from a table that has such a name. Where it is of a form that is not known
/// here, every `3301.dat` that stands alone in its text counts.
struct PgDumpDirectory: Layout {
    let guide = LayoutGuide(
        tool: "pg_dump -Fd", names: "a directory with toc.dat in it",
        complete: "every file that `toc.dat` names is there")

    private static let toc: Bytes = "toc.dat"
    private static let endings: [Bytes] = ["", ".gz", ".lz4", ".zst"]
    /// How an entry without data ends: no more dependencies (-1), and a name of no bytes.
    private static let entryWithoutData: [UInt8] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]

    func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory, unit.has(Self.toc) else { return nil }
        let head = unit.head(of: Self.toc)
        guard !head.isEmpty else { return .unread(name, Self.toc, "is empty or cannot be read") }
        guard head.starts(with: "PGDMP".utf8) else { return nil }
        guard head.count > 11 else { return .unread(name, Self.toc, "is cut off") }
        let isWhole = head.count < SmallFile.limit
        var contents = Contents(tool: "pg_dump", file: Self.toc.display)
        func fail(_ why: String) -> Contents {
            (contents.outcome, contents.why) = (.failed, why)
            return contents
        }
        guard let named = Self.named(in: head, isWhole: isWhole) else { return contents }
        if named.isCutOff { return fail("'toc.dat' is cut off") }
        for name in named.names where !Self.isThere(name, unit) {
            return fail("'\(name.display)' is missing, which 'toc.dat' names")
        }
        for toc in named.names where toc.hasSuffix(".toc") {
            for name in Self.blobs(unit.head(of: toc)) where !Self.isThere(name, unit) {
                return fail("'\(name.display)' is missing, which '\(toc.display)' names")
            }
        }
        contents.outcome = .finished
        contents.said = isWhole ? "\(named.names.count) files of data" : "\(named.names.count) files of data and more"
        return contents
    }

    private static func isThere(_ name: Bytes, _ unit: UnitContents) -> Bool {
        endings.contains { unit.has(name + $0) }
    }

    /// The files that it names; `nil`: it is of a form that is not known, and nothing in its text is such a name.
    private static func named(in toc: [UInt8], isWhole: Bool) -> (names: [Bytes], isCutOff: Bool)? {
        let isKnown = toc[5] == 1 && toc[8] == 4
        if isKnown {
            let (names, reachesEnd) = names(toc, isWhole: isWhole)
            let isCutOff = isWhole && !reachesEnd && !toc.suffix(10).elementsEqual(entryWithoutData)
            if !names.isEmpty || !isCutOff { return (names, isCutOff) }
        }
        let found = rangesInText(toc)
        // A name that has its length before it is of the known form: that is cut off.
        if isKnown, found.isEmpty || found.contains(where: { hasLength(toc, $0) }) { return ([], true) }
        return found.isEmpty ? nil : (found.map { Bytes(toc[$0]) }, false)
    }

    private static func hasLength(_ toc: [UInt8], _ name: Range<Int>) -> Bool {
        let start = name.lowerBound
        return start >= 5 && toc[start - 5] == 0 && toc.little(start - 4, 4) == UInt64(name.count)
    }

    /// The names in `toc.dat`, and whether the last of these is its end.
    private static func names(_ toc: [UInt8], isWhole: Bool) -> (names: [Bytes], reachesEnd: Bool) {
        var names: [Bytes] = []
        var reachesEnd = false
        for dot in toc.indices where toc[dot] == UInt8(ascii: ".") {
            let end = dot + 4
            guard end <= toc.count, let start = start(of: toc[..<dot], toc[dot..<end]),
                hasLength(toc, start..<end)
            else { continue }
            let isLast = end == toc.count && isWhole
            let isName =
                end + 10 <= toc.count && toc[end] == 0 && toc.little(end + 1, 4) > 0 && toc[end + 5] == 0
                && toc.little(end + 6, 4) <= 1
            guard isLast || isName else { continue }
            names.append(Bytes(toc[start..<end]))
            reachesEnd = isLast
        }
        return (names, reachesEnd)
    }

    /// Where `3301.dat` stands between bytes that are of no name.
    private static func rangesInText(_ toc: [UInt8]) -> [Range<Int>] {
        func isOfName(_ byte: UInt8) -> Bool { byte.isDigit || byte.isLetter || "_-./".utf8.contains(byte) }
        return toc.indices.compactMap { dot in
            let end = dot + 4
            guard toc[dot] == UInt8(ascii: "."), end <= toc.count, toc[dot..<end].elementsEqual(".dat".utf8),
                let start = start(of: toc[..<dot], toc[dot..<end]), start == 0 || !isOfName(toc[start - 1]),
                end == toc.count || toc[end] == UInt8(ascii: ".") || !isOfName(toc[end])
            else { return nil }
            return start..<end
        }
    }

    /// Where `3301.dat`, `blobs.toc` or `blobs_3351.toc` begins.
    private static func start(of before: ArraySlice<UInt8>, _ ending: ArraySlice<UInt8>) -> Int? {
        let digits = before.reversed().prefix(10).prefix(while: \.isDigit).count
        if ending.elementsEqual(".dat".utf8) { return digits > 0 ? before.endIndex - digits : nil }
        guard ending.elementsEqual(".toc".utf8) else { return nil }
        let stem = before.dropLast(digits)
        let word = Array((digits > 0 ? "blobs_" : "blobs").utf8)
        return stem.suffix(word.count).elementsEqual(word) ? stem.endIndex - word.count : nil
    }

    /// The second word of each line; the last line may be cut off.
    private static func blobs(_ toc: [UInt8]) -> [Bytes] {
        toc.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().compactMap { line in
            let words = line.split(separator: 0x20)
            return words.count == 2 && words[1].starts(with: "blob_".utf8) ? Bytes(words[1]) : nil
        }
    }
}
