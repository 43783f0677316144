package import Disk
package import Foundation
internal import Glibc
internal import Model
package import Testing

/// A real file system in a file, mounted for one test and unmounted with it, however the test ends.
package final class LoopDisk {
    package enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case ext4
        /// Does not list the type of an entry.
        case ext4Untyped = "ext4 without types"
        case xfs, btrfs

        package var testDescription: String { rawValue }

        fileprivate var make: [String] {
            switch self {
            case .ext4: ["mkfs.ext4", "-q", "-F", "-b", "4096"]
            case .ext4Untyped: ["mkfs.ext4", "-q", "-F", "-b", "4096", "-O", "^filetype"]
            case .xfs: ["mkfs.xfs", "-q", "-f"]
            case .btrfs: ["mkfs.btrfs", "-q", "-f"]
            }
        }
    }

    /// Where there is no root, tests on loop-mounted disks are skipped, and say so.
    package static let isPossible = geteuid() == 0 && FileManager.default.fileExists(atPath: "/dev/loop-control")
    package static let whySkipped: Comment = "needs root and loop devices: file systems are mounted"

    private let scratch: Scratch
    package let url: URL

    /// xfs takes no less than 300 MB; the file is sparse.
    package init(_ kind: Kind, megabytes: UInt64 = 384) throws {
        scratch = try Scratch()
        url = scratch.url.appending(path: "disk", directoryHint: .isDirectory)
        let image = scratch.url.appending(path: "image").path
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: image, contents: nil))
        #expect(truncate(image, off_t(megabytes << 20)) == 0)
        try Self.run(kind.make + [image])
        try Self.run(["mount", "-o", "loop", image, url.path])
    }

    deinit { _ = try? Self.run(["umount", "-l", url.path]) }

    package func open(_ path: String = "") throws -> Directory {
        try Directory.open(absolute: Bytes(path.isEmpty ? url.path : url.appending(path: path).path))
    }

    /// The disk stays mounted until it is measured, whatever the optimizer thinks of its lifetime.
    package func measure(_ path: String) throws -> TreeMeasure { try TreeMeasure(of: open(path)) }

    /// `url` with a path below it, for tools.
    package func path(_ path: String) -> String { url.appending(path: path).path }

    package func write(_ path: String, bytes: Int = 1) throws {
        let file = url.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(repeating: 0x61, count: bytes).write(to: file)
    }

    package func link(_ old: String, _ new: String) throws {
        let file = url.appending(path: new)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try #require(Glibc.link(path(old), file.path) == 0)
    }

    /// Bytes of the file system that are free, everything written.
    package func free() throws -> Int64 {
        sync()
        return try FileSystem(of: open()).availableBytes
    }

    @discardableResult
    package static func run(_ command: [String], in directory: String? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        if let directory { process.currentDirectoryURL = URL(filePath: directory) }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command.joined(separator: " ")): \(text)")
        return text
    }
}
