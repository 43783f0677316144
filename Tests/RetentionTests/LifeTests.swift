import Model
import Retention
import Testing

/// Brakes that fire on ordinary days get removed: here are the ordinary days.
@Suite("ordinary life")
struct LifeTests {
    @Test("two years of a usual set-up: not one held plan after the first", arguments: SetUp.usual)
    func twoYears(setUp: SetUp) throws {
        let life = setUp.live(hours: 2 * 365 * 24)
        #expect(life.approved != nil, "there was a first plan")
        #expect(life.runCount > 20)
        #expect(
            life.holds.isEmpty, "held on \(life.holds.map { "\($0.at.rfc3339(in: .utc)) \($0.hold.causes)" }.prefix(3))"
        )
        // It really cleaned: less than the tenth part of two years is left, or what the rules mean.
        #expect(life.condemned.count > life.present.count)
    }

    @Test("six weeks without a backup hold only the excess, and it drains by itself", arguments: SetUp.usual)
    func outage(setUp: SetUp) throws {
        let silence = (300 * 24)..<(342 * 24)
        let (begin, end) = (303 * 24, 342 * 24 - 1)
        let after = setUp.live(hours: 420 * 24, silence: silence, counting: [begin, end])
        // Once what was too young at its beginning has gone, time passing alone condemns nothing (invariant 8).
        #expect(after.counts[begin] == after.counts[end] && after.counts[begin] != nil)
        #expect(after.holds.allSatisfy { $0.at > SetUp.start.adding(seconds: Int64(end) * 3600) })
        for (at, hold) in after.holds {
            let isAmount = hold.causes.allSatisfy { cause in
                switch cause {
                case .amount, .bytes: true
                default: false
                }
            }
            #expect(isAmount, "\(at.rfc3339(in: .utc)): \(hold.causes)")
        }
        // Long before the end nothing waits any more.
        let last = after.holds.last?.at ?? SetUp.start
        #expect(last < SetUp.start.adding(seconds: 375 * 86_400), "still held on \(last.rfc3339(in: .utc))")
    }

    @Test("after an outage `within` lets go of what is within the amount, oldest first, each run")
    func drains() throws {
        let setUp = try #require(SetUp.usual.first { $0.name.contains("within") })
        let after = setUp.live(hours: 350 * 24, silence: (300 * 24)..<(342 * 24))
        let first = try #require(after.holds.first)
        // 30 of 31 would go; 1 arrived, and a quarter of 31 is 7: 8 go, 22 wait.
        #expect(first.hold.causes == [.amount(series: "files", going: 30, of: 31, allowed: 8)])
        #expect(first.hold.heldBack.count == 22)
    }

    @Test(
        "five years, the policy applied after every backup: always the same as the rules over all that was ever there")
    func rolling() throws {
        var rules = KeepRules()
        (rules.last, rules.daily, rules.weekly) = (.first(3), .first(7), .first(5))
        (rules.monthly, rules.yearly) = (.first(12), .first(3))
        var life = Life(History.policy(rules, zone: "Europe/Berlin"))
        life.approve(life.policy)
        life.amounts.condemnedPercent = 100
        var all: [Candidate] = []
        let start = Timestamp(rfc3339: "2022-01-01T23:30:00Z")!
        for day in 0..<(5 * 365) {
            // At about the same hour, sometimes past midnight; now and then one is missing.
            let time = start.adding(seconds: Int64(day) * 86_400 + Int64(day * 7919 % 5400))
            if day % 41 == 17 { continue }
            life.write("app/db-*.dump", at: time)
            all.append(Candidate(life.present[life.present.count - 1]))
            life.cleanup(at: time.adding(seconds: 60))
            #expect(life.holds.isEmpty)
            guard day % 100 == 99 else { continue }
            // Rolling and looking back once differ only in what a "newest of its period" was on its day: the rules over
            // everything must keep nothing that rolling has lost, but within periods whose newest came later.
            let slow = SlowRetention(rules, .reprieve, all, zone: "Europe/Berlin", now: time).kept()
            let here = Set(life.present.map(\.id))
            let lost = slow.subtracting(here)
            #expect(lost.isEmpty, "day \(day): rolling has lost \(lost.count) of \(slow.count)")
            #expect(here.count <= slow.count + 3, "day \(day): \(here.count) are here, \(slow.count) would do")
        }
        // Three years back, and no further than the rules reach.
        let oldest = try #require(life.present.map(\.time).min())
        #expect(oldest.rfc3339(in: .utc).hasPrefix("2024-") || oldest.rfc3339(in: .utc).hasPrefix("2023-"))
    }
}
