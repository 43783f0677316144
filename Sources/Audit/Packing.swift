internal import CZlib
internal import Disk
internal import Glibc
internal import Model

/// Packs a part of the log, so that `zcat` reads it.
enum Packing {
    /// On stable storage, and read back whole, when this returns; the name is not.
    static func pack(_ plain: Bytes, to packed: Bytes, in directory: Directory) throws(Fault) {
        guard let old = try directory.ownFiles.open(plain, O_RDONLY),
            let new = try directory.ownFiles.open(packed, O_RDWR | O_CREAT | O_EXCL, mode: 0o640)
        else { return }
        defer { withExtendedLifetime((old, new)) {} }
        let (source, target, plain, packed) = (old.descriptor, new.descriptor, old.path, new.path)
        LogFile.copyAccess(from: source, to: target)
        let (count, sum) = try deflate(source, plain, to: target, packed)
        guard fsync(target) == 0 else { throw .system("sync", packed, errno) }
        guard try checksum(target, packed) == (count, sum) else {
            throw Fault(
                .damaged, "could not pack '\(plain.display)': it was not read back as it was written", path: packed)
        }
        keepTimes(source, target)
    }

    private static func deflate(
        _ source: Int32, _ plain: Bytes, to target: Int32, _ packed: Bytes
    ) throws(Fault) -> (count: Int, sum: UInt) {
        // zlib closes its descriptor, and says only then whether all was written.
        let own = fcntl(target, F_DUPFD_CLOEXEC, 0)
        guard own >= 0, let file = gzdopen(own, "wb6") else { throw .system("write", packed, errno) }
        var failed: Fault?
        var (count, sum) = (0, crc32(0, nil, 0))
        do throws(Fault) {
            while true {
                let bytes = try PlainFile.read(source, 1 << 20, at: count, plain)
                guard !bytes.isEmpty else { break }
                guard gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count) else {
                    throw .system("write", packed, errno == 0 ? EIO : errno)
                }
                sum = crc32(sum, bytes, UInt32(bytes.count))
                count += bytes.count
            }
        } catch {
            failed = error
        }
        let closed = gzclose(file)
        if let failed { throw failed }
        guard closed == Z_OK else { throw .system("write", packed, errno == 0 ? EIO : errno) }
        return (count, UInt(sum))
    }

    private static func checksum(_ packed: Int32, _ path: Bytes) throws(Fault) -> (count: Int, sum: UInt) {
        let source = try LineSource(packed, path)
        var (count, sum) = (0, crc32(0, nil, 0))
        while let bytes = try source.next() {
            sum = crc32(sum, bytes, UInt32(bytes.count))
            count += bytes.count
        }
        // A part that was torn off ends without an end of line.
        sum = crc32(sum, source.rest, UInt32(source.rest.count))
        return (count + source.rest.count, UInt(sum))
    }

    /// For people who look at the directory: when the last record was written.
    private static func keepTimes(_ source: Int32, _ target: Int32) {
        var stat = stat()
        guard fstat(source, &stat) == 0 else { return }
        _ = withUnsafePointer(to: (stat.st_atim, stat.st_mtim)) { times in
            times.withMemoryRebound(to: timespec.self, capacity: 2) { futimens(target, $0) }
        }
    }
}
