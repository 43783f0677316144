import Disk
import Foundation
import Model
import Recognition
import Testing

/// `Names/tools.txt`: names from the documentation of tools, and how they are read.
@Suite("names that tools write")
struct ToolNamesTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Names/tools.txt")
    private static let arrow = " -> "

    @Test("each is read as the table says")
    func table() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        let sections = text.components(separatedBy: "\n\n")
        let read = sections.map { $0.hasPrefix("# ") ? Self.read($0) : $0 }
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try read.joined(separator: "\n\n").write(to: Self.file, atomically: true, encoding: .utf8)
            return
        }
        for (section, found) in zip(sections, read) where section != found {
            let lines = zip(section.split(separator: "\n"), found.split(separator: "\n"))
            for (line, other) in lines where line != other { Issue.record("\(line) is now \(other)") }
        }
        let tools = sections.filter { $0.hasPrefix("# ") }
        #expect(tools.count >= 80 && text.components(separatedBy: Self.arrow).count > 400)
    }

    private static func read(_ section: String) -> String {
        let lines = section.split(separator: "\n").map(String.init)
        let directory = Bytes(String(lines[1].dropFirst(3)))
        let names = lines.dropFirst(2).map { Bytes($0.components(separatedBy: arrow)[0]) }
        let reading = Told.read(names, directory)
        let told = names.map { name in
            let bare = name.hasSuffix("/") ? name.dropLast(1) : name
            return "\(String(decoding: name.storage, as: UTF8.self))\(arrow)\(reading(bare))"
        }
        return (lines.prefix(2) + told).joined(separator: "\n") + (section.hasSuffix("\n") ? "\n" : "")
    }

    @Test("no layout misses a name by its signs: what all are shown is read as what some are shown")
    func signs() throws {
        var all = Recognisers.byName
        all.asksAll = true
        for section in try String(contentsOf: Self.file, encoding: .utf8).components(separatedBy: "\n\n")
        where section.hasPrefix("# ") {
            let names = section.split(separator: "\n").dropFirst(2).map {
                Bytes($0.components(separatedBy: Self.arrow)[0])
            }
            for some in [names] + names.map({ [$0] }) {
                let rows = [Recognisers.byName, all].map {
                    NameRow.rows(of: RecognitionTests.read(some, by: $0), in: "d")
                }
                #expect(rows[0] == rows[1], "\(some.map(\.display))")
            }
        }
    }

    private enum Told {
        /// What is said of each name.
        static func read(_ names: [Bytes], _ directory: Bytes) -> (Bytes) -> String {
            let reading = RecognitionTests.read(names, in: directory)
            let proposals = reading.proposals
            return { name in
                if let unit = reading.unit(name) {
                    return told(unit, proposals.first { $0.names.contains(name) })
                }
                let owner = reading.units.first { ($0.sideFiles + $0.sharedSideFiles).contains(name) }
                if let owner { return "goes with \(owner.name.display)" }
                if reading.descend.contains(name) { return "looked into" }
                return "left alone: " + String((reading.why(name) ?? "?").prefix(60))
            }
        }

        private static func told(_ unit: DirectoryReading.Unit, _ proposal: SeriesProposal?) -> String {
            var words = [unit.series.display]
            words.append(unit.time.map { $0.rfc3339(in: .utc) } ?? "by mtime")
            if unit.kind != .full { words.append(unit.kind.rawValue) }
            if unit.ambiguity != nil { words.append("if the time of its content agrees") }
            if let proposal { words.append("proposed: \(proposal.pattern.lastComponent.display)") }
            return words.joined(separator: "  ")
        }
    }
}
