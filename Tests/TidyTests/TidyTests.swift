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

    /// What each room may import, as docs/ARCHITECTURE.md says. Foundation, Dispatch, Synchronization and Glibc come with
    /// the toolchain.
    static let mayImport: [String: Set<String>] = {
        let url = root.appending(path: "docs/ARCHITECTURE.md")
        guard let text = try? String(contentsOf: url, encoding: .utf8) else { return [:] }
        var table: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count > 3 else { continue }
            for room in words(cells[1]) where room.allSatisfy(\.isLetter) || room == "CPCRE2" {
                table[room] = words(cells[3])
            }
        }
        return table
    }()

    /// What stands between backticks.
    private static func words(_ cell: Substring) -> Set<String> {
        Set(
            cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
                .map { String($0.element) })
    }

    static let toolchain: Set<String> = ["Foundation", "Dispatch", "Synchronization", "Glibc"]

    /// What a source imports, and at which line.
    private static func imports(_ source: Source) -> Set<String> {
        Set(
            source.lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let at = words.firstIndex(of: "import"), at <= 1, words.count > at + 1 else { return nil }
                return String(words[at + 1].prefix { $0 != "." })
            }
        ).subtracting(toolchain)
    }

    @Test("a room imports what its line in ARCHITECTURE.md names, no more and no less")
    func imports() {
        let used = Dictionary(grouping: Self.sources, by: \.room).mapValues { sources in
            sources.reduce(into: Set<String>()) { $0.formUnion(Self.imports($1)) }
        }
        #expect(Set(used.keys).isSubset(of: Self.mayImport.keys) && used.count > 15)
        for source in Self.sources {
            for module in Self.imports(source).subtracting(Self.mayImport[source.room] ?? []) {
                Issue.record("\(source.path) imports \(module)")
            }
        }
        for (room, modules) in used {
            let unused = (Self.mayImport[room] ?? []).subtracting(modules)
            #expect(unused.isEmpty, "no file of \(room) imports \(unused.sorted())")
        }
    }

    @Test("Package.swift declares for each room what ARCHITECTURE.md names, in its order")
    func package() throws {
        let text = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let pattern = /\.(?:target|executableTarget|systemLibrary)\(\s*name: "(\w+)"(.*?)(?=\n        (?:\/\/|\.)|\z)/
            .dotMatchesNewlines()
        var order: [String] = []
        for match in text.matches(of: pattern)
        where !match.2.contains("path: \"Benchmarks") && !match.2.contains("path: \"Tests") {
            let room = String(match.1)
            order.append(room)
            guard room.first != "C" || ["Catalog", "Config", "Conflicts"].contains(room) else { continue }
            let list = match.2.prefix { $0 != "]" }.replacing(/package: "[^"]*"/, with: "")
            let names = list.matches(of: /"(\w+)"/).map { String($0.1) }
            let declared = Set(names)
            #expect(
                declared == Self.mayImport[room], "\(room): \(declared.symmetricDifference(Self.mayImport[room] ?? []))"
            )
        }
        #expect(Set(order) == Set(Self.mayImport.keys))
        for room in order {
            let above = Set(order.prefix { $0 != room })
            let below = (Self.mayImport[room] ?? []).intersection(order).subtracting(above)
            #expect(below.isEmpty, "\(room) stands above \(below.sorted()), which it imports")
        }
    }

    /// The folders of Engine, as docs/ARCHITECTURE.md orders them: a row of its table begins with the folder's name.
    static let folders: [String] = {
        let url = root.appending(path: "docs/ARCHITECTURE.md")
        let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        return text.matches(of: /\n\| `(\w+)\/` \|/).map { String($0.1) }
    }()

    @Test("a use case names only types of its own folder of Engine and of those above it")
    func folders() {
        let engine = Self.sources.filter { $0.room == "Engine" && $0.path.split(separator: "/").count == 3 }
        func folder(_ source: Source) -> String { String(source.path.split(separator: "/")[1]) }
        #expect(Set(engine.map(folder)) == Set(Self.folders))
        var owner: [String: String] = [:]
        for source in engine {
            for line in source.lines {
                if let found = line.firstMatch(of: /^package struct (\w+): UseCase/) {
                    owner[String(found.1)] = folder(source)
                }
            }
        }
        #expect(owner.count > 25)
        // And the page names each type in the row of its folder.
        let page = (try? String(contentsOf: Self.root.appending(path: "docs/ARCHITECTURE.md"), encoding: .utf8)) ?? ""
        for row in page.split(separator: "\n") where row.hasPrefix("| `") {
            let cells = row.split(separator: "|", omittingEmptySubsequences: false)
            guard let folder = Self.words(cells[1]).first(where: { $0.hasSuffix("/") })?.dropLast() else { continue }
            for name in Self.words(cells[3]) {
                if let other = owner[name] { #expect(other == folder, "\(name) stands in \(other), not in \(folder)") }
            }
        }
        for source in engine {
            guard let own = Self.folders.firstIndex(of: folder(source)) else { continue }
            for (number, line) in source.lines.enumerated() {
                for name in Self.code(line).matches(of: /\b[A-Z]\w+/).map({ String($0.0) }) {
                    guard let other = owner[name].flatMap(Self.folders.firstIndex), other > own else { continue }
                    Issue.record("\(source.path):\(number + 1) names \(name), which stands in a folder below it")
                }
            }
        }
    }

    @Test("no type has more than 25 methods, its extensions in all rooms taken together")
    func methods() {
        let type = /^(?:[a-z]+ )*(?:struct|class|enum|actor|protocol|extension) ([\w.]+)/
        let method = /^(?:@\w+ )?(?:[a-z]+ )*func\b/
        var methods: [String: Int] = [:]
        for source in Self.sources {
            // Those that are open, by their indentation.
            var types: [Int: String] = [:]
            for line in source.lines {
                let indent = line.prefix { $0 == " " }.count
                let code = line.dropFirst(indent)
                if let found = code.firstMatch(of: type) {
                    types[indent] = (types[indent - 4].map { $0 + "." } ?? "") + found.1
                } else if code == "}" {
                    types[indent] = nil
                } else if let type = types[indent - 4], code.contains(method) {
                    methods[type, default: 0] += 1
                }
            }
        }
        #expect(methods.count > 300)
        for (type, count) in methods {
            #expect(count <= 25, "\(type) has \(count) methods: find a second idea in it")
        }
    }

    @Test("no function has more than three arguments without a label")
    func arguments() {
        for source in Self.sources {
            let text = source.lines.joined(separator: "\n")
            for found in text.matches(of: /\bfunc (\w+)(?:<[^>]*>)?\(((?:[^()]|\([^()]*\))*)\)/) {
                let unlabelled = found.2.matches(of: /(?:^|[(,]\s*|\n\s*)_ \w+:/).count
                #expect(unlabelled <= 3, "\(source.path): \(found.1) has \(unlabelled) arguments without a label")
            }
        }
    }

    /// Words that docs/GLOSSARY.md replaced by plain ones.
    static let replaced = [
        "Keeper", "attend", "attended", "relief", "relieve", "Relief", "Matter", "Lanes", "settleClock", "sayNewest",
        "SeriesPulse", "Attended", "leash", "Leash", "bury", "courtesy", "Courtesy", "outdone",
        "portrait",
        "portray", "Departed", "Upheaval", "settleTrash", "House of", "seat", "is no JSON", "is no URL",
    ]

    /// The same for names in code; in a sentence they may stand.
    static let replacedNames = [
        "leftAlone", "LeftAlone", "opaque", "foreignEntries", "pulse", "pulses", "standing", "strays", "departed",
        "doubts", "isDoubtSaid", "Looked", "sayings", "ClockDoubt",
    ]

    @Test("no word that was replaced by a plain one comes back", arguments: replaced)
    func words(_ word: String) throws {
        let pattern = try Regex("\\b\(word)\\b")
        for source in Self.sources {
            for (number, line) in source.lines.enumerated() where line.contains(word) && line.contains(pattern) {
                Issue.record("\(source.path):\(number + 1): '\(word)'")
            }
        }
    }

    @Test("no name that was replaced by a plain one comes back", arguments: replacedNames)
    func names(_ name: String) throws {
        let pattern = try Regex("\\b\(name)\\b")
        for source in Self.sources {
            for (number, line) in source.lines.enumerated() where line.contains(name) {
                // Without comments, and without strings.
                let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
                    .replacing(/"(?:\\.|[^"\\])*"/, with: "")
                if code.contains(pattern) { Issue.record("\(source.path):\(number + 1): '\(name)'") }
            }
        }
    }

    /// Where each pattern may stand: nowhere, or in these files.
    static let banned: [(pattern: String, allowed: Set<String>, instead: String)] = [
        ("unlinkat(", ["Disk/Unlink.swift"], "UnlinkWalk, below .trash/.purging-* (invariant 4)"),
        (
            "unlink(",
            [
                "Disk/Unlink.swift", "Disk/FileLayer.swift", "Disk/LogDirectory.swift", "Trash/Purge.swift",
                "Trash/Restore.swift",
                "Engine/Purge/Purger.swift", "Agent/MetricsServer.swift",
            ],
            "UnlinkWalk (invariant 4)"
        ),
        ("rmdir(", [], "UnlinkWalk (invariant 4)"),
        ("removeItem", [], "UnlinkWalk: removeItem follows a link swapped in under it"),
        ("FileManager", [], "Disk.Directory"),
        ("renameat2", ["Disk/FileLayer.swift"], "Directory.rename"),
        ("renameat(", ["Disk/FileLayer.swift"], "Directory.replace"),
        ("clock_gettime", ["Disk/Clock.swift"], "a Moment as an argument"),
        ("errno == 2", [], "Errno.ENOENT"),
        ("errno: 2", [], "Errno.ENOENT"),
        ("Date()", [], "a Moment as an argument"),
        ("Date.now", [], "a Moment as an argument"),
        ("ContinuousClock", [], "a Moment as an argument"),
        ("gethostname", ["Disk/Clock.swift"], "Surroundings.hostName"),
        ("SystemRandomNumberGenerator", ["Disk/Clock.swift"], "Surroundings.randomHex"),
        ("UUID()", [], "Surroundings.randomHex"),
        (".random(", ["Disk/Clock.swift"], "Surroundings.randomHex"),
        ("FileHandle.standard", ["Engine/Plan/Simulation.swift"], "print or Output.warn: its write ends the process"),
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
        // State/StateDirectory sets a damaged catalog aside, in the state directory.
        let allowed: Set<String> = ["Disk", "Trash"]
        for source in Self.sources where !allowed.contains(source.room) && source.path != "State/StateDirectory.swift" {
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
