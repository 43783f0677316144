import Audit
import Disk
import Foundation
import Model
@testable import Support
import Testing

@Suite("rotation of the audit log")
struct RotationTests {
    private func rotated(_ batches: Int, mostBytes: Int = 1 << 30) throws -> AuditHouse {
        let house = try AuditHouse(segmentBytes: 12_000, mostBytes: mostBytes)
        for _ in 0..<batches {
            try house.append(10)
            house.clock.pass(seconds: 86_400)
        }
        return house
    }

    @Test("what is over a year old goes, and no part that is not over whole")
    func aYear() throws {
        let house = try rotated(20)
        #expect(try house.rotate()?.dropped == nil)
        let first = try #require(try house.names().dropFirst(2).first.flatMap { Int($0.dropLast(3).suffix(12)) })
        house.clock.pass(seconds: 346 * 86_400 + Int64(first / 10) * 86_400)
        let dropped = try #require(try house.rotate()?.dropped)
        #expect(dropped == 1..<first)
        #expect(try house.numbers() == Array(first...200))
        // Dropped by us: no gap.
        #expect(try house.problems().isEmpty)
        #expect(try house.rotate()?.dropped == nil)
    }

    @Test("a quiet log is put aside when its first record is a year old, and dropped a year later")
    func quiet() throws {
        let house = try AuditHouse()
        try house.append(3)
        house.clock.pass(seconds: 366 * 86_400)
        #expect(try house.rotate()?.packed == ["audit.log.000000000001.gz"])
        try house.append(1)
        #expect(try house.rotate() == nil)
        house.clock.pass(seconds: 366 * 86_400)
        let dropped = try #require(try house.rotate()?.dropped)
        #expect(dropped == 1..<4)
        #expect(try house.numbers() == [4] && house.problems().isEmpty)
    }

    @Test("what is needed is kept beyond its year")
    func needed() throws {
        let house = try rotated(20)
        house.clock.pass(seconds: 500 * 86_400)
        #expect(try house.rotate(needed: 1)?.dropped == nil)
        let kept = try #require(try house.names().dropFirst(2).first.flatMap { Int($0.dropLast(3).suffix(12)) })
        let dropped = try #require(try house.rotate(needed: kept + 3)?.dropped)
        #expect(dropped == 1..<kept)
        #expect(try house.numbers().first == kept && !house.events().contains("events.lost"))
    }

    @Test("over the limit in all the oldest go, needed or not, and what was needed is said")
    func overTheLimit() throws {
        let house = try rotated(20, mostBytes: 6000)
        let note = try #require(try house.rotate(needed: 3))
        let dropped = try #require(note.dropped)
        #expect(note.lost == 3..<dropped.upperBound && dropped.lowerBound == 1)
        #expect(try house.events().last == "events.lost")
        #expect(try house.problems().isEmpty)
        let parts = try house.names().filter { $0.hasSuffix(".gz") }.map {
            try Data(contentsOf: house.scratch.url.appending(path: $0)).count
        }
        #expect(!parts.isEmpty && parts.reduce(0, +) <= 6000)
        #expect(try house.log.read(after: 2, limit: 1).lost == 3..<dropped.upperBound)
    }

    /// Every state that a kill can leave on the disk while a log is put aside and packed.
    @Test("killed behind any step, the chain is whole and the next rotation ends it", arguments: 0..<6)
    func killed(_ step: Int) throws {
        let house = try AuditHouse()
        try house.append(30)
        let (plain, files) = (house.scratch.url.appending(path: "audit.log.000000000001"), FileManager.default)
        let head = try Data(contentsOf: house.scratch.url.appending(path: "audit.head"))
        try house.append(5)
        // Killed between the log and the head, too: the head is behind.
        if step == 0 { try head.write(to: house.scratch.url.appending(path: "audit.head")) }
        try files.moveItem(at: house.url, to: plain)
        if step >= 1 { try house.append(5) }
        let packed = plain.appendingPathExtension("gz")
        if step >= 2 {
            let gzip = try Process.run(URL(filePath: "/bin/gzip"), arguments: ["-k", plain.path])
            gzip.waitUntilExit()
        }
        switch step {
        case 2:  // half packed, under the name that readers pass over
            try Data(contentsOf: packed).prefix(200).write(to: packed.appendingPathExtension("new"))
            try files.removeItem(at: packed)
        case 3: try files.moveItem(at: packed, to: packed.appendingPathExtension("new"))
        case 5: try files.removeItem(at: plain)
        default: break  // 4: both
        }
        let last = step >= 1 ? 40 : 35
        #expect(try house.numbers() == Array(1...last) && house.problems().isEmpty)
        _ = try house.rotate()
        try house.append(1)
        #expect(try house.numbers() == Array(1...last + 1) && house.problems().isEmpty)
        #expect(try house.names() == ["audit.log", "audit.log.000000000001.gz"])
        #expect(try !house.events().contains("anomaly.found"))
    }

    @Test("a directory where nothing can be renamed: the log grows on")
    func immovable() throws {
        let house = try AuditHouse(segmentBytes: 4000)
        // A name of ours is taken by something that is no file, a thousand times over.
        try house.append(20)
        for n in 0..<1000 {
            let name = "audit.log.000000000001" + (n == 0 ? "" : "-\(n)")
            try FileManager.default.createDirectory(
                at: house.scratch.url.appending(path: name), withIntermediateDirectories: false)
        }
        try house.append(20)
        #expect(try house.numbers() == Array(1...40) && house.problems().isEmpty)
        #expect(throws: Fault.self) { try house.rotate() }
    }

    @Test("emptied in its place, as copytruncate does: said, and the chain goes on")
    func copytruncate() throws {
        let house = try AuditHouse()
        try house.append(10)
        try FileManager.default.copyItem(at: house.url, to: house.scratch.url.appending(path: "audit.log.1"))
        #expect(truncate(house.url.path, 0) == 0)
        try house.append(2)
        #expect(try house.numbers() == Array(1...13))
        #expect(try house.events()[10] == "anomaly.found")
        #expect(try house.problems().isEmpty)
        // Once.
        try house.append(1)
        #expect(try house.events().count { $0 == "anomaly.found" } == 1)
    }

    @Test("what is lost between copy and truncation is a gap, with file and line")
    func copytruncateLoses() throws {
        let house = try AuditHouse()
        try house.append(10)
        try FileManager.default.copyItem(at: house.url, to: house.scratch.url.appending(path: "audit.log.1"))
        try house.append(2)
        #expect(truncate(house.url.path, 0) == 0)
        try house.append(1)
        #expect(try house.events().contains("anomaly.found"))
        #expect(try house.problems() == ["audit.log:1: comes after record 10: records 11 to 12 are gone"])
    }

    @Test("removed or cut: said in the log itself, and by verify for ever")
    func takenAway() throws {
        let house = try AuditHouse()
        try house.append(10)
        try FileManager.default.removeItem(at: house.url)
        #expect(
            try house.problems() == [
                "audit.log:1: the log ends at record 0, but 10 were written: the others were cut off"
            ])
        try house.append(1)
        #expect(try house.events() == ["anomaly.found", "backup.condemned"])
        #expect(try house.problems() == ["audit.log:1: records 1 to 10 are gone"])
        let lines = try Data(contentsOf: house.url).split(separator: 0x0A)
        try (lines[0] + [0x0A]).write(to: house.url)
        try house.append(1)
        #expect(try house.numbers() == [11, 13, 14] && house.problems().count == 2)
    }

    @Test("a state directory that was lost: numbers go on from the log")
    func headLost() throws {
        let house = try AuditHouse(segmentBytes: 4000)
        for _ in 0..<5 { try house.append(10) }
        _ = try house.rotate()
        try FileManager.default.removeItem(at: house.scratch.url.appending(path: "audit.head"))
        try house.append(1)
        #expect(try house.numbers() == Array(1...51) && house.problems().isEmpty)
        try FileManager.default.moveItem(at: house.url, to: house.scratch.url.appending(path: "audit.log.1"))
        try FileManager.default.removeItem(at: house.scratch.url.appending(path: "audit.head"))
        try house.append(1)
        #expect(try house.numbers() == Array(1...52) && house.problems().isEmpty)
    }
}
