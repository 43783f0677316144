@testable import Config
import Engine
import Foundation
import Model
@testable import Support
import Testing

@Suite("brakes that begin or end without us are said")
struct EpisodesTests {
    private typealias Vault = MassChangeGuardTests.Vault

    private func records(_ vault: Vault, _ event: String, _ word: String) throws -> Int {
        let log = try String(contentsOf: vault.scratch.url.appending(path: "state/audit.log"), encoding: .utf8)
        return log.split(separator: "\n").count { $0.contains("\"event\":\"\(event)\"") && $0.contains(word) }
    }

    @Test("a file FREEZE: when it is there, and when it is not any more; once each")
    func files() throws {
        var vault = try Vault()
        try vault.fill()
        // There is a trash from then on.
        try vault.engine.personMarks.apply(.freeze(series: [], reason: "a test", until: nil), in: configuration(vault))
        try vault.engine.personMarks.apply(.unfreeze(series: []), in: configuration(vault))
        try vault.look()
        try vault.shell("touch .trash/FREEZE")
        for _ in 1...2 { #expect(try vault.look() == ["person"]) }
        #expect(try records(vault, "vault.frozen", "FREEZE is there") == 1)
        try vault.shell("rm .trash/FREEZE")
        for _ in 1...2 { #expect(try vault.look() == []) }
        #expect(try records(vault, "vault.unfrozen", "not there any more") == 1)
    }

    @Test("a freeze with an end: said when its time is over, and not where a person lifted it")
    func timed() throws {
        var vault = try Vault()
        try vault.fill()
        for isLifted in [false, true] {
            let until = vault.clock.moment.wall.adding(seconds: 3000)
            try vault.engine.personMarks.apply(
                .freeze(series: [], reason: "a move", until: until), in: configuration(vault))
            #expect(try vault.look() == ["person"])
            if isLifted { try vault.engine.personMarks.apply(.unfreeze(series: []), in: configuration(vault)) }
            vault.clock.pass(seconds: 3000)
            for _ in 1...2 { #expect(try vault.look() == []) }
            #expect(try records(vault, "vault.unfrozen", "its time is over") == 1)
        }
    }

    @Test("dated ahead: each once")
    func future() throws {
        var vault = try Vault()
        try vault.fill()
        try vault.look()
        try vault.scratch.write("v/a-\(vault.date(-9)).dump", "from the future")
        for _ in 1...3 { try vault.look() }
        #expect(try records(vault, "anomaly.found", "\"kind\":\"future\"") == 1)
    }

    private func configuration(_ vault: Vault) -> VaultConfiguration { vault.engine.configuration.vaults[0] }
}
