import Model

/// What its writer renames or writes over at each run: `db.sql.gz.1`, `db-Mon.sql`, `backup.0/`, `db.sql.old`. The
/// name says nothing of the time, and next time it is another backup's. Listed and never touched.
///
/// An entry without a date is left alone in any case; so it is called rotated only where the name or its neighbours
/// make it sure enough, and otherwise merely undated.
struct RotatedByName: Recogniser {
    let name = "rotated by name"
    let timeFrom: DirectoryReading.TimeSource

    func claim(in listing: inout Listing) {
        // A date in the name wins; by mtime nobody has looked for one yet.
        let open = listing.entries.indices.filter { index in
            listing.isOpen(index)
                && (timeFrom == .name || !listing.parser.read(listing.entries[index].finalName).isTime)
        }
        guard !open.isEmpty else { return }
        numbered(open, &listing)
        weekdays(open, &listing)
        // By mtime `host-01.tar` to `host-12.tar` are backups, and rather hosts than days.
        if timeFrom == .name { daysOfMonth(open, &listing) }
        setAside(open, &listing)
    }

    // MARK: db.sql.gz.1, db.sql.1.gz, backup.0/

    private func numbered(_ open: [Int], _ listing: inout Listing) {
        var groups: [Shape: [(index: Int, number: Int)]] = [:]
        for index in open {
            let entry = listing.entries[index]
            let isDirectory = entry.isDirectory
            guard let (shape, number) = Shape.numbered(entry.finalName, isDirectory: isDirectory) else { continue }
            groups[shape, default: []].append((index, number))
        }
        for (shape, members) in groups {
            // A directory is looked into otherwise, and may hold dated backups: only `X.0` and `X.1` make it sure.
            let isSure =
                shape.isDirectory
                ? Set(members.map(\.number)).isSuperset(of: [0, 1])
                : shape.hasExtension || members.count > 1 || listing.index(of: shape.whole) != nil
            guard isSure else { continue }
            for member in members { listing.leave(member.index, "\(name): its writer renumbers it at each run") }
        }
    }

    /// A name without the number of its rotation.
    private struct Shape: Hashable {
        var head: Bytes
        var tail: Bytes
        var isDirectory: Bool

        /// The one without a number, that the numbered ones once were.
        var whole: Bytes { head + tail }
        /// `db.sql.1`: a number behind an ending is no part of the ending.
        var hasExtension: Bool { head.storage.dropFirst().contains(UInt8(ascii: ".")) }

        static func numbered(_ name: Bytes, isDirectory: Bool) -> (Shape, Int)? {
            guard let dot = name.storage.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
            var (head, number) = (name.storage[..<dot], name.storage[(dot + 1)...])
            var tail = Bytes()
            if !isDirectory, packers.contains(Bytes(number)) {
                guard let before = head.lastIndex(of: UInt8(ascii: ".")), before > 0 else { return nil }
                tail = Bytes(name.storage[dot...])
                (head, number) = (head[..<before], head[(before + 1)...])
            }
            // `.001` is a slice of something larger, and `.1000` a number of its own.
            guard (1...3).contains(number.count), number.allSatisfy(\.isDigit),
                number.count == 1 || number.first != UInt8(ascii: "0")
            else { return nil }
            let value = number.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            return (Shape(head: Bytes(head), tail: tail, isDirectory: isDirectory), value)
        }
    }

    private static let packers: Set<Bytes> = ["gz", "bz2", "xz", "zst", "lz4", "Z", "gpg", "age"]

    // MARK: db-Mon.sql, db_monday.tar.gz

    private func weekdays(_ open: [Int], _ listing: inout Listing) {
        var groups: [Bytes: [(index: Int, isWhole: Bool, day: Int)]] = [:]
        for index in open where listing.entries[index].isFile && listing.isOpen(index) {
            let name = listing.entries[index].finalName
            guard let (range, day, isWhole) = Self.weekday(name.storage) else { continue }
            groups[SeriesKey.pattern(name.storage, without: CollectionOfOne(range)), default: []].append(
                (index, isWhole, day))
        }
        for members in groups.values {
            // `sun` and `mon` mean other things too: another day of the same name makes it sure.
            let isSure = Set(members.map(\.day)).count > 1
            for member in members where isSure || member.isWhole {
                listing.leave(member.index, "\(name): its writer writes over it each week")
            }
        }
    }

    private static let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    /// The first word of the name that is a weekday.
    private static func weekday(_ name: [UInt8]) -> (range: Range<Int>, day: Int, isWhole: Bool)? {
        var at = 0
        while at < name.count {
            guard name[at].isLetter else {
                at += 1
                continue
            }
            let end = name[at...].firstIndex { !$0.isLetter } ?? name.count
            if (3...9).contains(end - at) {
                let word = String(decoding: name[at..<end], as: UTF8.self).lowercased()
                if let day = days.firstIndex(where: { $0 == word || $0.prefix(3) == word }) {
                    return (at..<end, day, word == days[day])
                }
            }
            at = end
        }
        return nil
    }

    // MARK: dump-01.sql to dump-31.sql

    private func daysOfMonth(_ open: [Int], _ listing: inout Listing) {
        var groups: [Bytes: [(index: Int, day: Int)]] = [:]
        for index in open where listing.entries[index].isFile && listing.isOpen(index) {
            let name = listing.entries[index].finalName
            guard let (range, number) = Self.twoDigits(name.storage) else { continue }
            groups[SeriesKey.pattern(name.storage, without: CollectionOfOne(range)), default: []].append(
                (index, number))
        }
        // A week of them, and none that no month has.
        for members in groups.values where members.count >= 7 && members.allSatisfy({ (1...31).contains($0.day) }) {
            for member in members { listing.leave(member.index, "\(name): its writer writes over it each month") }
        }
    }

    /// The only number of the name, where it has two digits.
    private static func twoDigits(_ name: [UInt8]) -> (range: Range<Int>, number: Int)? {
        guard let start = name.firstIndex(where: \.isDigit) else { return nil }
        let end = name[start...].firstIndex { !$0.isDigit } ?? name.count
        guard end - start == 2, !name[end...].contains(where: \.isDigit) else { return nil }
        return (start..<end, Int(name[start] - 0x30) * 10 + Int(name[start + 1] - 0x30))
    }

    // MARK: db.sql.old beside db.sql

    private func setAside(_ open: [Int], _ listing: inout Listing) {
        for index in open where listing.entries[index].isFile && listing.isOpen(index) {
            let name = listing.entries[index].finalName
            guard let ending = Self.oldEndings.first(where: { name.hasSuffix($0) && name.count > $0.count }),
                listing.index(of: name.dropLast(ending.count)) != nil
            else { continue }
            listing.leave(index, "\(self.name): its writer replaces it at each run")
        }
    }

    private static let oldEndings: [Bytes] = [".old", ".bak", ".prev", "~"]
}
