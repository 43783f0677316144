import Foundation
import Testing

/// Many vaults alike in one house, on one disk: settling takes seconds, so they are made ready together.
///
/// In each are two series of three: files, the first with a checksum beside it, and directories. Two of each stay.
final class ManyVaults {
    struct OneOfMany: Sendable {
        let label: String
        let root: URL
        let ledger: ContentRecord
        /// Of what is in the trash, by path.
        var ids: [String: String] = [:]

        var trash: URL { root.appending(path: ".trash", directoryHint: .isDirectory) }
        var batch: URL? {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: trash.path)) ?? []
            return names.filter { $0.hasPrefix("2") }.min().map { trash.appending(path: $0) }
        }
    }

    enum Stage { case planned, condemned, due }

    let house: CLIFixture
    let disk: Disk
    private let stage: Stage
    private let atOnce: Int
    private var ready: [OneOfMany] = []
    private var all: [OneOfMany] = []
    private var count = 0

    /// What goes of each vault.
    static let going: Set<String> = [
        "app/orders-\(CLIFixture.day(1)).dump", "app/orders-\(CLIFixture.day(1)).dump.sha256",
        "web/site-\(CLIFixture.day(1))/index",
        "web/site-\(CLIFixture.day(1))/deep/data",
    ]

    init(_ kind: Disk.Kind, _ stage: Stage, atOnce: Int) throws {
        disk = try Disk(kind)
        house = try CLIFixture(vault: disk.root.appending(path: "first"))
        self.stage = stage
        self.atOnce = atOnce
    }

    /// The next vault that is ready.
    func next() throws -> OneOfMany {
        if ready.isEmpty { try refill() }
        return ready.removeFirst()
    }

    private func refill() throws {
        let numbers = count..<(count + atOnce)
        count += atOnce
        let plots = try numbers.map { n in
            let root = disk.root.appending(path: "v\(n)", directoryHint: .isDirectory)
            try Self.fill(root, house)
            return OneOfMany(label: "v\(n)", root: root, ledger: try ContentRecord(of: root))
        }
        all += plots
        let grace = stage == .due ? "1s" : "1h"
        let vaults = all.map { "  \($0.label): { path: \($0.root.path) }" }
        try house.write(
            house.config,
            """
            timezone: Europe/Berlin
            defaults:
                keep: { last: 2 }
                grace-period: \(grace)
            \(CLIFixture.settings)
            vaults:
            \(vaults.joined(separator: "\n"))
            """)
        let labels = plots.map(\.label)
        try house.wait("the new ones to settle", seconds: 90) {
            let backups = try house.run(["list"] + labels + ["--json"]).json()["backups"] as? [[String: Any]] ?? []
            return backups.count == 6 * labels.count && backups.allSatisfy { $0["complete"] as? Bool == true }
        }
        // min-age and min-observed-age of one second.
        try house.pass(1.1)
        _ = try house.run(["plan"] + labels)
        if stage != .planned {
            let outcome = try house.run(["cleanup"] + labels + ["--approve"])
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
        }
        if stage == .due { try house.pass(1.2) }
        ready = plots
        guard stage == .condemned else { return }
        for backup in try house.list("--trash") {
            let label = backup["vault"] as? String
            guard let n = ready.firstIndex(where: { $0.label == label }), let path = backup["path"] as? String else {
                continue
            }
            ready[n].ids[path] = backup["id"] as? String
        }
    }

    private static func fill(_ root: URL, _ house: CLIFixture) throws {
        for day in 1...3 {
            let date = CLIFixture.day(day)
            for name in ["app/orders-\(date).dump", "web/site-\(date)/index", "web/site-\(date)/deep/data"] {
                try house.write(root.appending(path: name), "\(root.lastPathComponent): content of \(name)")
            }
        }
        let sum = "app/orders-\(CLIFixture.day(1)).dump.sha256"
        try house.write(root.appending(path: sum), "\(root.lastPathComponent): content of \(sum)")
    }
}

/// What was in a directory, by content: each file's is its own, so it is found again wherever it went.
struct ContentRecord: Sendable {
    /// The path of each content.
    let paths: [String: String]

    init(of root: URL) throws {
        var paths: [String: String] = [:]
        for (path, content) in Self.files(below: root) where !path.hasPrefix(".trash/") { paths[content] = path }
        self.paths = paths
    }

    /// Where each content is now, in these places together. A second name that was given up does not count.
    func places(in roots: [URL]) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for root in roots {
            for (path, content) in Self.files(below: root) {
                guard let name = paths[content] else { continue }
                found[name, default: []].append(path)
            }
        }
        return found
    }

    /// Every content is whole in exactly one place, and none of what stays is in the trash; but for `gone`, of which
    /// none may be there.
    func expectWhole(
        in roots: [URL], going: Set<String> = [], mayBeGone: Set<String> = [], _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let found = places(in: roots)
        for name in paths.values {
            let places = found[name] ?? []
            // Where RENAME_NOREPLACE is missing a restored file has two names for a moment.
            let most = Tracing.isWithoutNoReplace ? 2 : 1
            let isWhole = (1...most).contains(places.count) || places.isEmpty && mayBeGone.contains(name)
            #expect(isWhole, "\(what): \(name) is at \(places)", sourceLocation: sourceLocation)
            let isTrashed = places.contains { $0.hasPrefix(".trash/") }
            #expect(
                !isTrashed || going.contains(name), "\(what): \(name) was kept, and is at \(places)",
                sourceLocation: sourceLocation)
        }
    }

    /// Every name with its inode, owner, mode, times and content: nothing of it changes unseen.
    static func whole(_ root: URL) throws -> Set<String> {
        let outcome = try CLIFixture.launch(["/usr/bin/find", root.path, "-printf", "%P %y %i %m %u %s %T@ %C@\n"])
        let names = outcome.out.split(separator: "\n").map(String.init)
        return Set(names + files(below: root).map { "\($0.0): \($0.1)" })
    }

    /// Path and content of every regular file, no link followed.
    static func files(below root: URL) -> [(String, String)] {
        let all = FileManager.default.enumerator(atPath: root.path)?.allObjects as? [String] ?? []
        return all.compactMap { path in
            let whole = root.path + "/" + path
            var status = stat()
            guard lstat(whole, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                status.st_nlink == 1 || !path.hasPrefix(".trash/.purging-"),
                let data = FileManager.default.contents(atPath: whole)
            else { return nil }
            return (path, String(decoding: data, as: UTF8.self))
        }
    }
}
