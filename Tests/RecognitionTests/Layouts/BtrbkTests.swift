import Model
import Recognition
import Testing

/// Names and `.info` files of btrbk 0.32; the old names from its documentation before 0.27.
@Suite("btrbk with a raw target")
struct BtrbkTests {
    private static let own = "f8aeb0e0-c427-2047-bd80-7f4f22caaa8d"
    private static let parent = "36d5975d-e998-3f49-ba78-0115d479cce1"

    @Test("a stream and its .info are one backup; compression is no part of the series")
    func names() throws {
        let reading = read([
            "home.20261123T0100.btrfs.gz", "home.20261123T0100.btrfs.gz.info", "home.20261124T0100_1.btrfs.zst.gpg",
            "home.20261124T0100_1.btrfs.zst.gpg.info", "home.20261125.btrfs", "home.20261125.btrfs.info",
            "home.20261126T010000+0100.btrfs", "home.20261126T010000+0100.btrfs.info",
        ])
        #expect(reading.units.count == 4 && reading.skippedEntries.isEmpty)
        #expect(Set(reading.units.map(\.series)) == ["d/home.*.btrfs"])
        #expect(reading.unit("home.20261123T0100.btrfs.gz")?.sideFiles == ["home.20261123T0100.btrfs.gz.info"])
        #expect(
            reading.unit("home.20261126T010000+0100.btrfs")?.time == Timestamp(seconds: 1_795_651_200))
    }

    @Test("a split stream is a set")
    func split() {
        let whole: Bytes = "home.20261123T0100.btrfs.gz"
        let reading = read([whole + ".info", whole + ".split_aa", whole + ".split_ab", whole + ".split_ac"])
        #expect(reading.units.map(\.name) == [whole + ".split_aa"] && reading.units.first?.sideFiles.count == 3)
        #expect(
            read([whole + ".info", whole + ".split_aa", whole + ".split_ac"]).units.first?.contents.outcome == .lacking)
    }

    @Test("a stream that btrbk does not know beside one that it knows, and an .info alone, are left alone")
    func without() {
        let known: [Bytes] = ["home.20261123T0100.btrfs", "home.20261123T0100.btrfs.info"]
        let reading = read(known + ["home.20261124T0100.btrfs", "home.20261125T0100.btrfs.info"])
        #expect(reading.units.count == 1)
        #expect(reading.why("home.20261124T0100.btrfs")?.contains(".info") == true)
        #expect(reading.why("home.20261125T0100.btrfs.info") != nil)
    }

    @Test("UUIDs in the names of old versions")
    func old() {
        let reading = read([
            "home.20261122T0100--\(Self.parent).btrfs.gz", "home.20261123T0100--\(Self.own)@\(Self.parent).btrfs.gz",
        ])
        let inc = reading.units.first { $0.kind == .incremental }
        #expect(reading.units.count == 2 && Set(reading.units.map(\.series)) == ["d/home.*.btrfs"])
        #expect(inc?.contents.needs == [.exactly(Token("uuid", Self.parent))])
        #expect(inc?.contents.provides == [Token("uuid", Self.own)])
    }

    private func said(_ info: String) -> Contents? {
        let name: Bytes = "home.20261127T0100.btrfs.gz"
        return Layouts.read(MadeContents.file(name, beside: [name + ".info": info]))
    }

    @Test("the last INCOMPLETE counts, and what it was sent relative to")
    func info() throws {
        let head = "#btrbk-v0.32.5\n#t=1\nTYPE=raw\nFILE=x\nRECEIVED_UUID=\(Self.own.uppercased())\n"
        let full = try #require(said(head + "compress=gz\nINCOMPLETE=1\n#t=1\nINCOMPLETE=0\n"))
        #expect(full.kind == .full && full.outcome == .finished && full.provides == [Token("uuid", Self.own)])
        let inc = try #require(said(head + "RECEIVED_PARENT_UUID=\(Self.parent)\nINCOMPLETE=1\n"))
        #expect(inc.kind == .incremental && inc.outcome == .failed)
        #expect(inc.needs == [.exactly(Token("uuid", Self.parent))])
        #expect(said(head + "RECEIVED_PARENT_UUID=-\nINCOMPLETE=0\n")?.kind == .full)
    }

    @Test("a shell whose echo knows no options writes them into the file")
    func echo() {
        let info = "-e -n TYPE=raw\nRECEIVED_UUID=\(Self.own)\nINCOMPLETE=1\n-e -n INCOMPLETE=0\n"
        #expect(said(info)?.outcome == .finished)
    }

    @Test(
        "nonsense is not a guess",
        arguments: [
            "", "\0", "TYPE=raw", "TYPE=raw\nRECEIVED_UUID=x", "RECEIVED_UUID=f8aeb0e0-c427-2047-bd80-7f4f22caaa8d",
            "TYPE=raw\nRECEIVED_UUID=f8aeb0e0-c427-2047-bd80-7f4f22caaa8d\nRECEIVED_PARENT_UUID=36d5",
        ])
    func nonsense(info: String) {
        #expect(said(info)?.outcome == .unread)
    }

    @Test(
        "names that are not btrbk's",
        arguments: [
            ".btrfs", "home.btrfs", ".20261123.btrfs", "home.20261323.btrfs", "home.20261123T01.btrfs",
            "home.20261123T0100--x.btrfs", "home.20261123T0100_.btrfs", "home.20261123T010000+01.btrfs", ".info",
            "home.20261123T0100.btrfs.split_", ".split_aa", "home.20261123T0100__1.btrfs",
        ] as [Bytes])
    func others(name: Bytes) {
        #expect(read([name, name + ".info"]).units.allSatisfy { $0.recogniser != "btrbk" })
    }
}
