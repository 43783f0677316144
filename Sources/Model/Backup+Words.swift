extension Backup {
    /// `1 backup`, `35 backups`: for people.
    package static func counted(_ count: Int) -> String { count == 1 ? "1 backup" : "\(count) backups" }
}
