import Foundation
import Testing

/// Rules of the house that the compiler does not check. Each names what to do instead.
@Suite("tidy")
struct TidyTests {
    struct Source {
        var room: String
        var path: String
        var lines: [Substring]
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let sources: [Source] = {
        let base = root.appending(path: "Sources")
        let files =
            FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)?.allObjects as? [URL] ?? []
        return files.filter { $0.pathExtension == "swift" }.compactMap { file in
            let path = String(file.path(percentEncoded: false).dropFirst(base.path(percentEncoded: false).count))
                .trimmingCharacters(in: ["/"])
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
            let room = String(path.prefix { $0 != "/" })
            return Source(room: room, path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }()

    /// docs/ARCHITECTURE.md, "The rooms". Foundation, Dispatch, Synchronization and Glibc come with the toolchain.
    static let mayImport: [String: Set<String>] = [
        "Model": [],
        "Disk": ["Model", "CLinux", "SystemPackage"],
        "Retention": ["Model", "Crypto"],
        "Recognition": ["Model", "Disk", "CPCRE2"],
        "Survey": ["Model", "Disk", "Recognition", "CInotifyTools", "Crypto", "Logging"],
        "Catalog": ["Model", "GRDB", "GRDBSQLite"],
        "Audit": ["Model", "Disk", "CZlib", "Crypto"],
        "Trash": ["Model", "Disk", "Crypto", "Logging"],
        "Engine": [
            "Model", "Disk", "Retention", "Recognition", "Survey", "Catalog", "Audit", "Trash", "Yams", "Logging",
        ],
        "Agent": [
            "Model", "Disk", "Retention", "Recognition", "Survey", "Catalog", "Audit", "Trash", "Engine", "Logging",
            "ServiceLifecycle", "UnixSignals", "FlyingFox", "FlyingSocks",
        ],
        "reprieve": ["Model", "Retention", "Engine", "Agent", "ArgumentParser"],
    ]
    static let toolchain: Set<String> = ["Foundation", "Dispatch", "Synchronization", "Glibc"]

    @Test("a room imports only what its line in ARCHITECTURE.md allows")
    func imports() {
        #expect(Set(Self.sources.map(\.room)) == Set(Self.mayImport.keys))
        for source in Self.sources {
            for line in source.lines {
                let words = line.split(separator: " ")
                guard let at = words.firstIndex(of: "import"), at <= 1, words.count > at + 1 else { continue }
                let module = String(words[at + 1].prefix { $0 != "." })
                let allowed = Self.toolchain.union(Self.mayImport[source.room] ?? [])
                #expect(allowed.contains(module), "\(source.path) imports \(module)")
            }
        }
    }

    /// Where each pattern may stand: nowhere, or in these files.
    static let banned: [(pattern: String, allowed: Set<String>, instead: String)] = [
        ("unlinkat(", ["Disk/Unlink.swift"], "UnlinkWalk, below .trash/.purging-* (invariant 4)"),
        (
            "unlink(",
            [
                "Disk/Unlink.swift", "Disk/FileLayer.swift", "Disk/Directory+LogFiles.swift", "Trash/Purge.swift",
                "Trash/Restore.swift",
                "Engine/Keeper+Purge.swift",
                "Agent/Agent+Jobs.swift", "Agent/MetricsServer.swift",
            ],
            "UnlinkWalk (invariant 4)"
        ),
        ("rmdir(", [], "UnlinkWalk (invariant 4)"),
        ("removeItem", [], "UnlinkWalk: removeItem follows a link swapped in under it"),
        ("FileManager", [], "Disk.Directory"),
        ("renameat2", ["Disk/FileLayer.swift"], "Directory.rename"),
        ("renameat(", ["Disk/FileLayer.swift"], "Directory.replace"),
        ("clock_gettime", ["Disk/Clock.swift"], "a Moment as an argument"),
        ("Date()", [], "a Moment as an argument"),
        ("Date.now", [], "a Moment as an argument"),
        ("ContinuousClock", [], "a Moment as an argument"),
        ("gethostname", ["Disk/Clock.swift"], "Surroundings.hostName"),
        ("SystemRandomNumberGenerator", ["Disk/Clock.swift"], "Surroundings.randomHex"),
        ("UUID()", [], "Surroundings.randomHex"),
        (".random(", ["Disk/Clock.swift"], "Surroundings.randomHex"),
        ("FileHandle.standard", ["Engine/Simulation.swift"], "print or Output.warn: its write ends the process"),
        ("fflush(", [], "Output.flush"),
        ("fatalError(", [], "precondition with what is wrong"),
        ("@unchecked Sendable", ["Model/Shared.swift"], "a Mutex"),
    ]

    @Test("banned calls stand only where they are allowed", arguments: banned.indices)
    func bannedCalls(_ index: Int) {
        let rule = Self.banned[index]
        for source in Self.sources where !rule.allowed.contains(source.path) {
            for (number, line) in source.lines.enumerated() where Self.code(line).contains(rule.pattern) {
                Issue.record("\(source.path):\(number + 1): \(rule.pattern) is banned here; use \(rule.instead)")
            }
        }
    }

    @Test("only Trash renames or makes anything inside a vault, through Disk")
    func onlyTrashRenames() {
        // Engine/State/Home sets a damaged catalog aside, in the state directory.
        let allowed: Set<String> = ["Disk", "Trash"]
        for source in Self.sources where !allowed.contains(source.room) && source.path != "Engine/State/Home.swift" {
            for (number, line) in source.lines.enumerated() {
                #expect(!Self.code(line).contains(".rename("), "\(source.path):\(number + 1): renames outside Trash")
            }
        }
    }

    @Test("no file operation swallows its error with try?")
    func noSwallowedErrors() {
        for source in Self.sources {
            for (number, line) in source.lines.enumerated() {
                let code = Self.code(line)
                let changes = [
                    "rename(", "sync(", "create(", "replace(", "makeDirectory(", "append(", "write(",
                    "publish(", "rewrite(",
                ]
                let isSwallowed = code.contains("try?") && changes.contains { code.contains("." + $0) }
                #expect(!isSwallowed, "\(source.path):\(number + 1): an error of a change is swallowed")
            }
        }
    }

    @Test("no source line is over 120 columns but for a message")
    func lineLength() {
        for source in Self.sources {
            for (number, line) in source.lines.enumerated() where line.count > 120 {
                #expect(line.contains("\""), "\(source.path):\(number + 1): \(line.count) columns")
            }
        }
    }

    /// A line without its comment. (A string with `//` in it only makes the rule milder.)
    private static func code(_ line: Substring) -> Substring {
        guard let comment = line.range(of: "//") else { return line }
        return line[..<comment.lowerBound]
    }
}
