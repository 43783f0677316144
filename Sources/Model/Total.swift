extension Int64 {
    /// The sum, or the greatest number there is: it never traps.
    package func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension Sequence {
    /// The sum of sizes. Sparse files may claim exabytes: it stops at the greatest number there is, and never traps.
    package func total(_ size: (Element) -> Int64) -> Int64 {
        reduce(0) { $0.adding(size($1)) }
    }
}
