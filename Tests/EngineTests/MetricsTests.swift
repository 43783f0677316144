@testable import Config
import Foundation
import Model
import Retention
@testable import State
import Support
import Testing

@testable import Engine

@Suite("metrics")
struct MetricsTests {
    private let now = Moment(wall: Timestamp(rfc3339: "2026-11-24T04:00:00Z")!, boot: 1, bootID: "b")

    private func backup(_ series: Bytes, _ n: Int, condition: Backup.Condition = .complete) -> Backup {
        let member = Backup.Member(
            path: Bytes("f\(n)"), object: ObjectID(text: "o\(n)"), inode: UInt64(n), isDirectory: false, size: 10,
            mtime: now.wall, ctime: now.wall)
        return Backup(
            id: BackupID(object: UInt64(n)), vault: VaultID(text: "v"), series: series, members: [member],
            time: now.wall.adding(seconds: -Int64(n)), timeSource: .name, condition: condition, note: "", size: 10,
            allocated: 4096, mode: 0, uid: 0, gid: 0, observedSince: now.wall, changedBoot: 0, changedBootID: "b")
    }

    private func view(_ present: [Backup]) -> VaultView {
        var view = VaultView(configuration: .bare("dumps"), at: now)
        view.present = present
        view.freshness = SeriesFreshness.all(present, protection: .init(), now: now)
        return view
    }

    private func lines(_ metrics: Metrics) -> [String] {
        String(decoding: metrics.text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func metrics(_ view: VaultView, _ counted: Counters.Vault = .init(), room: Int = Metrics.mostSeries)
        -> Metrics
    {
        var metrics = Metrics()
        var room = room
        metrics.add(view, counted, run: nil, heartbeat: nil, room: &room)
        return metrics
    }

    @Test("any bytes of a name are escaped, and two names never become one sample")
    func labels() throws {
        let evil = Bytes([UInt8](#"a"b\c"#.utf8) + [0x0A] + [UInt8]("*".utf8))
        let raw = Bytes([0xFF, UInt8(ascii: "*")])
        // The text that stands for the name above, as a name of its own; and the one for all others.
        let twin = Bytes(raw.display)
        let composed = Bytes("\u{E9}*")
        let decomposed = Bytes("e\u{301}*")
        let names = [evil, raw, twin, composed, decomposed, Bytes(Metrics.others)]
        let text = lines(metrics(view(names.enumerated().map { backup($1, $0) })))
        let found = text.filter { $0.hasPrefix("reprieve_apparent_bytes{") }
        #expect(found.count == names.count && Set(found.map { Bytes($0) }).count == names.count)
        #expect(found.contains(#"reprieve_apparent_bytes{vault="dumps",series="a\"b\\c\n*"} 10"#))
        #expect(found.contains { $0.contains(#"series="\\xff*"}"#) })
        #expect(found.contains { $0.contains(#"series="(others) ("#) })
    }

    @Test("counts, sizes and times are what the view has")
    func figures() throws {
        var trashed = backup("a", 7)
        trashed.state = .trashed
        var view = view([backup("a", 1), backup("a", 2, condition: .settling), backup("b", 3)])
        view.trashed = [trashed]
        var counted = Counters.Vault()
        counted.deeds["gone"] = Counters.Deeds()
        counted.deeds["gone"]?.purged = 4
        var mark = Mark(kind: .frozen, target: Mark.vaultTarget, reason: "r", actor: "a", at: now.wall)
        mark.cause = FreezeCause.clock.rawValue
        view.freezes = [mark]
        let text = lines(metrics(view, counted))
        for line in [
            #"reprieve_backups{vault="dumps",series="a",state="present",condition="complete"} 1"#,
            #"reprieve_backups{vault="dumps",series="a",state="present",condition="settling"} 1"#,
            #"reprieve_backups{vault="dumps",series="a",state="trashed",condition="complete"} 1"#,
            #"reprieve_apparent_bytes{vault="dumps",series="a"} 20"#,
            #"reprieve_allocated_bytes{vault="dumps",series="a"} 8192"#,
            #"reprieve_trash_bytes{vault="dumps",series="a"} 4096"#,
            #"reprieve_trash_bytes{vault="dumps",series="b"} 0"#,
            #"reprieve_newest_complete_timestamp_seconds{vault="dumps",series="a"} 1795492799"#,
            #"reprieve_purged_total{vault="dumps",series="gone"} 4"#,
            #"reprieve_freezes{vault="dumps",reason="clock"} 1"#, #"reprieve_freezes{vault="dumps",reason="person"} 0"#,
            #"reprieve_vault_reachable{vault="dumps"} 1"#,
        ] {
            #expect(text.contains(line), "\(line)")
        }
        #expect(!text.contains { $0.contains("reprieve_rhythm_seconds{") }, "two backups are no rhythm")
        // What looks wrong is counted as that, though its row says that it is complete.
        view.protection.suspicion.suspects[3] = "tiny"
        view.freshness = SeriesFreshness.all(view.present, protection: view.protection, now: now)
        let suspect = lines(metrics(view))
        for line in [
            #"reprieve_backups{vault="dumps",series="b",state="present",condition="suspect"} 1"#,
            #"reprieve_newest_unusable{vault="dumps",series="b"} 1"#,
            #"reprieve_newest_unusable{vault="dumps",series="a"} 0"#,
        ] {
            #expect(suspect.contains(line), "\(line)")
        }
    }

    @Test("more series than there is room for are summed up under one name, and nothing is lost")
    func bounded() throws {
        let series = 40
        let backups = (0..<series).flatMap { n in (0..<3).map { backup(Bytes("s\(100 + n)"), n * 3 + $0) } }
        let bounded = metrics(view(backups), room: 10)
        #expect(bounded[.apparent].count == 11)
        #expect(bounded[.apparent].total { $0.value } == Int64(series * 30))
        #expect(lines(bounded).contains(#"reprieve_series_omitted{vault="dumps"} 30"#))
        #expect(lines(bounded).contains(#"reprieve_apparent_bytes{vault="dumps",series="(others)"} 900"#))
    }

    /// `RECORD_SNAPSHOTS=1` rewrites it.
    @Test("docs/reference/metrics.md is the list of metrics")
    func reference() throws {
        let file = Self.root.appending(path: "docs/reference/metrics.md")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try Data(Metric.reference.utf8).write(to: file)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == Metric.reference)
    }

    @Test(
        "alert rules and dashboard use only metrics that exist, with labels that they have",
        arguments: [
            "config/prometheus/reprieve.rules.yml", "config/prometheus/reprieve.rules.test.yml",
            "config/grafana/reprieve.json",
        ])
    func used(_ path: String) throws {
        let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        let known = Set(Metric.allCases.map(\.name))
        let words = text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }.map(String.init)
        let used = Set(words.filter { $0.hasPrefix("reprieve_") })
        #expect(!used.isEmpty && used.isSubset(of: known), "unknown: \(used.subtracting(known))")
        // What stands in braces behind a name.
        for match in text.matches(of: /(reprieve_[a-z_]+)\{([^}$]*)\}/) {
            guard let metric = Metric(rawValue: String(match.1)) else { continue }
            for label in match.2.matches(of: /([a-z_]+)(=|!=|=~|!~)\\?"/) {
                #expect(metric.labels.contains(String(label.1)), "\(path): \(metric.name) has no label \(label.1)")
            }
        }
    }

    static let root = repository
}
