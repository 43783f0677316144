@testable import Config
import Engine
import Foundation
import Model
@testable import State
import Support
import Testing

@Suite("names of a vault")
struct NameLookTests {
    private func engine(_ scratch: Scratch, _ vault: String) throws -> Engine {
        let root = scratch.path.display
        try scratch.write("reprieve.yaml", "timezone: UTC\nvaults:\n  a:\n    path: \(root)/v\n\n\(vault)\n")
        let configuration = try Configuration.load(
            Overrides(
                config: "\(root)/reprieve.yaml", stateDirectory: "\(root)/state", adHoc: nil, environment: [:]))
        return Engine(
            configuration: configuration,
            state: try StateDirectory(configuration: configuration, clock: TestClock().clock, program: "test"))
    }

    private func rows(_ engine: Engine) throws -> [String: NamedEntry.What] {
        var all: [String: NamedEntry.What] = [:]
        let vault = try #require(engine.configuration.vaults.first)
        let faults = try engine.pathExplainer.nameLook.names(of: vault) { directory, entries in
            for entry in entries { all[directory.appending(entry.name).display] = entry.what }
        }
        #expect(faults.isEmpty)
        return all
    }

    @Test("each name is said once, with its series or the line that would read it")
    func names() throws {
        let scratch = try Scratch()
        for day in 10...23 { try scratch.write("v/cp/backup-11.\(day).26.tar.gz") }
        for name in ["v/db/a-2026-11-23.sql", "v/x/old.log", "v/b/kopia.repository.f", "v/b/kopia.blobcfg.f"] {
            try scratch.write(name)
        }
        let before = try engine(scratch, "    exclude: '*.log'")
        let rows = try rows(before)
        guard case .backup(let read)? = rows["db/a-2026-11-23.sql"], case .skipped(let log, _)? = rows["x/old.log"],
            case .skipped(let repository, _)? = rows["b"]
        else {
            Issue.record("\(rows)")
            return
        }
        #expect(read.series == "db/a-*.sql" && log == "excluded by reprieve.yaml:6" && repository == "kopia repository")
        let learnt = try before.pathExplainer.nameLook.learn(try #require(before.configuration.vaults.first)).proposals
        for proposal in learnt {
            #expect(proposal.directory == "cp" && proposal.evidence == "reads 14 of 14" && proposal.examples.count == 3)
            let after = try engine(scratch, "    \(proposal.line)")
            guard case .backup(let own)? = try self.rows(after)["cp/backup-11.10.26.tar.gz"] else {
                Issue.record("not read")
                continue
            }
            #expect(own.series == "cp/backup" && own.time == Timestamp(rfc3339: "2026-11-10T00:00:00Z"))
            #expect(
                try after.pathExplainer.nameLook.learn(try #require(after.configuration.vaults.first)).proposals.isEmpty
            )
        }
        #expect(learnt.count == 1)
    }
    @Test("names that make many series of one come with the line that makes it one, and then nothing is left to learn")
    func severalSeries() throws {
        let scratch = try Scratch()
        for day in 10...19 { try scratch.write("v/app/app-1.\(day / 4).2-202611\(day).tar.gz") }
        let before = try engine(scratch, "")
        let learnt = try before.pathExplainer.nameLook.learn(try #require(before.configuration.vaults.first)).proposals
        let proposal = try #require(learnt.first)
        #expect(learnt.count == 1 && proposal.line == "names: '{series}-{version}-%Y%m%d.tar.gz'")
        #expect(proposal.why == "10 backups in 3 series differ only in a version that only grows")
        let after = try engine(scratch, "    \(proposal.line)")
        let series = try self.rows(after).values.compactMap { what in
            if case .backup(let read) = what { read.series } else { nil }
        }
        #expect(series.count == 10 && Set(series).count == 1)
        #expect(
            try after.pathExplainer.nameLook.learn(try #require(after.configuration.vaults.first)).proposals.isEmpty)
    }
}
