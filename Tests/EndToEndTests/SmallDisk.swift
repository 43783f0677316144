import Foundation
import Testing

/// What tests of limits share: a vault on a tmpfs of 64 MiB, and backups of some size in it.
protocol SmallDiskTests {}

extension SmallDiskTests {
    var mebibyte: Int { 1 << 20 }

    /// A house whose vault lies on a tmpfs of 64 MiB.
    func house(
        _ disk: Disk, keep: String = "{ last: 2 }", limits: String, minGrace: String = "1s", more: String = ""
    ) throws -> CLIFixture {
        let house = try CLIFixture(vault: disk.root.appending(path: "dumps", directoryHint: .isDirectory))
        try configure(house, keep: keep, limits: limits, minGrace: minGrace, more: more)
        return house
    }

    func configure(
        _ house: CLIFixture, keep: String = "{ last: 2 }", limits: String, minGrace: String = "1s", more: String = ""
    ) throws {
        try house.write(
            house.config,
            """
            timezone: Europe/Berlin
            vaults:
              dumps:
                path: \(house.vault.path)
                keep: \(keep)
                grace-period: 1h
                quiet-period: 1s
                min-age: 1s
                min-observed-age: 1s
                min-grace: \(minGrace)
                limits: \(limits)
            \(more)
            """)
    }

    func put(_ house: CLIFixture, _ days: ClosedRange<Int>, mebibytes: Int = 4, series: String = "app/orders") throws {
        for day in days { try big(house.vault.appending(path: name(day, series)), mebibytes) }
    }

    func big(_ url: URL, _ mebibytes: Int) throws {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(repeating: 0x78, count: mebibytes * mebibyte).write(to: url)
    }

    func name(_ day: Int, _ series: String = "app/orders") -> String {
        "\(series)-\(CLIFixture.day(day)).dump"
    }

    func free(_ disk: Disk) -> (bytes: Int, inodes: Int) {
        var stat = statvfs()
        #expect(statvfs(disk.root.path, &stat) == 0)
        return (Int(stat.f_bavail) * Int(stat.f_frsize), Int(stat.f_ffree))
    }

    func paths(_ outcome: CLIFixture.Outcome, _ key: String = "backups") throws -> [String] {
        let found = try #require(try outcome.json()[key] as? [[String: Any]], "\(outcome.out)\(outcome.error)")
        return found.compactMap { $0["path"] as? String }.sorted()
    }

    func reasons(_ house: CLIFixture, _ event: String) throws -> [String] {
        try house.events().filter { $0["event"] as? String == event }.compactMap { $0["reason"] as? String }
    }
}
