package import Model

/// What is needed to tell whether the wall clock can be believed: the boot clock runs beside it, and nobody sets that.
///
/// Ordinary days raise no doubt: a suspended machine (the boot clock counts that time), a correction of some minutes,
/// a machine that was off for weeks and is synchronised, a board without a battery once its time service has answered.
package struct ClockTrust: Hashable, Sendable, Codable {
    /// When the clock was last believed.
    private var wall: Timestamp
    private var bootId: String
    private var bootNanoseconds: Int64
    /// What the wall clock was ahead of the boot clock, in nanoseconds, and since when that is the measure.
    private var offset: Int64
    private var offsetSince: Int64

    /// Within a boot, and backwards across boots. Seconds.
    package static let toleranceSeconds: Int64 = 300
    /// Forward across boots: nobody can tell for how long the machine was off.
    package static let forwardSeconds: Int64 = 30 * 86_400
    /// Small corrections by hand do not add up for longer than this.
    private static let renewalNanoseconds: Int64 = 86_400 * 1_000_000_000

    package init(at now: Moment) {
        wall = now.wall
        bootId = now.bootID
        bootNanoseconds = now.boot
        offset = now.wall.nanoseconds &- now.boot
        offsetSince = now.boot
    }

    /// How the wall clock contradicts what was known of it.
    package enum Doubt: Hashable, Sendable {
        /// Within one boot, by so many seconds.
        case jumped(seconds: Int64)
        /// Since the last boot.
        case backwards(seconds: Int64)
        case forward(seconds: Int64)

        package var text: String {
            switch self {
            case .jumped(let seconds):
                "the clock jumped \(Self.span(seconds)) \(seconds < 0 ? "back" : "ahead") while the machine ran"
            case .backwards(let seconds): "the clock is \(Self.span(seconds)) behind what it was before the last boot"
            case .forward(let seconds): "the clock is \(Self.span(seconds)) ahead of what it was before the last boot"
            }
        }

        private static func span(_ seconds: Int64) -> String {
            let seconds = seconds.magnitude
            switch seconds {
            case ..<7200: return "\(seconds / 60) minutes"
            case ..<172_800: return "\(seconds / 3600) hours"
            default: return "\(seconds / 86_400) days"
            }
        }
    }

    /// `isSynchronised`: a time service vouches for the clock; `nil`: nobody can say. `nil`: no doubt.
    package func doubt(at now: Moment, isSynchronised: Bool?) -> Doubt? {
        if isSynchronised == true { return nil }
        guard now.bootID == bootId else {
            let passed = now.wall.seconds(since: wall)
            if passed < -Self.toleranceSeconds { return .backwards(seconds: passed) }
            return passed > Self.forwardSeconds ? .forward(seconds: passed) : nil
        }
        let (ahead, overflow) = (now.wall.nanoseconds &- now.boot).subtractingReportingOverflow(offset)
        let seconds = overflow ? now.wall.seconds(since: wall) : ahead.floorDivided(by: 1_000_000_000)
        return seconds.magnitude > UInt64(Self.toleranceSeconds) ? .jumped(seconds: seconds) : nil
    }

    /// The clock is believed at this moment.
    package mutating func believe(_ now: Moment, isSynchronised: Bool?) {
        let isSame = now.bootID == bootId && now.boot >= offsetSince
        if isSynchronised == true || !isSame || now.boot.subtracting(offsetSince) >= Self.renewalNanoseconds {
            self = ClockTrust(at: now)
        } else {
            (wall, bootNanoseconds) = (now.wall, now.boot)
        }
    }

    /// Whether so little time passed since that it need not be written down again.
    package func isFresh(at now: Moment) -> Bool {
        now.bootID == bootId && now.boot.subtracting(bootNanoseconds) < 60 * 1_000_000_000
            && now.wall.seconds(since: wall).magnitude < 60
    }
}
