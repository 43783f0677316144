import Foundation
import Testing

/// Fifty directories as people have them: `init -y`, then `plan`, without an edit. A `backup` line is one series, a
/// `side` goes with one, an `other` is never touched, and of an `either` nothing is expected.
@Suite("listings", .serialized)
struct ListingTests {
    private struct Score {
        var (series, right) = (0, 0)
        var wrong: [String] = []
    }

    @Test(
        "series and times are right without an edit, and nothing goes that is not a backup",
        arguments: ["nas", "hosting", "ci", "router", "game"])
    func listings(name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Listings/\(name).txt")
        let listings = Listing.all(try String(contentsOf: file, encoding: .utf8))
        #expect(listings.count == 10)
        var score = Score()
        for listing in listings { try judge(listing, &score) }
        let share = Double(score.right) / Double(score.series)
        #expect(share >= 0.95, "\(score.right) of \(score.series): \(score.wrong.joined(separator: "\n"))")
        print("\(name): \(score.right) of \(score.series) series are right\n\(score.wrong.joined(separator: "\n"))")
    }

    private func judge(_ listing: Listing, _ score: inout Score) throws {
        let house = try CLIFixture()
        try FileManager.default.removeItem(at: house.config)
        let made = try listing.make(in: house.vault, now: Date())
        let told = try house.run("init", "-y", house.vault.path)
        #expect(told.status == 0, "\(listing.title): \(told.error)")
        var config = try String(contentsOf: house.config, encoding: .utf8)
        config = "timezone: UTC\n" + config.replacing("    path:", with: CLIFixture.settings + "\n    path:")
        try house.write(house.config, config)
        _ = try house.list()
        try house.pass(1.1)
        let list = try house.list()
        var (series, times): ([String: String], [String: Date]) = ([:], [:])
        for backup in list {
            guard let key = backup["series_key"] as? String, let path = backup["path"] as? String else { continue }
            let sides = (backup["side_files"] as? [String] ?? []).map { file in
                file.contains("/") ? file : (path as NSString).deletingLastPathComponent + "/" + file
            }
            for file in [path] + sides { series[file] = key }
            times[path] = try (backup["time"] as? String).map { try Date($0, strategy: .iso8601) }
        }
        /// A file of a dated directory is part of the backup that the directory is.
        func unit(_ path: String) -> String? {
            var path = path
            while !path.isEmpty {
                if series[path] != nil { return path }
                path = (path as NSString).deletingLastPathComponent
            }
            return nil
        }
        // A key that two different things share is wrong for both.
        var tags: [String: Set<String>] = [:]
        for (line, paths) in zip(listing.lines, made) where line.isBackup {
            for (path, _) in paths { if let key = series[path] { tags[key, default: []].insert(line.tag) } }
        }
        for (line, paths) in zip(listing.lines, made) where line.isBackup {
            score.series += 1
            let keys = Set(paths.map { unit($0.path).flatMap { series[$0] } ?? "not read" })
            let isShared = keys.contains { (tags[$0]?.count ?? 0) > 1 }
            // A name without a time of day is of midnight, and that of a host west of Greenwich of the day before.
            let late = paths.first { path, time in abs(times[path]?.timeIntervalSince(time) ?? 0) > 86_400 }
            if keys.count == 1, !keys.contains("not read"), !isShared, late == nil {
                score.right += 1
            } else {
                score.wrong.append(
                    "\(listing.title.prefix(30)): \(line.path) e.g. \((late ?? paths[0]).path) -> \(keys.sorted().prefix(3))"
                )
            }
        }
        let plan = try house.run("plan", "--json").json()
        let gone = going(plan)
        for (line, paths) in zip(listing.lines, made) where ["other", "other/", "link"].contains(line.word) {
            #expect(gone.isDisjoint(with: paths.map(\.path)), "\(listing.title): \(line.path)")
        }
    }

    private func going(_ plan: [String: Any]) -> Set<String> {
        var found: Set<String> = []
        func walk(_ value: Any) {
            if let object = value as? [String: Any] {
                if object["retain"] as? Bool == false, let path = object["path"] as? String { found.insert(path) }
                object.values.forEach(walk)
            } else if let array = value as? [Any] {
                array.forEach(walk)
            }
        }
        walk(plan)
        return found
    }
}
