internal import Glibc
package import Model
internal import SystemPackage

extension Fault {
    /// An errno as a sentence with its remedy.
    package static func system(_ deed: String, _ path: Bytes, _ errno: Int32) -> Fault {
        Fault(
            code(errno), "could not \(deed) '\(path.display)': \(text(errno))", hint: hint(errno), path: path,
            errno: errno)
    }

    /// The disk, or a quota, took no more.
    package var isFull: Bool { errno == ENOSPC || errno == EDQUOT }

    private static func text(_ errno: Int32) -> String {
        let text = SystemPackage.Errno(rawValue: errno).description
        return (text.first?.lowercased() ?? "") + text.dropFirst()
    }

    private static func code(_ errno: Int32) -> Code {
        switch errno {
        case EACCES, EPERM: .permission
        case ENOENT: .notFound
        case EWOULDBLOCK: .locked
        default: .io
        }
    }

    private static func hint(_ errno: Int32) -> String? {
        switch errno {
        case EACCES where geteuid() != 0: "run it as the owner of that directory, or with sudo"
        case EPERM where geteuid() != 0: "run it as the owner of that directory, or with sudo"
        case EPERM: "an immutable or append-only flag stands in the way; `lsattr` shows it"
        case EROFS: "the file system is mounted read-only"
        case ENOSPC, EDQUOT: "the disk or the quota is full; `reprieve purge` frees what is due"
        case EXDEV:
            "that is another file system: give the directory a vault of its own, vaults may lie inside one another"
        case EIO: "the disk reports errors: look at `dmesg` before anything else"
        case ENOSYS: "this kernel is too old: Linux 5.6 or later is needed"
        case ELOOP: "a symbolic link stands in the way, and Reprieve follows none here"
        default: nil
        }
    }
}

/// Throws the fault of a C shim's negative answer, or returns it.
@discardableResult
func check(_ answer: Int32, _ deed: String, _ path: Bytes) throws(Fault) -> Int32 {
    guard answer < 0 else { return answer }
    throw .system(deed, path, -answer)
}
