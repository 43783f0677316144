import Foundation
import Testing

/// A manifest is in the vault, where others may write: whatever it says, nothing is purged by it but what we wrote down
/// ourselves, and nothing is written outside the vault.
@Suite("manifests of others", .enabled(if: Tracing.isPossible && Disk.canMount, "SKIPPED: needs root"))
struct ManifestTests {
    private static let dump = "app/orders-\(CLIFixture.day(1)).dump"
    private static let site = "web/site-\(CLIFixture.day(1))"

    /// What a path in a manifest may say, and what stands there or is made to.
    private static let paths: [(name: String, path: String)] = [
        ("out of the vault", "../../etc/cron.d/x"), ("out of the vault and beside it", "../PLOT-outside/x"),
        ("absolute", "/PLACE/PLOT-outside/x"), ("through a link", "out/x"), ("through a link to a file", "link"),
        ("into the trash", ".trash/.purging-x/y"), ("the trash", ".trash"), ("empty", ""), ("a dot", "."),
        ("dots", "app/../../PLOT-outside/x"), ("another item's", site),
        ("one that stays", "app/orders-\(CLIFixture.day(2)).dump"),
    ]

    /// The first item's path, everywhere where it stands.
    private static func edited(_ text: String, _ path: String) -> String {
        text.replacingOccurrences(of: "\"\(dump)\"", with: "\"\(path)\"")
    }

    @Test("an edited path: not purged, not restored, and with --trust-manifest still beneath the vault")
    func editedPaths() throws {
        let terrace = try ManyVaults(.ext4, .due, atOnce: Self.paths.count)
        let house = terrace.house
        for turn in 0..<(CLIFixture.isLongForm ? 2 : 1) {
            for (n, edit) in Self.paths.enumerated() {
                let isRaw = (n + turn) % 2 == 1
                let plot = try terrace.next()
                let outside = plot.beside("outside")
                try house.write(outside.appending(path: "canary"), "canary")
                symlink(outside.path, plot.root.path + "/out")
                symlink(outside.path + "/canary", plot.root.path + "/link")
                let path = edit.path.replacingOccurrences(of: "PLOT", with: plot.label)
                    .replacingOccurrences(of: "PLACE", with: String(terrace.disk.root.path.dropFirst()))
                try plot.edit { text in
                    guard isRaw else { return Data(Self.edited(text, path).utf8) }
                    // `path_raw` counts before `path`.
                    let raw = "\"\(Self.dump)\", \"path_raw\" : \"\(Data(path.utf8).base64EncodedString())\""
                    return Data(text.replacingOccurrences(of: "\"\(Self.dump)\"", with: raw).utf8)
                }
                try expectHarmless(house, plot, [outside], "\(edit.name), raw \(isRaw)")
            }
        }
        #expect(!FileManager.default.fileExists(atPath: "/etc/cron.d/x"))
    }

    /// Purge, restore, restore by force, and restore by a state that never saw the batch.
    private func expectHarmless(_ house: CLIFixture, _ plot: ManyVaults.OneOfMany, _ outside: [URL], _ what: String)
        throws
    {
        let beside = try outside.map(ContentRecord.whole)
        let neighbours = try Self.names(beside: plot)
        let batch = try #require(plot.batch?.lastPathComponent)
        func check(_ deed: String, _ outcome: CLIFixture.Outcome, mayBeBack: Bool) throws {
            let said = "\(what), \(deed): \(outcome.status) \(outcome.said)"
            #expect(outcome.status >= 0, "\(said)")
            #expect(try outside.map(ContentRecord.whole) == beside && Self.names(beside: plot) == neighbours, "\(said)")
            plot.ledger.expectWhole(in: [plot.root], going: ManyVaults.going, said)
            guard !mayBeBack else { return }
            for (name, places) in plot.ledger.places(in: [plot.root]) where ManyVaults.going.contains(name) {
                #expect(places.allSatisfy { $0.hasPrefix(".trash/2") }, "\(name) is at \(places): \(said)")
            }
        }
        try check("purge", try house.run("purge", plot.label), mayBeBack: false)
        let refused = try house.run("restore", batch)
        #expect(refused.status != 0 || refused.said.contains("nothing"), "\(what): \(refused.status) \(refused.said)")
        try check("restore", refused, mayBeBack: false)
        let mismatch = house.root.appending(path: "stranger").path
        try check(
            "restore by a stranger",
            try CLIFixture.launch([
                CLIFixture.binary.path, "restore", batch, "--config", house.config.path, "--state-dir", mismatch,
            ]), mayBeBack: true)
        try check("restore by force", try house.run("restore", batch, "--trust-manifest"), mayBeBack: true)
        try check("purge after it", try house.run("purge", plot.label), mayBeBack: true)
    }

    private static func names(beside plot: ManyVaults.OneOfMany) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: plot.root.deletingLastPathComponent().path))
    }

    @Test("a manifest that is cut off, emptied, of zeros, flipped in one bit, or another batch's: nothing is purged")
    func damaged() throws {
        let terrace = try ManyVaults(.ext4, .due, atOnce: 2)
        let house = terrace.house
        let (plot, other) = (try terrace.next(), try terrace.next())
        let whole = try plot.manifest()
        let mismatch = try other.manifest()
        var damages: [(name: String, data: Data)] = [
            ("cut in half", whole.prefix(whole.count / 2)), ("without its last byte", whole.dropLast()),
            ("empty", Data()), ("zeros", Data(count: whole.count)),
            ("zeros at its end", whole.dropLast(99) + Data(count: 99)),
            ("another's", mismatch), ("twice", whole + whole), ("a list", Data("[]".utf8)),
        ]
        // One bit of the first, the middle and the last byte of each class.
        let classes: [(String, (UInt8) -> Bool)] = [
            ("digit", { (0x30...0x39).contains($0) }), ("letter", { (0x61...0x7A).contains($0) }),
            ("quote", { $0 == 0x22 }), ("brace", { $0 == 0x7B || $0 == 0x7D }),
            ("bracket", { $0 == 0x5B || $0 == 0x5D }),
            ("colon", { $0 == 0x3A }), ("comma", { $0 == 0x2C }), ("slash", { $0 == 0x2F }),
            ("newline", { $0 == 0x0A }),
            ("space", { $0 == 0x20 }), ("dash", { $0 == 0x2D }),
        ]
        for (name, isOfClass) in classes {
            let places = whole.indices.filter { isOfClass(whole[$0]) }
            guard let first = places.first, let last = places.last else { continue }
            for place in Set(
                CLIFixture.isLongForm ? places : [[first, places[places.count / 2], last][damages.count % 3]])
            {
                var data = whole
                data[place] ^= CLIFixture.isLongForm ? UInt8(1 << (place % 8)) : 1
                damages.append(("a \(name) at \(place)", data))
            }
        }
        for (n, damage) in damages.enumerated() {
            try plot.edit { _ in damage.data }
            let purge = try house.run("purge", plot.label)
            #expect([0, 1, 3, 4].contains(purge.status), "\(damage.name): \(purge.status) \(purge.said)")
            plot.ledger.expectWhole(in: [plot.root], going: ManyVaults.going, damage.name + ": " + purge.said)
            #expect(plot.places(ofGoing: ".trash/2"), "\(damage.name): \(purge.said)")
            guard n < 8 else { continue }
            let restore = try house.run("restore", try #require(plot.batch).lastPathComponent)
            #expect(restore.status != 0 && plot.places(ofGoing: ".trash/2"), "\(damage.name): \(restore.said)")
        }
        print("manifests: \(damages.count) damages")
        // The same with what we wrote: it was the manifest that held it.
        try plot.edit { _ in whole }
        #expect(try house.run("unfreeze", plot.label).status == 0)
        #expect(try house.run("purge", plot.label).status == 0)
        #expect(plot.ledger.places(in: [plot.root]).count == plot.ledger.paths.count - ManyVaults.going.count)
    }

    @Test("the manifests of two batches of a vault, swapped: neither is purged nor restored")
    func swapped() throws {
        let house = try CLIFixture(keep: "{ last: 2 }", grace: "1s")
        try house.dailies(4)
        try house.cleanup()
        try house.put("app/orders-\(CLIFixture.day(5)).dump")
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        let batches = house.batches().map { house.trash.appending(path: $0 + "/manifest.json") }
        try #require(batches.count == 2)
        let ledger = try ContentRecord(of: house.trash)
        let data = try batches.map { try Data(contentsOf: $0) }
        for (n, place) in batches.enumerated() { try data[1 - n].write(to: place) }
        try house.pass(1.2)
        _ = try house.run("purge")
        for batch in house.batches() { #expect(try house.run("restore", batch).status != 0) }
        let found = ledger.places(in: [house.trash]).filter { $0.key.hasSuffix(".dump") }
        #expect(found.count == 3 && found.allSatisfy { $0.value == [$0.key] }, "\(found)")
        for (n, place) in batches.enumerated() { try data[n].write(to: place) }
        _ = try house.run("unfreeze", "dumps")
        let last = try house.run("purge")
        #expect(last.status == 0 && house.batches().isEmpty, "\(last.said)")
    }
}

extension ManyVaults.OneOfMany {
    fileprivate var manifestPlace: URL? { batch?.appending(path: "manifest.json") }

    fileprivate func manifest() throws -> Data { try Data(contentsOf: try #require(manifestPlace)) }

    fileprivate func edit(_ body: (String) -> Data) throws {
        let text = String(decoding: try manifest(), as: UTF8.self)
        try body(text).write(to: try #require(manifestPlace))
    }

    /// Whether all that went is below this path still.
    fileprivate func places(ofGoing prefix: String) -> Bool {
        let found = ledger.places(in: [root])
        return ManyVaults.going.allSatisfy { name in
            found[name].map { $0.count == 1 && $0[0].hasPrefix(prefix) } ?? false
        }
    }
}
