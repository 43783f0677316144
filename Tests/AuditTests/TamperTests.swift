import Audit
import Foundation
import Model
import Support
import Testing

/// A log of a thousand records, and every way to change it.
@Suite("a log that was tampered with")
struct TamperTests {
    private static let records = 1000

    private func filled(_ count: Int = records) throws -> (AuditHouse, [UInt8]) {
        let house = try AuditHouse()
        for _ in 0..<10 { try house.append(count / 10) }
        return (house, [UInt8](try Data(contentsOf: house.url)))
    }

    private func lines(_ bytes: [UInt8]) -> [[UInt8]] { bytes.split(separator: 0x0A).map { Array($0) + [0x0A] } }

    private func write(_ bytes: [UInt8], _ house: AuditHouse) throws { try Data(bytes).write(to: house.url) }

    @Test("every changed byte is found, and its line named")
    func changedBytes() throws {
        // Every place of a small log's middle line, its end as well.
        let (house, bytes) = try filled(20)
        let lines = lines(bytes)
        let start = lines[..<10].map(\.count).reduce(0, +)
        try change(Array(start..<start + lines[10].count), of: bytes, house)
    }

    /// A byte in each fourth line at once: each is found by itself.
    @Test("in a thousand records every changed byte is found, and its line named")
    func changedEverywhere() throws {
        let (house, bytes) = try filled()
        let lengths = lines(bytes).map(\.count)
        let starts = lengths.indices.reduce(into: [0]) { $0.append($0[$1] + lengths[$1]) }
        for place in stride(from: 0, to: try #require(lengths.max()) - 1, by: isLongForm ? 1 : 61) {
            for turn in 0..<4 {
                var changed = bytes
                let meant = lengths.indices.filter { $0 % 4 == turn && place < lengths[$0] - 1 }
                // Another printable one.
                for n in meant { changed[starts[n] + place] ^= 1 }
                try write(changed, house)
                let named = Set(try house.log.verify().problems.map(\.line))
                #expect(named.isSuperset(of: meant.map { $0 + 1 }), "byte \(place) of each fourth line from \(turn) on")
            }
        }
    }

    private func change(_ places: [Int], of bytes: [UInt8], _ house: AuditHouse) throws {
        var random = Seeded(seed: 6)
        let handle = try FileHandle(forUpdating: house.url)
        for place in places {
            var changed = bytes[place]
            while changed == bytes[place] { changed = UInt8(truncatingIfNeeded: random.next()) }
            try handle.seek(toOffset: UInt64(place))
            try handle.write(contentsOf: [changed])
            let found = try house.log.verify()
            let line = bytes[..<place].count { $0 == 0x0A } + 1
            // What ends a line makes two of it, or one of two.
            #expect(found.problems.contains { (line...line + 1).contains($0.line) }, "byte \(place) as \(changed)")
            try handle.seek(toOffset: UInt64(place))
            try handle.write(contentsOf: [bytes[place]])
        }
        #expect(try house.problems().isEmpty)
    }

    @Test("every deleted, doubled or swapped line is found, and named")
    func lines() throws {
        let (house, bytes) = try filled()
        let lines = lines(bytes)
        let step = isLongForm ? 1 : 97
        for n in Array(stride(from: 0, to: lines.count, by: step)) + [lines.count - 1] {
            try write(Array((lines[..<n] + lines[(n + 1)...]).joined()), house)
            #expect(try house.log.verify().problems.contains { $0.line == n + 1 }, "line \(n + 1) deleted")
            try write(Array((lines[...n] + lines[n...]).joined()), house)
            #expect(try house.log.verify().problems.contains { $0.line == n + 2 }, "line \(n + 1) doubled")
            guard n + 1 < lines.count else { continue }
            var swapped = lines
            swapped.swapAt(n, n + 1)
            try write(Array(swapped.joined()), house)
            #expect(try !house.problems().isEmpty, "lines \(n + 1) and \(n + 2) swapped")
        }
    }

    @Test("every truncation is found by the anchor, at a line's end or within one")
    func truncated() throws {
        let (house, bytes) = try filled()
        var end = bytes.count
        for line in lines(bytes).reversed() where end > 0 {
            for cut in [1, line.count / 2, line.count] {
                try write(Array(bytes[..<(end - cut)]), house)
                let problems = try house.problems()
                #expect(problems.count == 1 && problems[0].contains("but 1000 were written"), "\(end - cut) bytes")
            }
            end -= isLongForm ? line.count : 141 * line.count
        }
    }

    @Test("a line that was written anew with a right hash does not fit between its neighbours")
    func forged() throws {
        let (house, bytes) = try filled()
        let lines = lines(bytes)
        let other = try AuditHouse()
        for n in 0..<Self.records {
            try other.log.append([AuditRecord(.complete(size: 1), path: Bytes("other-\(n)"))], at: other.moment)
            if n == 5 { break }
        }
        let notRecognised = self.lines([UInt8](try Data(contentsOf: other.url)))
        try write(Array((lines[..<3] + [notRecognised[3]] + lines[4...]).joined()), house)
        let problems = try house.problems()
        #expect(
            problems == [
                "audit.log:4: does not follow record 3: one of the two is another one",
                "audit.log:5: does not follow record 4: one of the two is another one",
            ])
    }

    @Test("in packed parts a change is found as well, with the line of the unpacked file")
    func packed() throws {
        let house = try AuditHouse(segmentBytes: 12_000)
        for _ in 0..<10 { try house.append(10) }
        _ = try house.rotate()
        let part = house.scratch.url.appending(path: "audit.log.000000000001.gz")
        func shell(_ command: String) throws {
            let process = try Process.run(URL(filePath: "/bin/sh"), arguments: ["-c", command])
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }
        let plain = house.scratch.url.appending(path: "plain")
        try shell(
            "zcat '\(part.path)' | sed '7s/db-6/db-7/' > '\(plain.path)'; gzip -c '\(plain.path)' > '\(part.path)'")
        #expect(try house.problems() == ["audit.log.000000000001.gz:7: was changed: record 7 has another hash"])
        // A byte of the packed file itself, and its end.
        let whole = try Data(contentsOf: part)
        var damaged = whole
        damaged[whole.count / 2] ^= 0x55
        try damaged.write(to: part)
        #expect(try house.problems().contains { $0.hasPrefix("audit.log.000000000001.gz:") })
        try whole.prefix(whole.count / 2).write(to: part)
        #expect(try house.problems().contains { $0.hasPrefix("audit.log.000000000001.gz:") })
    }
}
