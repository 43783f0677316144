/// What went wrong, for a person and for a script: a stable code, what happened, and what to do.
///
/// One struct serves all rooms: what differs between them is the code, and the command line needs one place that turns
/// a code into an exit status.
package struct Fault: Error, Hashable, Sendable {
    package enum Code: String, Sendable {
        case failed, partial, held, frozen, offline
        /// The disk of a removable vault is not mounted: nothing is wrong.
        case away
        case notFound = "not-found"
        case ambiguous
        case locked
        case usage
        case configuration
        case permission
        case io
        case unsafe
        case damaged
        case unaudited
        /// The catalog failed: a cache, so deeds go on without it (invariant 10).
        case catalog

        package var status: ExitStatus {
            switch self {
            case .failed, .offline, .away, .permission, .io, .unsafe, .damaged, .catalog: .failed
            case .partial, .unaudited: .partial
            case .held, .frozen: .held
            case .notFound: .notFound
            case .locked: .locked
            case .ambiguous, .usage: .usage
            case .configuration: .configuration
            }
        }
    }

    package var code: Code
    /// Lower case, no full stop, names the thing.
    package var message: String
    package var hint: String?
    package var path: Bytes?
    /// The system call and its error number, where there was one.
    package var errno: Int32?

    package init(_ code: Code, _ message: String, hint: String? = nil, path: Bytes? = nil, errno: Int32? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.path = path
        self.errno = errno
    }
}

/// The kernel's error numbers that the program asks for, by their names in errno(3). They are the same on every Linux.
package enum Errno {
    package static let ENOENT: Int32 = 2, ENOMEM: Int32 = 12, EACCES: Int32 = 13, EEXIST: Int32 = 17, EXDEV: Int32 = 18,
        ENOTDIR: Int32 = 20, ENOSPC: Int32 = 28, EROFS: Int32 = 30, ENOTEMPTY: Int32 = 39
}

/// The exit statuses of every command.
package enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    case partial = 3
    case held = 4
    case notFound = 5
    case locked = 11
    case usage = 64
    case configuration = 78
}
