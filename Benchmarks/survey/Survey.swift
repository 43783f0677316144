internal import Config
import Disk
import Engine
import Foundation
import Model
internal import State
import Survey
import Synchronization

/// Looking at large vaults. One line a measurement: name, and a figure; Scripts/bench puts its peer beside it.
///
///     make DIRECTORY DIRECTORIES FILES    dated files, of three days ago
///     trees DIRECTORY TREES FILES         dated trees of hard-linked files
///     index CONFIGURATION STATE           milliseconds of a first index
///     settle CONFIGURATION STATE          looks until all is complete, for what follows
///     rescan CONFIGURATION STATE ROUNDS   milliseconds of a rescan as the agent does it, after one that watched all
///     start CONFIGURATION STATE           milliseconds until every directory is watched and looked at, and how many
///     metrics CONFIGURATION STATE ROUNDS  milliseconds to collect the metrics, and of that to write their text; its
/// bytes     absorb DIRECTORY FILES              files a second written by another process and told of, and overflows
@main
struct SurveyBench {
    static func main() throws {
        Signals.ignoreFatal()
        let words = CommandLine.arguments
        guard words.count > 3 else { throw Usage() }
        let number = words.dropFirst(3).compactMap { Int($0) }
        switch words[1] {
        case "make": try make(words[2], number[0], number[1])
        case "trees": try trees(words[2], number[0], number[1])
        case "index": try index(words[2], words[3])
        case "settle": try settle(words[2], words[3])
        case "rescan": try rescan(words[2], words[3], rounds: number.last ?? 5)
        case "start": try start(words[2], words[3])
        case "metrics": try metrics(words[2], words[3], rounds: number.last ?? 5)
        case "absorb": try absorb(words[2], number[0])
        default: throw Usage()
        }
    }

    struct Usage: Error {}

    // MARK: Vaults

    static func make(_ root: String, _ directories: Int, _ files: Int) throws {
        for n in 0..<directories {
            let directory = "\(root)/host\(n / 20)/service\(n % 20)"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for day in 0..<files { try touch("\(directory)/orders-\(date(day))T0100.dump") }
        }
    }

    static func trees(_ root: String, _ trees: Int, _ files: Int) throws {
        for n in 0..<trees {
            let (tree, before) = ("\(root)/host/\(date(trees - n))", "\(root)/host/\(date(trees - n + 1))")
            for k in 0..<files {
                let directory = "\(tree)/d\(k / 100)"
                if k % 100 == 0 {
                    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                }
                let file = "\(directory)/file\(k)"
                // A hundredth of the files changes from tree to tree.
                if n == 0 || k % 100 == n % 100 {
                    try touch(file)
                } else {
                    link("\(before)/d\(k / 100)/file\(k)", file)
                }
            }
        }
    }

    private static func touch(_ path: String) throws {
        let fd = open(path, O_WRONLY | O_CREAT, 0o644)
        guard fd >= 0, write(fd, "x", 1) == 1, close(fd) == 0 else { throw POSIXError(.EIO) }
    }

    private static func date(_ daysAgo: Int) -> String {
        let day = Date(timeIntervalSince1970: 1_795_392_000 - Double(daysAgo) * 86_400)
        return String(ISO8601DateFormatter().string(from: day).prefix(10))
    }

    // MARK: Looks

    private static func engine(_ configuration: String, _ state: String) throws -> Engine {
        let overrides = Overrides(config: configuration, stateDirectory: state, adHoc: nil, environment: [:])
        let configuration = try Configuration.load(overrides)
        return Engine(
            configuration: configuration, state: try StateDirectory(configuration: configuration, program: "bench"))
    }

    private static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        try body()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
    }

    static func index(_ configuration: String, _ state: String) throws {
        let engine = try engine(configuration, state)
        let vault = engine.configuration.vaults[0]
        let time = try milliseconds { _ = try engine.wholeScan.run(vault, acting: true, depth: .index) }
        print("index\t\(time)")
    }

    /// The vault's quiet period must be a second.
    static func settle(_ configuration: String, _ state: String) throws {
        let engine = try engine(configuration, state)
        for _ in 0..<2 {
            _ = try engine.wholeScan.run(engine.configuration.vaults[0], acting: true)
            Thread.sleep(forTimeInterval: 1.2)
        }
        let attended = try engine.wholeScan.run(engine.configuration.vaults[0], acting: true)
        let open = attended.present.count { !$0.isComplete }
        guard open == 0 else { throw Unsettled(backups: open) }
    }

    struct Unsettled: Error { var backups: Int }

    static func rescan(_ configuration: String, _ state: String, rounds: Int) throws {
        let watcher = try Watcher(onDirt: {})
        watcher.start()
        let engine = try engine(configuration, state)
        let vault = engine.configuration.vaults[0]
        let id = try engine.access.open(vault).id
        for round in 0...rounds {
            let time = try milliseconds {
                _ = try watcher.sweep(id) { () throws(Fault) in
                    try engine.wholeScan.run(
                        engine.access.open(vault), acting: true, depth: .index,
                        watch: { directory, path in watcher.watch(directory, vault: id, path: path) })
                }
            }
            if round > 0 { print("rescan\t\(time)") }
        }
    }

    static func start(_ configuration: String, _ state: String) throws {
        let watcher = try Watcher(onDirt: {})
        watcher.start()
        let engine = try engine(configuration, state)
        let vault = engine.configuration.vaults[0]
        let id = try engine.access.open(vault).id
        let time = try milliseconds {
            _ = try watcher.sweep(id) { () throws(Fault) in
                try engine.wholeScan.run(
                    engine.access.open(vault), acting: true, depth: .index,
                    watch: { directory, path in watcher.watch(directory, vault: id, path: path) })
            }
        }
        print("start\t\(time)\t\(watcher.count)")
    }

    static func metrics(_ configuration: String, _ state: String, rounds: Int) throws {
        let engine = try engine(configuration, state)
        for _ in 0..<rounds {
            var metrics = Metrics()
            let collected = milliseconds { metrics = engine.overviews.metrics(of: engine.overviews.glance()) }
            var bytes = 0
            let written = milliseconds { bytes = metrics.text.count }
            print("metrics\t\(collected + written)\t\(written)\t\(bytes)")
        }
    }

    // MARK: Events

    /// A child process writes as fast as it can into ten directories; every directory of a hundred files is told of
    /// only if no event was lost, so the count is of overflows.
    static func absorb(_ directory: String, _ files: Int) throws {
        let signal = DispatchSemaphore(value: 0)
        let watcher = try Watcher(onDirt: { signal.signal() })
        watcher.start()
        let vault = VaultID(text: "bench")
        let root = try Directory.open(absolute: Bytes(directory))
        watcher.watch(root, vault: vault, path: "")
        for n in 0..<10 {
            let inner = try root.ensureDirectory(Bytes("d\(n)"), mode: 0o700)
            watcher.watch(inner, vault: vault, path: Bytes("d\(n)"))
        }
        // The same writer with nobody reading along, for comparison.
        for n in 0..<10 { _ = try root.ensureDirectory(Bytes("alone\(n)"), mode: 0o700) }
        let alone = DispatchTime.now().uptimeNanoseconds
        let unwatched = try fill(directory, "alone", files)
        unwatched.waitUntilExit()
        let peer = Double(files) / (Double(DispatchTime.now().uptimeNanoseconds - alone) / 1e9)
        var events = 0
        var overflows = 0
        let start = DispatchTime.now().uptimeNanoseconds
        let writer = try fill(directory, "d", files)
        let end = Date().addingTimeInterval(60)
        // Created and closed: two events a file, and those of the directories made above.
        while events < 2 * files, overflows == 0, Date() < end {
            _ = signal.wait(timeout: .now() + 0.1)
            let dirt = watcher.take()
            events += dirt.events
            overflows += dirt.unreconciled.count
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        writer.waitUntilExit()
        print("absorb\t\(Double(files) / seconds)\t\(overflows)\t\(events)\t\(peer)")
    }

    /// Two processes that write files as fast as they can.
    private static func fill(_ directory: String, _ name: String, _ files: Int) throws -> Process {
        let writer = Process()
        writer.executableURL = URL(filePath: "/usr/bin/env")
        writer.arguments = [
            "perl", "-e",
            "fork; for $n (1..$ARGV[2] / 2) { open(F, '>', \"$ARGV[0]/$ARGV[1]\" . ($n % 10) . \"/f$$-$n\") or die; print F 'x'; close F } wait",
            directory, name, String(files),
        ]
        try writer.run()
        return writer
    }
}
