import Audit
@testable import Config
import Disk
import Engine
import Foundation
@testable import Hooks
import Model
import Retention
@testable import State
import Support
import Testing

/// Every file of ours, and those in a vault that others may have written, with any number, cut, doubled or of another
/// kind: it is refused or read, and nothing crashes. `REPRIEVE_FUZZ_SEED` repeats a run.
@Suite("fuzz")
struct FuzzTests {
    /// A vault with all that can be known of one: trash, marks of each kind, plans, hooks, samples, counters.
    private final class Vault {
        let scratch: Scratch
        let clock = TestClock()
        let configuration: Configuration
        /// Each file as it was, by its path.
        private(set) var files: [String: Data] = [:]

        init() throws {
            scratch = try Scratch()
            clock.moment.wall = Disk.Clock.system.now().wall
            configuration = try FuzzTests.load(
                scratch,
                FuzzTests.yaml(
                    scratch,
                    "keep: { last: 3 }, quiet-period: 1s, approval: never, min-observed-age: 1s, grace-period: 3d, "
                        + "limits: { min-free: 99% }"))
            let engine = try engine()
            for day in 1...9 {
                clock.pass(seconds: 86_000)
                for series in ["app/db", "web"] {
                    let date = clock.moment.wall.rfc3339(in: .utc).prefix(10)
                    try scratch.write("v/\(series)-\(date).dump", String(repeating: "x", count: day < 7 ? 9000 : 20))
                }
                clock.pass(seconds: 400)
                _ = try engine.cleanup.run(engine.configuration.vaults[0])
            }
            _ = try engine.cleanup.run(engine.configuration.vaults[0])
            _ = try engine.purger.purge(engine.configuration.vaults[0])
            let vault = engine.configuration.vaults[0]
            let view = engine.vaultViews.views(of: [vault])[0]
            let series = try #require(view.present.first).series
            for word: PersonMarks.Word in [
                .preserve([view.present[0]], reason: "x", until: clock.moment.wall.adding(seconds: 86_400)),
                .freeze(series: [series], reason: "x", until: nil), .accept([view.present[1]], reason: "x"),
                .condemn([view.present[1]], reason: "x"),
                .retire(series, objects: [1], keep: 2, after: clock.moment.wall, reason: "x"),
            ] { _ = try engine.personMarks.apply(word, in: vault) }
            for (file, isOfState) in try names().map({ ($0, $0.hasPrefix("state/")) }) where isOfState || isRecord(file)
            {
                files[file] = try Data(contentsOf: scratch.url.appending(path: file))
            }
            #expect(files.count > 12 && files.keys.contains { $0.hasSuffix("manifest.json") }, "\(files.keys)")
        }

        func engine() throws -> Engine {
            Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
        }

        private func isRecord(_ name: String) -> Bool { name.contains(".trash/") && name.hasSuffix(".json") }

        private func names() throws -> [String] {
            let all = FileManager.default.enumerator(atPath: scratch.url.path)?.allObjects as? [String] ?? []
            return all.filter { name in
                let type = try? FileManager.default.attributesOfItem(atPath: scratch.url.path + "/" + name)[.type]
                return type as? FileAttributeType == .typeRegular
            }
        }

        /// Everything as it was, but for this file.
        func put(_ content: Data, as changed: String) throws {
            for name in try names() where name.hasPrefix("state/") && files[name] == nil {
                try FileManager.default.removeItem(at: scratch.url.appending(path: name))
            }
            for (name, data) in files {
                try (name == changed ? content : data).write(to: scratch.url.appending(path: name))
            }
        }

        /// All that reads and reckons with what is known. Faults are what is expected of a broken file.
        func use() {
            func attempt(_ body: () throws -> Void) { do { try body() } catch {} }
            attempt {
                let engine = try engine()
                let vault = engine.configuration.vaults[0]
                let views = engine.vaultViews.views(of: [vault])
                attempt { _ = try engine.planner.plan(vault) }
                attempt { _ = try engine.purger.planPurge(vault) }
                attempt { _ = try engine.selection.chooseRestore(["app/db"], before: nil, in: views) }
                for run in engine.undo.runs(in: [vault]).runs {
                    for part in run.parts { attempt { _ = try engine.undo.plan(part) } }
                }
                _ = engine.repair.inspect(acting: false)
                attempt { _ = engine.overviews.metrics(of: engine.overviews.glance()).text }
                attempt { _ = try engine.auditTrail.verifyAudit() }
                attempt { _ = try engine.auditTrail.lastAudited(3, since: nil, where: { _ in true }) }
                attempt { _ = try engine.personMarks.apply(.freeze(series: [], reason: "x", until: nil), in: vault) }
                attempt { _ = try engine.earlyPurge.run([vault], acting: false) }
                attempt { _ = try engine.purger.nextPurge(vault) }
                _ = engine.hooks.deliver(withinSeconds: 0.01)
            }
        }
    }

    private static func load(_ scratch: Scratch, _ yaml: String) throws -> Configuration {
        try scratch.write("reprieve.yaml", yaml)
        return try Configuration.load(
            Overrides(
                config: scratch.path.appending("reprieve.yaml").display,
                stateDirectory: scratch.path.appending("state").display, adHoc: nil, environment: [:]))
    }

    private static func yaml(_ scratch: Scratch, _ settings: String) -> String {
        """
        timezone: UTC
        hooks:
          h: { run: [/bin/false], on: [vault.frozen, backup.condemned] }
        vaults:
          v: { path: \(scratch.path.display)/v, \(settings) }

        """
    }

    static let seed =
        ProcessInfo.processInfo.environment["REPRIEVE_FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)

    @Test("no content of any file crashes what reads it")
    func files() throws {
        print("fuzz: REPRIEVE_FUZZ_SEED=\(Self.seed)")
        var random = Seeded(seed: Self.seed)
        let vault = try Vault()
        let names = vault.files.keys.filter { !$0.hasSuffix(".lock") }.sorted()
        for n in 0..<(isLongForm ? 40 : 1) * names.count {
            let name = names[n % names.count]
            let content = Mutation.of(vault.files[name]!, named: name, &random)
            try vault.put(content, as: name)
            vault.use()
        }
        // All as it was: the mutations were what was refused.
        try vault.put(Data(), as: "")
        #expect(try vault.engine().planner.plan(vault.configuration.vaults[0]).plan.judged.count >= 6)
    }

    @Test("every number of every file at both ends")
    func numbers() throws {
        let vault = try Vault()
        for (name, data) in vault.files.sorted(by: { $0.key < $1.key }) where Mutation.isText(name) {
            for number in ["9223372036854775807", "-9223372036854775808"] {
                try vault.put(Mutation.all(data, named: name, to: number), as: name)
                vault.use()
            }
        }
    }

    @Test("a setting with any value is refused, or a plan can be made with it")
    func settings() throws {
        let scratch = try Scratch()
        let clock = TestClock()
        for day in 1...3 { try scratch.write("v/db-2026-11-0\(day).dump") }
        let values = [
            "9223372036854775807", "-1", "0", "1e308", "99999999999999999999", "9223372036854775807d", "99999999d",
            "9999999999y", "9223372036854775807s", "[]", "~", "9223372036854775807B", "99%", "100000000000000000000%",
        ]
        let keys = [
            "quiet-period: $", "min-age: $", "cleanup-every: $", "incomplete-after: $", "min-observed-age: $",
            "min-grace: $, grace-period: $", "grace-period: $", "purge-rate: $", "safeguards: { max-condemned: $ }",
            "safeguards: { min: $ }", "safeguards: { max-condemned-bytes: $ }", "limits: { max-size: $ }",
            "limits: { min-free: $ }", "keep: { daily: $ }", "keep: { within: $ }", "keep: { window: $ }",
        ]
        var read = 0
        for setting in keys.flatMap({ key in values.map { key.replacing("$", with: $0) } }) {
            let keep = setting.hasPrefix("keep") ? "" : "keep: { last: 1 }, "
            guard let configuration = try? Self.load(scratch, Self.yaml(scratch, keep + setting)) else { continue }
            read += 1
            let engine = Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
            _ = try? engine.planner.plan(configuration.vaults[0])
            _ = try? engine.purger.planPurge(configuration.vaults[0])
        }
        #expect(read > keys.count, "\(read) can be read")
    }
}

/// What may happen to a file.
private enum Mutation {
    static let numbers = [
        "9223372036854775807", "-9223372036854775808", "18446744073709551615", "-1", "0", "1e308", "-1e308", "1.5",
        "2147483648", "4294967296", "99999999999999999999999999",
    ]
    static let values = [
        "null", "[]", "{}", "\"\"", "\"9999-12-31T23:59:59.999999999Z\"", "true", "[[[[{\"a\":[]}]]]]",
    ]

    static func isText(_ name: String) -> Bool { !name.contains(".sqlite") }

    static func of(_ data: Data, named name: String, _ random: inout Seeded) -> Data {
        guard isText(name), Int.random(in: 0..<5, using: &random) > 0 else { return bytes(data, &random) }
        var text = String(decoding: data, as: UTF8.self)
        let places = Self.places(text)
        guard let place = places.randomElement(using: &random) else { return bytes(data, &random) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: text = String(text[..<place.lowerBound])
        case 1:
            let deep = String(repeating: "[", count: 100_000)
            text.replaceSubrange(place, with: deep)
        case 2: text.replaceSubrange(place, with: values.randomElement(using: &random)!)
        case 3:
            // The member a second time, with another value.
            let line = text.lineRange(for: place)
            text.insert(contentsOf: text[line], at: line.upperBound)
        default:
            let isNumber = places.filter { text[$0].allSatisfy { $0.isNumber || $0 == "-" } }
            text.replaceSubrange(
                isNumber.randomElement(using: &random) ?? place, with: numbers.randomElement(using: &random)!)
        }
        return Data(text.utf8)
    }

    /// Every number, of a log those of the last line.
    static func all(_ data: Data, named name: String, to number: String) -> Data {
        var text = String(decoding: data, as: UTF8.self)
        let from = name.hasSuffix(".log") ? text.dropLast().lastIndex(of: "\n") ?? text.startIndex : text.startIndex
        for place in places(text).reversed()
        where place.lowerBound >= from && text[place].allSatisfy({ $0.isNumber || $0 == "-" }) {
            text.replaceSubrange(place, with: number)
        }
        return Data(text.utf8)
    }

    private static func bytes(_ data: Data, _ random: inout Seeded) -> Data {
        var data = data
        guard !data.isEmpty else { return Data([0x7B]) }
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            data[Int.random(in: data.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        return Int.random(in: 0..<4, using: &random) == 0
            ? data.prefix(Int.random(in: data.indices, using: &random)) : data
    }

    /// Where values stand: what follows a colon, up to what ends it.
    private static func places(_ text: String) -> [Range<String.Index>] {
        text.ranges(of: #/[:\[,]\s*("[^"]*"|-?[0-9]+|true|false|null)/#).map { range in
            let start = text[range].dropFirst().firstIndex { !$0.isWhitespace } ?? range.lowerBound
            return start..<range.upperBound
        }
    }
}
