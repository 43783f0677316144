internal import Model

/// The brakes among the `safeguards`.
extension ConfigurationReader {
    /// A percentage; all of it and `off` are no limit.
    static func share(_ key: String, _ node: ConfigurationNode) throws(Fault) -> Int? {
        if try node.text(key) == "off" { return nil }
        let percent = try node.percent(key)
        return percent == 100 ? nil : percent
    }

    static func brake(_ key: String, _ node: ConfigurationNode, _ brakes: inout Brakes) throws(Fault) {
        switch key {
        case "clock":
            brakes.clock = Sourced(
                try node.word(key, Brakes.ClockBrake.allCases.map { ($0.rawValue, $0) }), node.origin)
        case "set-aside-suspect":
            brakes.setAsideSuspect = Sourced(try node.word(key, [("on", true), ("off", false)]), node.origin)
        case "freeze-if-suspect":
            let isOff = try node.text(key) == "off"
            brakes.freezeIfSuspect = Sourced(isOff ? nil : try node.number(key, in: 1...100), node.origin)
        default:
            let isOff = try node.text(key) == "off"
            brakes.freezeIfRewritten = Sourced(isOff ? nil : try node.percent(key), node.origin)
        }
    }
}
