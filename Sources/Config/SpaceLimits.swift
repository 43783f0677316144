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
