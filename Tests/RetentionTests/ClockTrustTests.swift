import Model
import Retention
import Testing

@Suite("whether the clock can be believed")
struct ClockTrustTests {
    private static let start = Moment(
        wall: Timestamp(rfc3339: "2026-11-23T04:00:00Z")!, boot: 5_000_000_000_000, bootID: "a")

    /// What happens between two looks, in seconds by each clock.
    private static func later(wall: Int64, boot: Int64) -> Moment {
        Moment(
            wall: start.wall.adding(seconds: wall), boot: start.boot + boot * 1_000_000_000, bootID: start.bootID)
    }

    private static func rebooted(wall: Int64) -> Moment {
        Moment(wall: start.wall.adding(seconds: wall), boot: 60_000_000_000, bootID: "b")
    }

    private static let day: Int64 = 86_400

    /// `nil`: believed. The sync state is what the kernel says at the second look.
    static let cases: [(what: String, now: Moment, synchronised: Bool?, doubt: ClockTrust.Doubt?)] = [
        ("an hour later", later(wall: 3600, boot: 3600), false, nil),
        ("a laptop that slept for a week: the boot clock counts that", later(wall: 7 * day, boot: 7 * day), nil, nil),
        ("a correction of four minutes by hand", later(wall: 3600 + 240, boot: 3600), false, nil),
        ("six minutes ahead", later(wall: 3600 + 360, boot: 3600), false, .jumped(seconds: 360)),
        ("six minutes back", later(wall: 3600 - 360, boot: 3600), nil, .jumped(seconds: -360)),
        ("ten years ahead", later(wall: 3650 * day, boot: 1), false, .jumped(seconds: 3650 * day - 1)),
        ("ten years ahead, and a time service says so", later(wall: 3650 * day, boot: 1), true, nil),
        ("off for six weeks, synchronised", rebooted(wall: 42 * day), true, nil),
        ("off for six weeks, and nobody can say", rebooted(wall: 42 * day), nil, .forward(seconds: 42 * day)),
        ("off for three weeks", rebooted(wall: 21 * day), nil, nil),
        (
            "a dead battery, no network yet", rebooted(wall: -start.wall.seconds), false,
            .backwards(seconds: -start.wall.seconds)
        ),
        ("a dead battery, the time service answered", rebooted(wall: 120), true, nil),
        ("a minute behind after a boot", rebooted(wall: -60), false, nil),
    ]

    @Test("doubts", arguments: cases.indices)
    func doubts(_ n: Int) {
        let one = Self.cases[n]
        let trust = ClockTrust(at: Self.start)
        #expect(trust.doubt(at: one.now, isSynchronised: one.synchronised) == one.doubt, "\(one.what)")
    }

    @Test("small corrections do not add up for longer than a day")
    func corrections() {
        var trust = ClockTrust(at: Self.start)
        var now = Self.start
        for _ in 1...30 {
            // Each month somebody sets it right by four minutes; hourly looks in between.
            for _ in 1...(30 * 24) {
                now.wall = now.wall.adding(seconds: 3600)
                now.boot += 3600 * 1_000_000_000
                #expect(trust.doubt(at: now, isSynchronised: false) == nil)
                trust.believe(now, isSynchronised: false)
            }
            now.wall = now.wall.adding(seconds: -240)
        }
        // Ten steps of a minute within the hour do.
        for _ in 1...10 { now.wall = now.wall.adding(seconds: 60) }
        #expect(trust.doubt(at: now, isSynchronised: false) != nil)
    }

    @Test("times at the edge of what can be said are a doubt, not a trap")
    func edges() {
        for wall in [Int64.min, .max] {
            let edge = Moment(wall: Timestamp(nanoseconds: wall), boot: 0, bootID: "a")
            #expect(ClockTrust(at: Self.start).doubt(at: edge, isSynchronised: false) != nil)
            #expect(ClockTrust(at: edge).doubt(at: Self.start, isSynchronised: false) != nil)
        }
    }
}
