@testable import Config
import Model
@testable import State
import Support
import Testing

@testable import Engine

@Suite("when a file system will be full")
struct GrowthTests {
    private func growth(_ used: [Int64]) -> Growth {
        Growth(samples: used.enumerated().map { .init(day: Int64(20_000 + $0), used: $1) })
    }

    @Test("by the median of its growth from day to day; a week is needed, and growth")
    func forecast() {
        let steady = (0..<10).map { Int64(1000 + 10 * $0) }
        #expect(growth(steady).daysUntilFull(available: 1000) == 100)
        #expect(growth(Array(steady.prefix(7))).daysUntilFull(available: 1000) == 100)
        #expect(growth(Array(steady.prefix(6))).daysUntilFull(available: 1000) == nil, "six days say nothing")
        #expect(growth(steady.reversed()).daysUntilFull(available: 1000) == nil, "it shrinks")
        #expect(growth(Array(repeating: 5, count: 20)).daysUntilFull(available: 1000) == nil)
        #expect(growth(steady).daysUntilFull(available: 0) == 0)
        #expect(growth(steady).daysUntilFull(available: .max) == nil, "no forecast goes so far")
    }

    @Test("one large purge in between, or one large backup, does not turn it over")
    func robust() throws {
        var purged = (0..<30).map { Int64(1_000_000 + 1000 * $0) }
        for n in 15..<30 { purged[n] -= 8000 }
        let days = try #require(growth(purged).daysUntilFull(available: 100_000))
        #expect((80...250).contains(days), "\(days)")
        var once = (0..<30).map { Int64(1000 * $0) }
        once[20] += 5_000_000
        #expect(growth(once).daysUntilFull(available: 100_000) == 100)
    }

    @Test("one sample a day is kept, the first; a clock that was set back makes what lies ahead worthless")
    func samples() throws {
        var growth = Growth()
        let start = try #require(Timestamp(rfc3339: "2026-11-24T10:00:00Z"))
        let isFirst = growth.record(used: 1, at: start)
        let isAgain = growth.record(used: 2, at: start.adding(seconds: 3600))
        #expect(isFirst && !isAgain)
        #expect(growth.samples.map(\.used) == [1])
        for day in 1...100 as ClosedRange<Int64> { growth.record(used: day, at: start.adding(seconds: day * 86_400)) }
        #expect(growth.samples.count == Growth.most && growth.samples.last?.used == 100)
        growth.record(used: 7, at: start.adding(seconds: 90 * 86_400))
        #expect(growth.samples.last?.used == 90 && growth.samples.allSatisfy { $0.day <= start.seconds / 86_400 + 90 })
    }

    @Test("samples are kept in the state, for each file system")
    func stored() throws {
        let scratch = try Scratch()
        let store = GrowthStore(stateDirectory: scratch.path)
        let start = try #require(Timestamp(rfc3339: "2026-11-24T10:00:00Z"))
        for day in 0..<8 as Range<Int64> {
            try store.record(["a": 100 * day, "b": 5], at: start.adding(seconds: day * 86_400))
        }
        let known = try GrowthStore(stateDirectory: scratch.path).read()
        #expect(known["a"]?.daysUntilFull(available: 1000) == 10 && known["b"]?.daysUntilFull(available: 1000) == nil)
    }
}

@Suite("when who ran last")
struct RunStoreTests {
    @Test("a timer's interval is learnt from its last two turns; an agent's is its schedule")
    func interval() throws {
        let scratch = try Scratch()
        let store = RunStore(stateDirectory: scratch.path)
        let start = try #require(Timestamp(rfc3339: "2026-11-24T10:00:00Z"))
        var settings = VaultConfiguration.Settings()
        func run() throws -> RunStore.Run { try #require(try store.read().vaults["dumps"]) }
        try store.record([("dumps", .run(at: start, .held))], by: .person)
        #expect(try run().interval(settings) == nil && run().result == "held")
        try store.record([("dumps", .look(at: start))], by: .once)
        #expect(try run().interval(settings) == 86_400, "a day until it is known")
        try store.record([("dumps", .look(at: start.adding(seconds: 6 * 3600)))], by: .once)
        #expect(try run().interval(settings) == 6 * 3600)
        #expect(try run().last(settings) == start.adding(seconds: 6 * 3600))
        try store.record([("dumps", .look(at: start))], by: .agent)
        settings.schedule = Sourced(.daily(hour: 4, minute: 15))
        #expect(try run().interval(settings) == 86_400 && run().last(settings) == start)
        settings.schedule = Sourced(.hourly)
        #expect(try run().interval(settings) == 3600)
    }
}
