/// Numbers that others may have written: held at the ends of what there is, never a trap.
extension FixedWidthInteger {
    package func adding(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    package func subtracting(_ other: Self) -> Self {
        let (rest, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : rest
    }

    package func multiplied(by other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

extension Sequence {
    /// The sum of sizes. Sparse files may claim exabytes: it stops at the greatest number there is.
    package func total(_ size: (Element) -> Int64) -> Int64 {
        reduce(0) { $0.adding(size($1)) }
    }
}
