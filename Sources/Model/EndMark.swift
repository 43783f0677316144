/// What a file's last bytes say about its being whole.
package enum EndMark: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nobody has looked yet: not complete.
    case unprobed
    case shown
    /// Its format always has one, and it is not there.
    case absent
    /// Of plain SQL: demanded only of a series that has shown one.
    case footerShown = "footer-shown"
    case footerAbsent = "footer-absent"
    /// Its format has no cheap one: settled is enough.
    case none
}
