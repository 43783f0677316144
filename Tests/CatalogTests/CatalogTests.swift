import Catalog
import Disk
import Foundation
import Model
import Recognition
import Support
import Survey
import Testing

@Suite("a catalog that follows")
struct CatalogTests {
    private let vault = VaultID(text: "v")
    private let digest = PlaceDigest(high: 1, low: 2)

    private func catalog(_ scratch: Scratch) throws -> Catalog {
        try Catalog(path: scratch.url.appending(path: "catalog.sqlite").path)
    }

    private func backup(_ path: Bytes, _ n: Int, endMark: EndMark = .none) -> Backup {
        let member = Backup.Member(
            path: path, object: ObjectID(text: "o\(n)"), inode: UInt64(n), isDirectory: false, size: 1,
            mtime: Timestamp(seconds: 1), ctime: Timestamp(seconds: 1))
        var backup = Backup(
            id: BackupID(object: UInt64(n)), vault: vault, series: "s", members: [member],
            time: Timestamp(seconds: Int64(n)), timeSource: .name, condition: .complete, note: "", size: 1,
            allocated: 1, mode: 0, uid: 0, gid: 0, observedSince: Timestamp(seconds: 1), changedBoot: 0,
            changedBootID: "b")
        backup.endMark = endMark
        return backup
    }

    private func look(_ place: Bytes, known: [Backup] = [], _ backups: [Backup], inside: [Bytes] = []) -> Catalog.Look {
        Catalog.Look(
            place: place, known: known, backups: backups, skippedEntries: [], inside: inside, digest: digest)
    }

    @Test("what is as it was is not written again")
    func unchanged() throws {
        let scratch = try Scratch()
        let catalog = try catalog(scratch)
        let backups = (0..<2500).map { backup(Bytes("d/f\($0)"), $0) }
        let first = try catalog.record(vault: vault, [look("", [], inside: ["d"]), look("d", backups)])
        #expect(first.appeared.count == 2500 && first.completed.isEmpty && first.newlyComplete == 2500)
        try catalog.vaults.recordIndexed(vault: vault, readAs: "a")
        let written = try catalog.written()
        let known = try catalog.present(vault: vault, place: "d")
        #expect(Set(known) == Set(backups))
        _ = try catalog.record(vault: vault, [look("", [], inside: ["d"]), look("d", known: known, backups)])
        try catalog.vaults.recordIndexed(vault: vault, readAs: "a")
        try catalog.vaults.setUnreconciled(vault: vault, nil)
        #expect(try catalog.written() == written)
        #expect(try catalog.places.digests(vault: vault, readAs: "a") == ["": digest, "d": digest])
        // Names are read in another way: nothing is as it was.
        #expect(try catalog.places.digests(vault: vault, readAs: "b") == ["": nil, "d": nil])
    }

    @Test("a place that is gone takes its backups along, and its parent has to be read again")
    func forgotten() throws {
        let scratch = try Scratch()
        let catalog = try catalog(scratch)
        let backups = (0..<1200).map { backup(Bytes("d/f\($0)"), $0) }
        _ = try catalog.record(vault: vault, [look("", [], inside: ["d"]), look("d", backups, inside: ["d/e"])])
        try catalog.vaults.recordIndexed(vault: vault, readAs: "a")
        #expect(try catalog.places.gone(vault: vault, ["": []]) == ["d", "d/e"])
        #expect(try catalog.places.gone(vault: vault, ["": ["d"]]).isEmpty)
        #expect(try catalog.places.forget(vault: vault, places: ["d", "d/e"]).count == 1200)
        #expect(try catalog.present(vault: vault).isEmpty)
        #expect(try catalog.places.digests(vault: vault, readAs: "a") == ["": nil])
    }

    @Test("a row that another process changed meanwhile stays, and its place has to be read again")
    func contested() throws {
        let scratch = try Scratch()
        let catalog = try catalog(scratch)
        let old = backup("d/f", 1)
        _ = try catalog.record(vault: vault, [look("d", [old])])
        try catalog.vaults.recordIndexed(vault: vault, readAs: "a")
        var theirs = old
        theirs.note = "theirs"
        _ = try catalog.record(vault: vault, [look("d", known: [old], [theirs])])
        var ours = old
        ours.note = "ours"
        _ = try catalog.record(vault: vault, [look("d", known: [old], [ours])])
        #expect(try catalog.present(vault: vault) == [theirs])
        #expect(try catalog.places.digests(vault: vault, readAs: "a") == ["d": nil])
        // And one that they removed: it is not brought back by an older look.
        _ = try catalog.record(vault: vault, [look("d", known: [theirs], [])])
        _ = try catalog.record(vault: vault, [look("d", known: [theirs], [ours])])
        #expect(try catalog.present(vault: vault).isEmpty)
    }

    @Test("the first sign of a series makes later ones without it incomplete, also in other places")
    func signs() throws {
        let scratch = try Scratch()
        let catalog = try catalog(scratch)
        let time = Timestamp(seconds: 1000)
        func signed(_ path: Bytes, _ n: Int, _ days: Int64, _ signs: [String]) -> Backup {
            var backup = backup(path, n)
            backup.time = time.adding(seconds: days * 86_400)
            backup.contents = Contents(tool: "t")
            backup.contents?.signs = signs
            return backup
        }
        _ = try catalog.record(
            vault: vault, [look("d", [signed("d/0", 0, 0, []), signed("d/2", 2, 2, []), signed("d/3", 3, 3, ["OK"])])])
        #expect(try catalog.present(vault: vault).allSatisfy(\.isComplete))
        // What is older than the first that shows it is as its writer made it then.
        _ = try catalog.record(vault: vault, [look("e", [signed("e/1", 1, 1, ["OK"])])])
        let conditions = try catalog.present(vault: vault).map { ($0.path, $0.condition) }.sorted { $0.0 < $1.0 }
        #expect(conditions.map(\.1) == [.complete, .incomplete, .complete, .complete])
        #expect(try catalog.signs(vault: vault) == ["s": ["OK": time.adding(seconds: 86_400)]])
    }

    @Test("a footer that others of the series have is only said to be missing: options may have changed")
    func footers() throws {
        let scratch = try Scratch()
        let catalog = try catalog(scratch)
        var later = backup("d/1", 1, endMark: .footerAbsent)
        later.time = Timestamp(seconds: 2_000_000_000)
        _ = try catalog.record(vault: vault, [look("d", [later])])
        _ = try catalog.record(vault: vault, [look("e", [backup("e/2", 2, endMark: .footerShown)])])
        let found = try catalog.present(vault: vault).sorted { $0.path < $1.path }
        #expect(found.map(\.condition) == [.complete, .complete])
        #expect(found[0].note == Backup.footerAbsentNote)
    }

    @Test("a condemned backup's row goes into its batch as it is; without one of its object it is written anew")
    func condemned() throws {
        let scratch = try Scratch()
        let catalog = try catalog(scratch)
        var backups = (0..<3).map { backup(Bytes("d/f\($0)"), $0) }
        backups[0].note = "as it is"
        _ = try catalog.record(vault: vault, [look("", [], inside: ["d"]), look("d", backups)])
        // Another object came to its name meanwhile, and the catalog knows it already; the third is not known at all.
        _ = try catalog.record(vault: vault, [look("d", known: backups, [backups[0], backup("d/f1", 9)])])
        let condemned = backups.map { backup in
            var backup = backup
            backup.state = .trashed
            backup.trashed = .init(
                batch: "b1", condemnedAt: Timestamp(seconds: 7), earliestPurge: Timestamp(seconds: 8))
            return backup
        }
        try catalog.recordCondemned(condemned)
        #expect(Set(try catalog.trashed(vault: vault)) == Set(condemned))
        #expect(try catalog.present(vault: vault) == [])
        // Again: as after a crash behind the record.
        try catalog.recordCondemned(condemned)
        #expect(Set(try catalog.trashed(vault: vault)) == Set(condemned))
    }

    @Test("what moved from one place to another has not vanished")
    func moved() throws {
        let scratch = try Scratch()
        let catalog = try catalog(scratch)
        let old = backup("d/f", 1)
        _ = try catalog.record(vault: vault, [look("d", [old])])
        var changes = try catalog.record(
            vault: vault, [look("d", known: [old], []), look("e", [backup("e/f", 1)])])
        changes.mergeMoves()
        #expect(changes.vanished.isEmpty && changes.places == ["e"])
    }
}
