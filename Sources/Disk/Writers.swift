internal import CLinux
internal import Glibc
package import Model

/// Whether somebody has a file open for writing.
package enum WriterAnswer: Sendable {
    case free, written
    /// No leases on this file system, or not for us: only the quiet period can tell.
    case unsupported
}

extension Directory {
    /// Asks with a read lease, for microseconds. Needs SIGIO ignored (``Signals/ignoreFatal()``).
    package func writer(of name: Bytes) -> WriterAnswer {
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let fd = name.withCString { cl_openat2(descriptor, $0, flags, 0, UInt32(CL_BENEATH | CL_NO_XDEV)) }
        guard fd >= 0 else { return .unsupported }
        defer { close(fd) }
        return switch cl_written(fd) {
        case 0: .free
        case 1: .written
        default: .unsupported
        }
    }
}

/// What a file system says of itself.
package struct FileSystem: Sendable {
    /// Its UUID, or type and fsid, in hexadecimal.
    package var id: String
    /// `f_type` of statfs.
    package var type: Int
    package var totalBytes: Int64
    package var availableBytes: Int64

    package init(of directory: Directory) throws(Fault) {
        var id = [UInt8](repeating: 0, count: 16)
        try check(cl_filesystem_id(directory.descriptor, &id), "ask the file system of", directory.path)
        self.id = Bytes(id).hexadecimal
        type = Int(cl_filesystem_type(directory.descriptor))
        var (total, available, files, free): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        try check(
            cl_space(directory.descriptor, &total, &available, &files, &free), "ask the file system of", directory.path)
        totalBytes = Int64(clamping: total)
        availableBytes = Int64(clamping: available)
    }

    /// Whether it is mounted read-only; what cannot be asked is not.
    package static func isReadOnly(_ directory: Directory) -> Bool { cl_read_only(directory.descriptor) == 1 }
}

package enum Signals {
    /// SIGIO (a broken lease), SIGXFSZ (a file over its limit) and SIGPIPE would each end the process.
    package static func ignoreFatal() {
        precondition(cl_ignore_signals() == 0, "these signals can always be ignored")
    }
}
