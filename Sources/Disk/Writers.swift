internal import CLinux
internal import Glibc
package import Model

/// Whether somebody has a file open for writing, or mapped so that he may write.
package enum WriterAnswer: Hashable, Sendable {
    case free, written
    /// No leases on this file system, or not for us: only the quiet period can tell.
    case unsupported

    /// What two files are together.
    package func and(_ other: WriterAnswer) -> WriterAnswer {
        if self == .written || other == .written { return .written }
        return self == .unsupported || other == .unsupported ? .unsupported : .free
    }
}

/// A read lease on a file, held over its rename. A rename does not break it; an open for writing does.
package final class Lease: Sendable {
    private let layer: any FileLayer
    private let file: Int32
    /// What was so when it was taken.
    package let first: WriterAnswer

    init(_ layer: any FileLayer, _ file: Int32, _ first: WriterAnswer) {
        self.layer = layer
        self.file = file
        self.first = first
    }

    deinit { if file >= 0 { layer.close(file) } }

    /// What is so now. *Free* means that nobody opened it for writing since.
    package var answer: WriterAnswer {
        guard first == .free else { return first }
        return layer.holdsLease(file) ? .free : .written
    }

    static func answer(_ taken: Int32) -> WriterAnswer {
        switch taken {
        case 0...: .free
        case -EAGAIN: .written
        default: .unsupported
        }
    }
}

/// Asks of several files of a directory who writes one of them.
package struct WriterSearch {
    let directory: Directory

    package init(in directory: Directory) { self.directory = directory }

    /// Of the newest of a set's members, all of this directory.
    package func writer(ofNewest count: Int = NewestFiles.probed, of members: [Sighting]) -> WriterAnswer {
        var newest = NewestFiles(capacity: count)
        for member in members where member.kind == .file {
            newest.consider(member.name, mtime: member.mtime, ctime: member.ctime)
        }
        return writer(ofAny: newest)
    }

    /// Of the newest files of the whole tree below this directory, which is one backup.
    package func writer(ofNewest count: Int = NewestFiles.probed) throws(Fault) -> WriterAnswer {
        writer(ofAny: try newestFiles(count))
    }

    /// Newest first, until one is being written.
    private func writer(ofAny files: NewestFiles) -> WriterAnswer {
        var all = WriterAnswer.free
        for path in files.newestFirst {
            do {
                all = all.and(FileLook(path.lastComponent, in: try directory.open(path.parent)).writer())
            } catch {
                all = all.and(.unsupported)  // it changes while we look
            }
            if all == .written { break }
        }
        return all
    }

    /// The regular files below this directory that changed last. No link is followed, no mount crossed; what vanishes
    /// meanwhile is left out.
    package func newestFiles(_ count: Int = NewestFiles.probed) throws(Fault) -> NewestFiles {
        var visitor = NewestVisitor(newest: NewestFiles(capacity: count))
        var walk = TreeWalk(below: directory)
        _ = try walk.run(&visitor, shouldStop: { false })
        return visitor.newest
    }
}

private struct NewestVisitor: TreeVisitor {
    var newest: NewestFiles

    mutating func visit(file stat: cl_stat, at place: () -> Bytes) {
        guard stat.mode & S_IFMT == S_IFREG else { return }
        newest.consider(
            place(), mtime: Timestamp(nanoseconds: stat.mtime), ctime: Timestamp(nanoseconds: stat.ctime))
    }

    mutating func visit(directory stat: cl_stat) {}
    mutating func meet(_ obstacle: Obstacle) {}
}

/// What a file system says of itself.
package struct FileSystem: Sendable {
    /// Its UUID, or type and fsid, in hexadecimal.
    package var id: String
    /// `f_type` of statfs.
    package var type: Int
    package var totalBytes: Int64
    package var availableBytes: Int64
    /// 0: it has no fixed number of them (btrfs).
    package var totalInodes: Int64
    package var freeInodes: Int64

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
        (totalInodes, freeInodes) = (Int64(clamping: files), Int64(clamping: free))
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

/// What would end or hurt a process before it has done anything.
package enum Signals {
    /// SIGIO (a broken lease), SIGXFSZ (a file over its limit) and SIGPIPE would each end the process.
    package static func ignoreFatal() {
        precondition(cl_ignore_signals() == 0, "these signals can always be ignored")
    }

    /// Closed standard descriptors are taken before a file of ours is opened as one of them.
    package static func occupyStandardDescriptors() {
        precondition(cl_occupy_standard_descriptors() == 0, "the lowest descriptor is given out first")
    }
}
