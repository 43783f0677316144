internal import Model

/// How much room a file system keeps, and how large a vault may be (docs/design/0009-space.md).
package struct SpaceLimits: Sendable {
    /// Of the file system, as `df` says it. The default only purges early; one that a person wrote also takes what
    /// ranges keep above their lower bounds.
    package var minFree = Sourced<Amount?>(.percent(5))
    /// Of the vault: what is in its place and what is in its trash together, bytes on disk.
    package var maxSize = Sourced<Int64?>(nil)
    /// Of the file system.
    package var minFreeInodes = Sourced<Amount?>(nil)

    package init() {}

    package enum Amount: Hashable, Sendable {
        case percent(Int)
        /// Bytes, or inodes.
        case number(Int64)

        /// Of a file system's `total`.
        package func of(_ total: Int64) -> Int64 {
            switch self {
            case .percent(let percent): Int64(Double(max(0, total)) / 100 * Double(percent))
            case .number(let number): number
            }
        }
    }

    package var minFreeText: String { Self.text(minFree.value) { ByteSize.text($0) } }
    package var maxSizeText: String { maxSize.value.map { ByteSize.text($0) } ?? "off" }
    package var minFreeInodesText: String { Self.text(minFreeInodes.value) { String($0) } }

    package static func text(_ amount: Amount?, number: (Int64) -> String) -> String {
        switch amount {
        case .percent(let percent): "\(percent)%"
        case .number(let count): number(count)
        case nil: "off"
        }
    }
}

/// How exactly sizes are told.
package enum Sizes: String, Sendable, CaseIterable {
    /// What a look sees anyway.
    case off
    /// And what opaque units hold.
    case apparent
    /// And what purging would free where files have several links.
    case exact
}

extension SpaceLimits {
    static let keys = ConfigurationTable.names(.limits)

    /// Each key replaces the one above for itself; `off` takes a limit away.
    mutating func read(_ node: ConfigurationNode) throws(Fault) {
        for (_, key, value) in try node.pairs("limits", known: Self.keys) {
            switch key {
            case "max-size":
                let text = try value.text(key)
                guard text == "off" || ByteSize.parse(text) != nil else {
                    throw value.refuse(
                        text.hasSuffix("%")
                            ? "'\(key)' is a size, not a share: '\(text)'"
                            : "'\(text)' is not a valid size for '\(key)'",
                        hint: "write it as 500GiB or 2TB, or off")
                }
                maxSize = Sourced(ByteSize.parse(text), value.origin)
            case "min-free": minFree = Sourced(try Self.amount(key, value) { ByteSize.parse($0) }, value.origin)
            default:
                minFreeInodes = Sourced(
                    try Self.amount(key, value) { text in
                        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int64(text).flatMap { $0 > 0 ? $0 : nil } : nil
                    }, value.origin)
            }
        }
    }

    private static func amount(
        _ key: String, _ node: ConfigurationNode, number: (String) -> Int64?
    ) throws(Fault) -> Amount? {
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
}
