package import Model

/// The values of the label `reason`: the causes of a freeze, and one for what this version does not know.
package enum FreezeReason {
    static let other = "other"
    package static let all = FreezeCause.allCases.map(\.rawValue) + [other]

    /// Marks of before the cause was written down were a person's word, or name what we found.
    package static func of(_ mark: Mark) -> String {
        known(mark.cause ?? mark.freezeCause?.rawValue)
    }

    static func known(_ cause: String?) -> String {
        cause.flatMap { all.contains($0) ? $0 : nil } ?? other
    }
}
