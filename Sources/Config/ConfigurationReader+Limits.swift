internal import Model

/// `limits`.
extension ConfigurationReader {
    static let limits = ConfigurationTable.names(.limits)

    /// Each key replaces the one above for itself; `off` takes a limit away.
    static func limits(_ node: ConfigurationNode, _ limits: inout SpaceLimits) throws(Fault) {
        for (_, key, value) in try node.pairs("limits", known: Self.limits) {
            switch key {
            case "max-size":
                let text = try value.text(key)
                guard text == "off" || ByteSize.parse(text) != nil else {
                    throw value.refuse(
                        text.hasSuffix("%")
                            ? "'\(key)' is a size, not a share: '\(text)'"
                            : "'\(text)' is not a valid size for '\(key)'",
                        hint: Self.sizeHint(key))
                }
                limits.maxSize = Sourced(ByteSize.parse(text), value.origin)
            case "min-free": limits.minFree = Sourced(try amount(key, value) { ByteSize.parse($0) }, value.origin)
            default:
                limits.minFreeInodes = Sourced(
                    try amount(key, value) { text in
                        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int64(text).flatMap { $0 > 0 ? $0 : nil } : nil
                    }, value.origin)
            }
        }
    }

    private static func amount(
        _ key: String, _ node: ConfigurationNode, number: (String) -> Int64?
    ) throws(Fault) -> SpaceLimits.Amount? {
        let text = try node.text(key)
        if text == "off" { return nil }
        if text.hasSuffix("%") {
            guard let percent = Int(text.dropLast()), (1...99).contains(percent) else {
                throw node.refuse(
                    "'\(key)' must be a percentage from 1% to 99%, not '\(text)'", hint: "`off` takes the limit away")
            }
            return .percent(percent)
        }
        guard let count = number(text) else {
            throw node.refuse("'\(text)' is not a valid value of '\(key)'", hint: hint(key))
        }
        return .number(count)
    }

    private static func hint(_ key: String) -> String {
        key == "min-free-inodes" ? "write it as 10% or 100000, or off" : "write it as 10% or 200GiB, or off"
    }

    private static func sizeHint(_ key: String) -> String { "write it as 500GiB or 2TB, or off" }
}
