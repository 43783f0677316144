import Disk
import Foundation
import Model
import Recognition
import Testing

@Suite("opaque units")
struct OpaqueUnitTests {
    @Test(
        "an Elasticsearch or OpenSearch repository, at any stage of its life",
        arguments: [
            (
                [
                    "index-12", "index.latest", "indices", "snap-xPS4eJ0lQ5uB0FyQOAGhvg.dat",
                    "meta-xPS4eJ0lQ5uB0FyQOAGhvg.dat",
                ], true
            ),
            (["index-0", "indices", "meta-x_S4eJ0lQ5uB0FyQO-Ghvg.dat"], true),
            (["index-3", "index.latest"], true),  // every snapshot is deleted
            (["indices", "snap-xPS4eJ0lQ5uB0FyQOAGhvg.dat"], true),  // the first one runs
            (["index-2026.tar", "indices"], false),
            (["indices"], false),
            (["index-5", "snap-2026-11-23.dat"], false),
            (["index.12", "hints.12", "data", "config", "README"], false),  // borg
        ] as [(Set<Bytes>, Bool)])
    func elasticsearch(names: Set<Bytes>, isOne: Bool) {
        #expect(ElasticsearchRepository.isOne(names) == isOne)
        #expect((Repositories.tool(ofDirectoryWith: names) == ElasticsearchRepository.tool) == isOne)
    }

    @Test(
        "slices of dar",
        arguments: [
            ("app-2026-11-23.1.dar", "app-2026-11-23", 1), ("app.0012.dar", "app", 12), ("a.b.3.dar", "a.b", 3),
            ("app.dar", nil, 0), (".1.dar", nil, 0), ("app.1.dar.md5", nil, 0), ("app.x1.dar", nil, 0),
        ] as [(Bytes, Bytes?, UInt64)])
    func slices(name: Bytes, base: Bytes?, number: UInt64) {
        let found = DarArchive.slice(name)
        #expect(found?.base == base && (found?.number ?? 0) == number)
    }

    @Test(
        "what a dar archive is, as far as its name says",
        arguments: [
            ("media_FULL_2026-11-01", .full), ("media_DIFF_2026-11-08", .differential), ("app-inc-3", .incremental),
            ("app_decr_2026-11-01", .decremental), ("app-2026-11-01-decremental", .decremental),
            ("app-2026-11-01", .unsaid), ("fullhouse-2026-11-01", .unsaid), ("full-to-diff", .unsaid),
        ] as [(Bytes, DarArchive.Kind)])
    func kinds(base: Bytes, kind: DarArchive.Kind) {
        #expect(DarArchive.kind(ofBase: base) == kind)
    }

    @Test("one decremental archive, or one that does not say, makes every dar archive of its directory opaque")
    func chain() {
        let plain: [Bytes] = ["m_FULL_2026-11-01.1.dar", "m_FULL_2026-11-01.2.dar", "m_DIFF_2026-11-08.1.dar", "note"]
        #expect(DarArchive.opaque(among: plain).isEmpty)
        let found = DarArchive.opaque(among: plain + ["m_decr_2026-10-01.10.dar", "m_decr_2026-10-01.9.dar"])
        #expect(found.map(\.base) == ["m_DIFF_2026-11-08", "m_FULL_2026-11-01", "m_decr_2026-10-01"])
        #expect(found.last?.slices == ["m_decr_2026-10-01.9.dar", "m_decr_2026-10-01.10.dar"])
        #expect(DarArchive.opaque(among: plain + ["x.1.dar"]).count == 3)
    }

    @Test(
        "the real dar: nothing it says of an archive tells a decremental from a differential one", .enabled(if: hasDar))
    func realDar() throws {
        let scratch = try Scratch()
        let place = scratch.url.path
        try scratch.write("src/a", "same")
        try scratch.write("src/b", "old")
        let quiet = ["-q", "-Q"]
        try LoopDisk.run(["dar"] + quiet + ["-s", "1k", "-c", "old-full", "-R", "src"], in: place)
        try scratch.write("src/b", "newer")
        try LoopDisk.run(["dar"] + quiet + ["-c", "new-full", "-R", "src"], in: place)
        try LoopDisk.run(["dar"] + quiet + ["-c", "new-diff", "-A", "old-full", "-R", "src"], in: place)
        try LoopDisk.run(["dar"] + quiet + ["-+", "old-decr", "-A", "old-full", "-@", "new-full", "-ad"], in: place)
        let names = try scratch.open().entries().map(\.name)
        #expect(DarArchive.opaque(among: names).map(\.kind) == [.differential, .full, .decremental, .full])
        func header(_ archive: String) throws -> [Substring] {
            try LoopDisk.run(["dar", "-q", "-Q", "-l", archive], in: place).split(separator: "\n").filter {
                $0.contains("Archive version") || $0.contains("ncryption") || $0.contains("signed")
                    || $0.contains("comment")
            }
        }
        #expect(try !header("old-decr").isEmpty && header("old-decr") == header("new-diff"))
    }

    static let hasDar = FileManager.default.fileExists(atPath: "/usr/bin/dar")

    @Test(
        "whose snapshot a btrfs subvolume is, and what deletes it",
        arguments: [
            (".snapshots/12/snapshot", "snapper snapshot", "snapper delete 12"),
            ("home/.snapshots/7/snapshot", "snapper snapshot", "snapper delete 7"),
            (
                "timeshift-btrfs/snapshots/2026-11-23_01-00-01/@", "Timeshift snapshot",
                "timeshift --delete --snapshot 2026-11-23_01-00-01"
            ),
            ("data.20261123", "btrbk snapshot", "btrbk prune"),
            ("x/data.20261123T0100_1", "btrbk snapshot", "btrbk prune"),
            ("data.20261123T010000+0100", "btrbk snapshot", "btrbk prune"),
            ("data-2026-11-23", "btrfs subvolume", "btrfs subvolume delete '/v/data-2026-11-23'"),
            ("it's", "btrfs subvolume", "btrfs subvolume delete '/v/it'\\''s'"),
            ("12/snapshot", "btrfs subvolume", "btrfs subvolume delete '/v/12/snapshot'"),
        ] as [(Bytes, String, String)])
    func subvolumes(path: Bytes, name: String, prune: String) {
        let tool = BtrfsSubvolume.tool(at: path, below: "/v")
        #expect(tool.name == name && tool.prune == prune)
    }

    @Test("a vault that is snapper's directory itself")
    func snapperVault() {
        #expect(BtrfsSubvolume.tool(at: "3/snapshot", below: "/home/.snapshots").prune == "snapper delete 3")
    }

    @Test("an opaque unit says what it is in words")
    func text() {
        #expect(LeftAlone.Why.opaque(tool: "restic", prune: "").text == "restic repository")
        #expect(LeftAlone.Why.opaque(tool: "snapper snapshot", prune: "").text == "snapper snapshot")
    }
}
