import Foundation
import Testing

/// A house with real disks: images on loop devices, mounted where a test wants them, and FUSE servers that can be
/// stopped. ``end()`` ends agents and servers, unmounts and detaches, whatever state a failed test left behind.
final class DiskFixture {
    let house: CLIFixture
    private var mounts: [String] = []
    private var devices: [String] = []
    private var servers: [Process] = []

    /// Where mounting is possible; where CI is set it must be, and a test fails.
    static let isUsable = geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] != nil

    private init(keep: String, more: String) throws { house = try CLIFixture(keep: keep, more: more) }

    /// Runs a test with a rack of its own.
    static func with(keep: String = "{ last: 2 }", more: String = "", _ body: (DiskFixture, CLIFixture) throws -> Void)
        throws
    {
        let rack = try DiskFixture(keep: keep, more: more)
        defer { rack.end() }
        try body(rack, rack.house)
    }

    private func end() {
        house.endAgents()
        for server in servers where server.isRunning {
            kill(server.processIdentifier, SIGCONT)
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        for place in mounts.reversed() { _ = try? CLIFixture.launch(["/usr/bin/umount", "-l", place]) }
        for device in devices { _ = try? CLIFixture.launch(["/usr/sbin/losetup", "-d", device]) }
    }

    // MARK: Disks

    enum Kind: String, CaseIterable, Sendable {
        case ext4, xfs, btrfs

        var megabytes: UInt64 {
            switch self {
            case .ext4: 16
            case .xfs: 300
            case .btrfs: 110
            }
        }
    }

    /// A fresh disk of a kind; answers its device.
    func disk(_ label: String, _ kind: Kind = .ext4) throws -> String {
        let image = house.root.appending(path: "\(label).img")
        _ = FileManager.default.createFile(atPath: image.path, contents: nil)
        try FileHandle(forWritingTo: image).truncate(atOffset: kind.megabytes << 20)
        try tool("/usr/sbin/mkfs.\(kind.rawValue)", kind == .ext4 ? "-qL" : "-L", label, image.path)
        let device = try tool("/usr/sbin/losetup", "-f", "--show", image.path)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        devices.append(device)
        return device
    }

    func mount(_ arguments: String...) throws {
        try tool("/usr/bin/mount", arguments)
        if let place = arguments.last, !arguments.contains(where: { $0.hasPrefix("remount") }) { mounts.append(place) }
    }

    /// The agent looks now and then; who unmounts at that very moment repeats it.
    func unmount(_ place: String, lazily: Bool = false) throws {
        var outcome: CLIFixture.Outcome?
        for _ in 0..<10 {
            outcome = try CLIFixture.launch(["/usr/bin/umount"] + (lazily ? ["-l"] : []) + [place])
            guard outcome?.status != 0 else { break }
            usleep(50_000)
        }
        try #require(outcome?.status == 0, "\(outcome?.error ?? "")")
        if let n = mounts.lastIndex(of: place) { mounts.remove(at: n) }
    }

    /// Shows a directory at another place through a FUSE server of our own.
    func serve(_ directory: String, at place: String) throws -> Process {
        let server = Process()
        server.executableURL = URL(filePath: "/usr/bin/bindfs")
        server.arguments = ["-f", directory, place]
        server.standardInput = FileHandle.nullDevice
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        servers.append(server)
        mounts.append(place)
        try house.wait("the FUSE server") {
            try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).contains(" \(place) ")
        }
        return server
    }

    @discardableResult
    func tool(_ path: String, _ arguments: String...) throws -> String { try tool(path, arguments) }

    @discardableResult
    private func tool(_ path: String, _ arguments: [String]) throws -> String {
        let outcome = try CLIFixture.launch([path] + arguments)
        try #require(outcome.status == 0, "\(path) \(arguments): \(outcome.error)")
        return outcome.out
    }
}

extension CLIFixture {
    /// One vault of `status --json`.
    func status(_ vault: String = "dumps") throws -> [String: Any] {
        let vaults = try run("status", "--json", "--wait", "2s").json()["vaults"] as? [[String: Any]]
        return try #require(vaults?.first { $0["vault"] as? String == vault })
    }

    func state(_ vault: String = "dumps") throws -> String { try #require(try status(vault)["state"] as? String) }

    /// Waits until a vault is shown in a state.
    func wait(for state: String, of vault: String = "dumps") throws {
        var last = ""
        try wait("'\(vault)' to be \(state)", seconds: 40) {
            last = try self.state(vault)
            return last == state
        }
    }

    /// The law of every row: whatever is mounted, nothing is taken for deleted, and nothing is deleted.
    func expectNothingLost(since count: Int) throws {
        let wrong: Set<String> = [
            "backup.missing", "backup.vanished", "backup.condemned", "backup.deleted", "condemn.intent", "vault.frozen",
        ]
        let events = try events().dropFirst(count).compactMap { $0["event"] as? String }
        #expect(wrong.intersection(events).isEmpty, "\(events)")
    }

    func addVault(_ name: String, _ path: String, _ settings: String = "keep: { last: 2 }, quiet-period: 1s") throws {
        let text = try String(contentsOf: config, encoding: .utf8)
        try write(config, text + "\n  \(name): { path: \(path), \(settings) }\n")
    }
}

extension CLIFixture.Outcome {
    /// All that was said, however its lines were broken.
    var said: String { (out + error).split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
