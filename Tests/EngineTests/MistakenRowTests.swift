import Catalog
@testable import Config
import Engine
import Foundation
import Model
@testable import State
@testable import Support
import Testing

@Suite("rows that are whole, and say something else than the disk")
struct MistakenRowTests {
    private struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout Backup) -> Void
    }

    private static let rows = [
        Row(testDescription: "an older time") { $0.time = $0.time.adding(seconds: -90 * 86_400) },
        Row(testDescription: "another series") { $0.series = "b" },
        Row(testDescription: "another size") { $0.members[0].size += 1 },
    ]

    /// A vault of five backups that is known, and one in the trash where that is asked for.
    private func vault(_ settings: String) throws -> MassChangeGuardTests.Vault {
        let plain = try MassChangeGuardTests.Vault()
        for back in 1...5 { try plain.scratch.write("v/a-\(plain.date(back)).dump", "backup \(back)") }
        var vault = try MassChangeGuardTests.Vault(
            again: plain,
            """
            timezone: UTC
            vaults: { v: { path: \(plain.scratch.path.display)/v, \(settings), quiet-period: 1s, min-age: 1s,
                           min-observed-age: 1s, grace-period: 1h, min-grace: 1h } }
            """)
        try vault.look()
        try vault.look()
        return vault
    }

    /// Writes another row for the newest, with a checksum of its own; the digest says that its place is as it was.
    private func falsify(_ vault: MassChangeGuardTests.Vault, _ change: (inout Backup) -> Void) throws -> Backup {
        let catalog = vault.engine.state.catalog
        let id = try #require(vault.engine.vaultViews.views(of: vault.engine.configuration.vaults)[0].id)
        let known = try catalog.present(vault: id)
        let newest = try #require(known.max { $0.time < $1.time })
        var wrong = known
        change(&wrong[try #require(known.firstIndex(of: newest))])
        let readAs = try #require(try catalog.vaults.readAs(vault: id))
        let digest = try #require(try catalog.places.digests(vault: id, readAs: readAs)[""])
        _ = try catalog.record(
            vault: id,
            [Catalog.Look(place: "", known: known, backups: wrong, skippedEntries: [], inside: [], digest: digest)])
        #expect(try catalog.present(vault: id).contains(newest) == false)
        return newest
    }

    @Test("cleanup moves nothing of their series, and the catalog is mended", arguments: rows)
    private func cleanup(_ row: Row) throws {
        var vault = try vault("keep: { last: 2 }")
        let configuration = vault.engine.configuration.vaults[0]
        let newest = try falsify(vault, row.change)
        _ = try vault.engine.cleanup.run(configuration)
        let report = try vault.engine.cleanup.run(configuration, approve: .last)
        #expect(!report.dropped.isEmpty && report.condemned.allSatisfy { $0.path != newest.path })
        for _ in 0..<2 { try vault.look() }
        let known = try vault.engine.state.catalog.present(vault: newest.vault).first { $0.path == newest.path }
        #expect(known?.time == newest.time && known?.series == newest.series && known?.members == newest.members)
        // Now that it is right, what the policy says goes.
        let released = try vault.engine.cleanup.run(configuration).condemned
        let approved = try vault.engine.cleanup.run(configuration, approve: .last).condemned
        #expect((released + approved).count == 3)
    }

    @Test("purge takes nothing whose newer backups are not what the rows say")
    func purge() throws {
        var vault = try vault("keep: { last: 2 }")
        let configuration = vault.engine.configuration.vaults[0]
        _ = try vault.engine.cleanup.run(configuration)
        #expect(try vault.engine.cleanup.run(configuration, approve: .last).condemned.count == 3)
        for _ in 0..<12 { try vault.look() }
        _ = try falsify(vault) { $0.time = $0.time.adding(seconds: -3600) }
        let report = try vault.engine.purger.purge(configuration)
        #expect(report.purged.isEmpty && report.kept.count == 3, "\(report.kept.map(\.why))")
        #expect(try vault.engine.purger.purge(configuration).purged.count == 3)
    }
}
