import Foundation
import Testing

/// A real file system in a file (or a tmpfs), mounted for one test and unmounted with it, however the test ends.
final class Disk {
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case ext4, xfs, btrfs, tmpfs

        var testDescription: String { rawValue }

        var make: [String] {
            switch self {
            case .ext4: ["mkfs.ext4", "-q", "-F"]
            case .xfs: ["mkfs.xfs", "-q", "-f"]
            case .btrfs: ["mkfs.btrfs", "-q", "-f"]
            case .tmpfs: []
            }
        }
    }

    /// In CI these tests are never left out: there they fail where nothing can be mounted.
    static let canMount = ProcessInfo.processInfo.environment["CI"] != nil || geteuid() == 0

    let root: URL
    private let image: URL

    init(_ kind: Kind, megabytes: Int = 384) throws {
        let base = FileManager.default.temporaryDirectory.appending(
            path: "reprieve-disk-\(UInt64.random(in: 0 ... .max))", directoryHint: .isDirectory)
        root = base.appending(path: "mounted", directoryHint: .isDirectory)
        image = base.appending(path: "image")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        if kind == .tmpfs {
            try Self.run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "none", root.path])
            return
        }
        #expect(FileManager.default.createFile(atPath: image.path, contents: nil))
        #expect(truncate(image.path, off_t(megabytes << 20)) == 0)
        try Self.run(kind.make + [image.path])
        try Self.run(["mount", "-o", "loop", image.path, root.path])
    }

    deinit {
        // Whatever still stands in it is let go when it is closed.
        _ = try? Self.run(["umount", "-l", root.path])
        try? FileManager.default.removeItem(at: root.deletingLastPathComponent())
    }

    static func run(_ command: [String]) throws {
        let outcome = try CLIFixture.launch(["/usr/bin/env"] + command)
        guard outcome.status == 0 else {
            Issue.record("\(command.joined(separator: " ")): \(outcome.error)")
            throw CancellationError()
        }
    }
}
