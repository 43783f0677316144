internal import CLinux
internal import Glibc
package import Model

extension Directory {
    /// Opens a btrfs subvolume right in this directory, to be measured. `nil`: there is none of that name.
    ///
    /// A subvolume is another device and yet no mount: `RESOLVE_NO_XDEV` lets it through, and stops at a mount on top.
    package func openSubvolume(_ name: Bytes) throws(Fault) -> Directory? {
        guard name != "..", name != ".", !name.storage.contains(UInt8(ascii: "/")) else { return nil }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let fd = name.withCString { cl_openat2(descriptor, $0, flags, 0, UInt32(CL_BENEATH | CL_NO_XDEV)) }
        switch fd {
        case -ENOENT, -ENOTDIR, -ELOOP, -EXDEV: return nil
        default: try check(fd, "open", path.appending(name))
        }
        let opened = try Directory(descriptor: fd, path: path.appending(name))
        var stat = cl_stat()
        try check(cl_statx(fd, "", 1, &stat), "look at", opened.path)
        return opened.device != device && stat.isSubvolume(fd) ? opened : nil
    }
}

extension cl_stat {
    /// The root of a btrfs subvolume has inode 256 and a device number of its own.
    func isSubvolume(_ fd: Int32) -> Bool {
        ino == 256 && cl_filesystem_type(fd) == 0x9123_683E
    }
}
