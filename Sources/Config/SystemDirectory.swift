package import Model

/// Directories that belong to the system: what lies there is hardly ever a backup, and most of it is needed.
package enum SystemDirectory {
    /// These alone: backups may well lie in a directory below.
    private static let alone: Set<Bytes> = [
        "/", "/home", "/opt", "/root", "/run", "/var", "/var/cache", "/var/lib", "/var/log", "/var/spool",
    ]
    /// These, and all below.
    private static let whole: [Bytes] = [
        "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sbin", "/sys", "/usr",
    ]

    /// The key by which a person says that it is meant.
    package static let key = "system-directory"

    package static func contains(_ path: Bytes) -> Bool {
        alone.contains(path) || whole.contains { path.isWithin($0) }
    }
}
