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
        type = Int(cl_filesystem_type(directory.descriptor))
        // FUSE, NFS and others have no number of their own: where they are mounted from must do.
        let isNumbered = id[8...].contains { $0 != 0 }
        self.id = Bytes(id).hexadecimal + (isNumbered ? "" : try Self.source(of: directory))
        var (total, available, files, free): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        try check(
            cl_space(directory.descriptor, &total, &available, &files, &free), "ask the file system of", directory.path)
        totalBytes = Int64(clamping: total)
        availableBytes = Int64(clamping: available)
    }

    /// The type and source of the mount with this device number, as the kernel's table has them, in hexadecimal.
    private static func source(of directory: Directory) throws(Fault) -> String {
        let number = "\(directory.device >> 32):\(directory.device & 0xFFFF_FFFF)"
        for line in try MountTable.lines() {
            let fields = line.storage.split(separator: 0x20)
            guard fields.count > 4, String(decoding: fields[2], as: UTF8.self) == number,
                let dash = fields.lastIndex(of: [UInt8(ascii: "-")]), fields.count > dash + 2
            else { continue }
            return ":" + Bytes(fields[dash + 1] + [0x20] + fields[dash + 2]).hexadecimal
        }
        return ""
    }

    /// The name that somebody gave the file system when it was made; `nil`: none, or its kind does not say.
    package static func label(of directory: Directory) -> String? {
        var bytes = [CChar](repeating: 0, count: 257)
        guard cl_filesystem_label(directory.descriptor, &bytes) == 0 else { return nil }
        let text = Bytes(bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }).display
        return text.isEmpty ? nil : text
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
