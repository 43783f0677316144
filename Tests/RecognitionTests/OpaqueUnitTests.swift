import Disk
import Foundation
import Model
import Recognition
import Support
import Testing

@Suite("opaque units")
struct OpaqueUnitTests {
    @Test(
        "an Elasticsearch or OpenSearch repository, at any stage of its life",
        arguments: [
            (
                [
                    "index-12", "index.latest", "indices/", "snap-xPS4eJ0lQ5uB0FyQOAGhvg.dat",
                    "meta-xPS4eJ0lQ5uB0FyQOAGhvg.dat",
                ], true
            ),
            (["index-0", "indices/", "meta-x_S4eJ0lQ5uB0FyQO-Ghvg.dat"], true),
            (["index-3", "index.latest"], true),  // every snapshot is deleted
            (["indices/", "snap-xPS4eJ0lQ5uB0FyQOAGhvg.dat"], true),  // the first one runs
            (["index-2026.tar", "indices/"], false),
            (["indices/"], false),
            (["index-5", "snap-2026-11-23.dat"], false),
            (["index.12", "hints.12", "data/", "config", "README"], false),  // borg
        ] as [([Bytes], Bool)])
    func elasticsearch(names: [Bytes], isOne: Bool) {
        let tools = Layouts.ofPlaces.compactMap { $0.place(place(names))?.tool }
        #expect(tools.contains("Elasticsearch repository") == isOne)
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
        let kinds = Set(names.compactMap { Dar.slice($0)?.base }.map { Dar.kind(ofBase: $0) })
        #expect(kinds == [.differential, .full, .decremental])
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
            ("data-2026-11-23", "btrfs subvolume", "btrfs subvolume delete /v/data-2026-11-23"),
            ("it's", "btrfs subvolume", "btrfs subvolume delete '/v/it'\\''s'"),
            ("12/snapshot", "btrfs subvolume", "btrfs subvolume delete /v/12/snapshot"),
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
        #expect(SkippedEntry.Why.managed(tool: "restic", prune: "").text == "restic repository")
        #expect(SkippedEntry.Why.managed(tool: "snapper snapshot", prune: "").text == "snapper snapshot")
    }
}
