internal import Model

/// What stops by itself where something looks wrong, as configured under `safeguards`. Not part of the policy that a
/// person approves: brakes only ever keep.
package struct Brakes: Sendable {
    /// How a freeze for a doubtful clock ends.
    package enum ClockBrake: String, Sendable, CaseIterable {
        /// By itself, once a time service vouches for the clock; or by `unfreeze`.
        case untilSynchronised = "until-synchronised"
        case untilUnfrozen = "until-unfrozen"
        case off
    }

    package var clock = Sourced(ClockBrake.untilSynchronised)
    /// Whether backups are set aside whose size or first bytes are not what they should be.
    package var setAsideSuspect = Sourced(true)
    /// So many suspect ones in a row freeze their series; `nil`: never.
    package var freezeIfSuspect = Sourced<Int?>(3)
    /// So many percent of a vault rewritten, renamed or gone within an hour freeze it; `nil`: never.
    package var freezeIfRewritten = Sourced<Int?>(20)

    package init() {}
}

extension Brakes {
    /// One key of `safeguards`.
    mutating func read(_ key: String, _ node: ConfigurationNode) throws(Fault) {
        switch key {
        case "clock":
            clock = Sourced(
                try node.word(key, Brakes.ClockBrake.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "set-aside-suspect":
            setAsideSuspect = Sourced(try node.word(key, [("on", true), ("off", false)]), node.origin)
        case "freeze-if-suspect":
            let isOff = try node.text(key) == "off"
            freezeIfSuspect = Sourced(isOff ? nil : try node.number(key, in: 1...100), node.origin)
        default:
            let isOff = try node.text(key) == "off"
            freezeIfRewritten = Sourced(isOff ? nil : try node.percent(key), node.origin)
        }
    }
}
