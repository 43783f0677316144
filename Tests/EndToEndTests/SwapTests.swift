import Foundation
import Testing

/// Somebody swaps a name of the path while a command is between two system calls: for a link that leads out of the
/// vault, for another directory, for another file. Nothing outside is touched, nothing is lost, and the command says
/// so.
///
/// In CI at every k-th call, the swaps in turn; with `REPRIEVE_TESTS=all` at every call.
@Suite(
    "swapped under a deed",
    .enabled(if: Tracing.isPossible && Disk.canMount, "SKIPPED: needs root, and a strace that may trace"))
struct SwapTests {
    private static let deeds = ["renameat2", "renameat", "mkdirat", "unlinkat", "linkat"]
    private static let looks = ["openat2", "statx", "name_to_handle_at", "getdents64"]

    private func sweep(
        _ name: String, _ stage: ManyVaults.Stage, _ swaps: [Swap],
        _ command: (CLIFixture, ManyVaults.OneOfMany) throws -> [String]
    ) throws {
        let (every, everyLook) = CLIFixture.isLongForm ? (1, 1) : (6, 64)
        let terrace = try ManyVaults(.ext4, stage, atOnce: CLIFixture.isLongForm ? 40 : 12)
        let house = terrace.house
        let log = house.root.appending(path: "calls")
        let first = try terrace.next()
        _ = try house.run(try command(house, first), under: Tracing.recording(Self.deeds + Self.looks, log))
        let all = try Tracing.points(in: log, isChanging: false)
        let deeds = all.filter { Self.deeds.contains($0.call) }
        let looks = all.filter { Self.looks.contains($0.call) }
        #expect(deeds.count > 5 && looks.count > 50, "\(all)")
        let points =
            deeds.indices.filter { $0 % every == 0 }.map { deeds[$0] }
            + looks.indices.filter { $0 % everyLook == everyLook / 2 }.map { looks[$0] }
        var done: [String: Int] = [:]
        for point in points {
            let plot = try terrace.next()
            let scene = try Scene(plot)
            let words = try command(house, plot)
            let stopped = try StoppedCommand(house, words, at: point)
            var swap: Swap?
            if stopped.isStopped {
                // Each as often as the others, where there is something of the name.
                swap = swaps.sorted { done[$0.name, default: 0] < done[$1.name, default: 0] }.first { $0.apply(scene) }
            }
            let what = "\(name) at \(point), \(swap?.name ?? "nothing") swapped"
            done[swap?.name ?? "not reached", default: 0] += 1
            try expectUnharmed(scene, stage, try stopped.goOn(), what)
            // Put right again, the next run finds all of it.
            scene.putBack()
            try expectUnharmed(scene, stage, try house.run(words), what + ", and put back")
            try expectUnharmed(scene, stage, try house.run("cleanup", plot.label), what + ", and cleaned up")
        }
        print("\(name): \(deeds.count) deeds, every \(every); \(looks.count) looks, every \(everyLook): \(done)")
    }

    private func expectUnharmed(
        _ scene: Scene, _ stage: ManyVaults.Stage, _ outcome: CLIFixture.Outcome, _ what: String
    )
        throws
    {
        let said = "\(what): \(outcome.status) \(outcome.out)\(outcome.error)"
        let isTold = !outcome.error.isEmpty || ["frozen", "FAILED", "stays: "].contains(where: outcome.out.contains)
        #expect(outcome.status == 0 || outcome.status > 0 && isTold, "\(said)")
        #expect(try ContentRecord.whole(scene.outside) == scene.canary, "outside was touched: \(said)")
        scene.plot.ledger.expectWhole(
            in: [scene.plot.root, scene.aside], going: ManyVaults.going,
            mayBeGone: stage == .due ? ManyVaults.going : [],
            said)
        // What came in at a name was judged by nobody.
        for (content, path) in scene.mismatches {
            let found = [scene.plot.root, scene.aside, scene.intruders].flatMap(ContentRecord.files(below:))
                .filter { $0.1 == content }.map(\.0)
            #expect(found.count == 1, "\(path), which was put there, is at \(found): \(said)")
            #expect(!found.contains { $0.contains(".purging-") }, "\(path) is being purged: \(said)")
        }
    }

    @Test("condemning", .timeLimit(.minutes(60)))
    func condemn() throws {
        try sweep(
            "condemn", .planned, [.place, .placeByAnother, .file, .rotated, .directory, .batch, .files, .trash, .vault]
        ) {
            _, plot in ["cleanup", plot.label, "--approve"]
        }
    }

    @Test("restoring", .timeLimit(.minutes(60)))
    func restore() throws {
        try sweep("restore", .condemned, [.place, .placeByAnother, .item, .batch, .files, .trash, .vault]) {
            _, plot in ["restore"] + plot.ids.values.sorted()
        }
    }

    @Test("purging", .timeLimit(.minutes(60)))
    func purge() throws {
        try sweep("purge", .due, [.purging, .below, .item, .batch, .files, .place, .trash, .vault]) {
            _, plot in ["purge", plot.label]
        }
    }
}

/// One vault, what lies outside of it and must never be touched, and where a swap puts what it takes away.
private final class Scene {
    let plot: ManyVaults.OneOfMany
    /// Named as in the vault, so that a path which leads here finds something.
    let outside: URL
    let aside: URL
    /// Content and path of files that a swap puts into the vault.
    let intruders: URL
    private(set) var mismatches: [String: String] = [:]
    private(set) var canary: Set<String> = []
    private var undo: [() -> Void] = []

    init(_ plot: ManyVaults.OneOfMany) throws {
        self.plot = plot
        outside = plot.beside("outside")
        aside = plot.beside("aside")
        intruders = plot.beside("intruders")
        try FileManager.default.createDirectory(at: aside, withIntermediateDirectories: true)
        let names = plot.ledger.paths.values
        for name in names.flatMap({ [$0, "files/" + $0, "trash/" + $0] }) + ["trash/.lock", "trash/marks.json"] {
            try write(outside.appending(path: name), "canary \(name)")
        }
        for name in names {
            try write(intruders.appending(path: name), "intruder \(name)")
            mismatches["intruder \(name)"] = name
        }
        canary = try ContentRecord.whole(outside)
    }

    private func write(_ url: URL, _ text: String) throws {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// Takes a name away, and puts a link to `target` or another entry there. `false`: there is nothing of that name.
    func swap(_ place: URL?, forLinkTo target: URL) -> Bool {
        guard let place, take(place) else { return false }
        symlink(target.path, place.path)
        undo.append { unlink(place.path) }
        return true
    }

    func swap(_ place: URL?, for intruder: URL) -> Bool {
        guard let place, take(place) else { return false }
        Foundation.rename(intruder.path, place.path)
        undo.append { Foundation.rename(place.path, intruder.path) }
        return true
    }

    /// One after the other, where the first of them can be.
    func rename(_ names: [(from: String, to: String)]) -> Bool {
        for (n, name) in names.enumerated() {
            guard Foundation.rename(name.from, name.to) == 0 else { return n > 0 }
            undo.append { _ = Foundation.rename(name.to, name.from) }
        }
        return true
    }

    private func take(_ place: URL) -> Bool {
        let kept = aside.appending(path: "taken")
        guard Foundation.rename(place.path, kept.path) == 0 else { return false }
        undo.append { Foundation.rename(kept.path, place.path) }
        return true
    }

    func putBack() {
        for step in undo.reversed() { step() }
        undo = []
    }

    /// The `.purging-*` that stands now.
    var purging: URL? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: plot.trash.path)) ?? []
        return names.filter { $0.hasPrefix(".purging-") }.min().map { plot.trash.appending(path: $0) }
    }
}

/// One way to swap a name.
private struct Swap: Sendable {
    let name: String
    let apply: @Sendable (Scene) -> Bool

    private static let filePath = "app/orders-\(CLIFixture.day(1)).dump"
    private static let treePath = "web/site-\(CLIFixture.day(1))"

    static let place = Swap(name: "a directory for a link") {
        $0.swap($0.plot.root.appending(path: "app"), forLinkTo: $0.outside.appending(path: "app"))
    }
    static let placeByAnother = Swap(name: "a directory for another") {
        $0.swap($0.plot.root.appending(path: "app"), for: $0.intruders.appending(path: "app"))
    }
    static let file = Swap(name: "a backup for another file") {
        $0.swap($0.plot.root.appending(path: filePath), for: $0.intruders.appending(path: filePath))
    }
    static let rotated = Swap(name: "names rotated") { scene in
        func path(_ day: Int) -> String {
            scene.plot.root.appending(path: "app/orders-\(CLIFixture.day(day)).dump").path
        }
        return scene.rename((0...2).map { (path($0 + 1), path($0)) })
    }
    static let directory = Swap(name: "a backup for a link") {
        $0.swap($0.plot.root.appending(path: treePath), forLinkTo: $0.outside.appending(path: treePath))
    }
    static let batch = Swap(name: "a batch for a link") { $0.swap($0.plot.batch, forLinkTo: $0.outside) }
    static let files = Swap(name: "a batch's directory for a link") {
        $0.swap($0.plot.batch?.appending(path: "files/app"), forLinkTo: $0.outside.appending(path: "app"))
    }
    static let item = Swap(name: "an item for another file") {
        $0.swap($0.plot.batch?.appending(path: "files/" + filePath), for: $0.intruders.appending(path: filePath))
    }
    static let trash = Swap(name: "the trash for a link") {
        $0.swap($0.plot.trash, forLinkTo: $0.outside.appending(path: "trash"))
    }
    static let vault = Swap(name: "the vault for a link") { $0.swap($0.plot.root, forLinkTo: $0.outside) }
    static let purging = Swap(name: ".purging-* for a link") { $0.swap($0.purging, forLinkTo: $0.outside) }
    static let below = Swap(name: "a directory in .purging-* for a link") { scene in
        guard let top = scene.purging else { return false }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: top.path)) ?? []
        return names.contains { name in
            scene.swap(
                top.appending(path: name + "/deep"), forLinkTo: scene.outside.appending(path: treePath + "/deep"))
        }
    }
}
