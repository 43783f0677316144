internal import Model

/// Db2: `SHOP.0.db2inst1.DBPART000.20261123010000.001`. The digit is 0 for a database, 3 for a table space and 4 for
/// a copy that a load made; whether the image is a full, an incremental or a delta one is in no name, and where the
/// header says it is not documented (`db2ckbkp -h` shows it). An image taken for a full one could be the base of
/// others, or stand on others: all are left alone. (Names from IBM's documentation; before 9.7 `NODE0000.CATN0000`.)
struct Db2: Layout {
    let guide = LayoutGuide(
        tool: "Db2", names: "SHOP.0.db2inst1.DBPART000.20261123010000.001",
        kind: "not in the name: left alone", chain: "not in the name",
        prunes: "Db2: `db2 prune history … and delete`; Reprieve where the configuration says that all are full ones")

    var signs: [Bytes] { [".DBPART", ".NODE"] }

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.entries[index].name.storage.last?.isDigit == true {
            guard listing.isCandidate(index), listing.entries[index].isFile, Self.isImage(listing.entries[index].name)
            else { continue }
            listing.leave(
                index,
                "the name of a Db2 image does not say whether it is incremental; where all are full ones, "
                    + "read them with a match of your own")
        }
    }

    private static func isImage(_ name: Bytes) -> Bool {
        var tail = NameTail(name)
        guard tail.digits(3...3) != nil, tail.drop("."), let stamp = tail.digits(14...14),
            CivilTime(digits: tail.bytes[stamp]) != nil, tail.drop(".")
        else { return false }
        let words = tail.rest.split(separator: UInt8(ascii: "."), maxSplits: 5, omittingEmptySubsequences: false)
        guard words.count == 4 || words.count == 5, (1...8).contains(words[0].count), words[1].count == 1,
            words[1].allSatisfy(\.isDigit)
        else { return false }
        return words[3].starts(with: (words.count == 4 ? "DBPART" : "NODE").utf8)
    }
}
