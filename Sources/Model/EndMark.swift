/// What a file's last bytes say about its being whole.
package enum EndMark: String, Hashable, Sendable, Codable, CaseIterable {
    /// Not looked at, or not enough of it.
    case unprobed
    case shown
    /// A format that always has one lacks it: it was cut off.
    case absent
    /// Of plain SQL: demanded only of a series that has shown one, because `--skip-comments` writes none.
    case footerShown = "footer-shown"
    case footerAbsent = "footer-absent"
    /// The format has no cheap one, or it cannot be told: settled is enough.
    case none
    /// Its first bytes are of nothing known, and its name says what they should be: perhaps somebody else's work.
    case contradicted
}
