internal import CLinux
internal import Glibc
package import Model

/// What another file system could not keep of a copy.
package struct LostAttributes: OptionSet, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let owner = LostAttributes(rawValue: Int32(CL_LOST_OWNER))
    package static let mode = LostAttributes(rawValue: Int32(CL_LOST_MODE))
    package static let time = LostAttributes(rawValue: Int32(CL_LOST_TIME))
    package static let xattrs = LostAttributes(rawValue: Int32(CL_LOST_XATTRS))

    package var text: String {
        [(Self.owner, "owners"), (Self.mode, "modes"), (Self.time, "times"), (Self.xattrs, "extended attributes")]
            .filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}

/// Copies entries of one directory into another, under names that are free there.
package struct EntryCopy {
    let source: Directory
    let target: Directory

    package init(from source: Directory, to target: Directory) { (self.source, self.target) = (source, target) }

    /// A file that was copied, on stable storage; its name only after ``Directory/sync()``.
    package struct Copied {
        package var lost: LostAttributes
        /// It has the blocks of the original.
        package var isClone = false
        /// Where its data are: between them are holes.
        package var ranges: [Range<Int64>] = []
    }

    /// A regular file, with its holes and its attributes. `read` is told its data as they are read; of a clone, none.
    package func file(
        _ name: Bytes, as newName: Bytes, read: (UnsafeRawBufferPointer) -> Void
    ) throws(Fault) -> Copied {
        let (whole, made) = (source.path.appending(name), target.path.appending(newName))
        let layer = source.layer
        let original = try check(FileLook(name, in: source).open(), "open", whole)
        defer { layer.close(original) }
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let copy = try check(
            layer.open(target.descriptor, newName, flags: flags, mode: 0o600, resolve: UInt32(CL_BENEATH)), "make", made
        )
        defer { layer.close(copy) }
        var before = cl_stat()
        try check(cl_statx(original, "", 1, &before), "look at", whole)
        var copied = Copied(lost: [])
        if cl_clone(copy, original) == 0 {
            copied.isClone = true
        } else {
            let size = Int64(clamping: before.size)
            copied.ranges = try Self.dataRanges(original, size, whole)
            for range in copied.ranges {
                try FileLook.forEachChunk(of: original, in: range, whole) { bytes, at throws(Fault) in
                    read(bytes)
                    try Self.put(bytes, in: copy, at: at, made)
                }
            }
            try check(ftruncate(copy, off_t(size)) < 0 ? -errno : 0, "write", made)
            var after = cl_stat()
            try check(cl_statx(original, "", 1, &after), "look at", whole)
            guard after.size == before.size, after.mtime == before.mtime else {
                throw Fault(.failed, "'\(whole.display)' changed while it was copied", path: whole)
            }
        }
        copied.lost = LostAttributes(
            rawValue: try check(cl_copy_attributes(copy, original), "set what belongs to", made))
        try check(layer.sync(file: copy), "sync", made)
        // So that what is read back comes from the disk.
        posix_fadvise(copy, 0, 0, POSIX_FADV_DONTNEED)
        return copied
    }

    /// A symbolic link, a pipe or a device.
    package func special(_ name: Bytes, as newName: Bytes) throws(Fault) -> LostAttributes {
        let answer = name.withCString { old in
            newName.withCString { cl_copy_special(source.descriptor, old, target.descriptor, $0) }
        }
        return LostAttributes(rawValue: try check(answer, "copy", source.path.appending(name)))
    }

    /// What belongs to the directory itself.
    package func attributes() throws(Fault) -> LostAttributes {
        let answer = cl_copy_attributes(target.descriptor, source.descriptor)
        return LostAttributes(rawValue: try check(answer, "set what belongs to", target.path))
    }

    /// A second name for a file, where that is possible.
    package func link(_ name: Bytes, as newName: Bytes) throws(Fault) {
        try check(
            source.layer.link(source.descriptor, name, to: target.descriptor, as: newName), "link",
            target.path.appending(newName))
    }

    private static func put(
        _ bytes: UnsafeRawBufferPointer, in file: Int32, at start: Int64, _ path: Bytes
    ) throws(Fault) {
        var done = 0
        while done < bytes.count {
            let n = pwrite(file, bytes.baseAddress! + done, bytes.count - done, off_t(start) + off_t(done))
            if n < 0, errno == EINTR { continue }
            guard n > 0 else { throw .system("write", path, n < 0 ? errno : ENOSPC) }
            done += n
        }
    }

    private static func dataRanges(_ file: Int32, _ size: Int64, _ path: Bytes) throws(Fault) -> [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        var from: Int64 = 0
        while from < size {
            var end: Int64 = 0
            let start = cl_next_data(file, from, &end)
            if start == -Int64(ENXIO) { break }
            // A file system that knows of no holes.
            if start == -Int64(EINVAL) || start == -Int64(EOPNOTSUPP) { return [0..<size] }
            guard start >= 0 else { throw .system("read", path, Int32(-start)) }
            guard start < end, start < size else { break }
            ranges.append(start..<min(end, size))
            from = end
        }
        return ranges
    }
}
