import Audit
import Foundation
import Model
@testable import Support
import Testing

@Suite("parts of the audit log")
struct SegmentTests {
    /// About four hundred bytes a record: parts of some thirty records.
    private func rotated(_ batches: Int) throws -> AuditHouse {
        let house = try AuditHouse(segmentBytes: 12_000)
        for _ in 0..<batches { try house.append(10) }
        return house
    }

    @Test("a full log is put aside under its first record's number, and the chain goes on")
    func putAside() throws {
        let house = try rotated(20)
        let names = try house.names()
        #expect(names.count > 3 && names[1] == "audit.log.000000000001" && names[0] == "audit.log")
        #expect(try house.numbers() == Array(1...200))
        let found = try house.log.verify()
        #expect(found.problems.isEmpty && found.records == 200 && found.files == names.count && found.last?.seq == 200)
    }

    @Test("parts are packed so that zcat reads them, and every reader reads on")
    func packed() throws {
        let house = try rotated(20)
        let before = try house.names()
        let whole = try (before.dropFirst() + before.prefix(1)).map {
            try Data(contentsOf: house.scratch.url.appending(path: $0))
        }.reduce(Data(), +)
        let note = try #require(try house.rotate())
        #expect(note.packed.count == before.count - 1 && note.dropped == nil)
        let names = try house.names()
        #expect(names == before.map { $0 == "audit.log" ? $0 : $0 + ".gz" })
        let zcat = Process()
        zcat.executableURL = URL(filePath: "/bin/sh")
        zcat.arguments = ["-c", "cd '\(house.scratch.url.path)'; zcat audit.log.*.gz; cat audit.log"]
        let out = Pipe()
        zcat.standardOutput = out
        try zcat.run()
        #expect(try out.fileHandleForReading.readToEnd() == whole)
        zcat.waitUntilExit()
        #expect(try house.numbers() == Array(1...200))
        #expect(try house.problems().isEmpty)
        #expect(try house.log.facts(of: VaultID(text: "aa")).condemned.count == 10)
        #expect(try house.rotate() == nil)
    }

    @Test("read(after:) gives what comes next, from any number on, packed or not", arguments: [false, true])
    func readAfter(_ isPacked: Bool) throws {
        let house = try rotated(20)
        if isPacked { _ = try house.rotate() }
        for seq in [0, 1, 9, 10, 29, 30, 31, 57, 100, 150, 198, 199, 200, 500] {
            for limit in [1, 7, 1000] {
                let (lines, lost) = try house.log.read(after: seq, limit: limit)
                #expect(lost == nil)
                #expect(lines.map(\.seq) == Array((seq + 1..<max(201, seq + 1)).prefix(limit)), "\(seq) \(limit)")
            }
        }
    }

    @Test("in one large log the place is found without reading it from the start")
    func bisected() throws {
        let house = try AuditHouse()
        try house.append(5000)
        for seq in stride(from: 0, to: 5000, by: 331) {
            let (lines, lost) = try house.log.read(after: seq, limit: 3)
            #expect(lost == nil && lines.map(\.seq) == Array((seq + 1...seq + 3).prefix { $0 <= 5000 }))
        }
    }

    @Test("what exists no more is said by number, where it is met")
    func lost() throws {
        let house = try rotated(20)
        let names = try house.names()
        let second = try #require(names.dropFirst(2).first.flatMap { Int($0.suffix(12)) })
        let third = try #require(names.dropFirst(3).first.flatMap { Int($0.suffix(12)) })
        try FileManager.default.removeItem(at: house.scratch.url.appending(path: names[1]))
        let (lines, lost) = try house.log.read(after: 0, limit: 5)
        #expect(lost == 1..<second && lines.map(\.seq) == Array(second..<second + 5))
        // A hole further on.
        try FileManager.default.removeItem(at: house.scratch.url.appending(path: names[3]))
        let before = try house.log.read(after: second - 1, limit: 1000)
        #expect(before.lost == nil && before.lines.map(\.seq) == Array(second..<third))
        let behind = try house.log.read(after: third - 1, limit: 1000)
        #expect(behind.lost?.lowerBound == third && behind.lines.first?.seq == behind.lost?.upperBound)
    }

    @Test("the last ones are found from the end, through the parts")
    func last() throws {
        let house = try rotated(20)
        _ = try house.rotate()
        for count in [0, 1, 20, 60, 500] {
            let (lines, seq) = try house.log.last(count, since: nil) { _ in true }
            #expect(seq == 200 && lines.map(\.seq) == Array(Array(1...200).suffix(count)))
        }
        let (lines, _) = try house.log.last(5, since: nil) { $0.path == "app/db-3.dump" }
        #expect(lines.map(\.seq) == [154, 164, 174, 184, 194])
    }

    @Test("what logrotate renamed, packed or not, is read as ours is")
    func othersParts() throws {
        let house = try AuditHouse()
        for name in ["audit.log.2", "audit.log-20261123", "audit.log.1"] {
            try house.append(10)
            try FileManager.default.moveItem(at: house.url, to: house.scratch.url.appending(path: name))
        }
        try house.append(10)
        let gzip = try Process.run(
            URL(filePath: "/bin/gzip"), arguments: [house.scratch.url.appending(path: "audit.log.2").path])
        gzip.waitUntilExit()
        try house.scratch.write("audit.log.bak", "not a log\n")
        try house.scratch.write("audit.log.gz", "\u{1F}\u{8B}nonsense")
        #expect(try house.numbers() == Array(1...40))
        #expect(try house.problems().isEmpty)
        #expect(try !house.events().contains("anomaly.found"))
    }
}
