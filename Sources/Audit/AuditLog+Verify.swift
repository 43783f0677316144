internal import Crypto
internal import Disk
internal import Glibc
package import Model

extension AuditLog {
    /// A break in the chain, for a person.
    package struct Problem: Sendable {
        package var file: Bytes
        /// From 1 on, in the unpacked file.
        package var line: Int
        package var text: String
    }

    package struct Verification: Sendable {
        package var records = 0
        package var files = 0
        /// The first thousand; the others are only counted.
        package var problems: [Problem] = []
        package var problemCount = 0
        /// The first record there is, and the last with its hash.
        package var first: Int?
        package var last: (seq: Int, hash: String)?

        static let mostProblems = 1000

        mutating func add(_ file: Bytes, _ line: Int, _ text: String) {
            problemCount += 1
            if problems.count < Self.mostProblems { problems.append(Problem(file: file, line: line, text: text)) }
        }
    }

    /// Checks number and hash of every line against the line before, through all files, and both ends against
    /// `audit.head`. The log is evident of tampering, not proof against it: who may write all of it can forge all of
    /// it, but not the heads that syslog has.
    package func verify() throws(Fault) -> Verification {
        // The anchor first: others append meanwhile.
        let head = try Head.read(try Directory.open(absolute: stateDirectory))
        var check = ChainCheck(head?.first)
        for segment in try parts.segments() {
            check.begin(segment.path)
            do {
                let source = try segment.source()
                while let lines = try source.next() { check.take(lines) }
                // What the log itself ends with may be on its way, and was not acknowledged.
                if !source.rest.isEmpty, segment.origin != .live { check.record("ends in the middle of a record") }
            } catch {
                guard error.code == .damaged else { throw error }
                check.record(error.message)
            }
        }
        return check.end(head, path)
    }
}

/// Goes over the lines by their fixed places. Nothing is parsed.
private struct ChainCheck {
    private var found = AuditLog.Verification()
    private var file = Bytes()
    private var line = 0
    private var last: (seq: Int, hash: [UInt8])?
    /// The record that the log must begin with, or one before it; `nil`: not known.
    private let first: Int?

    init(_ first: Int?) { self.first = first }

    mutating func begin(_ file: Bytes) {
        self.file = file
        line = 0
        found.files += 1
    }

    mutating func record(_ text: String) { found.add(file, line + 1, text) }

    mutating func take(_ lines: [UInt8]) {
        lines.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var start = 0
            while start < buffer.count, let end = memchr(base + start, 0x0A, buffer.count - start) {
                let count = (base + start).distance(to: end.assumingMemoryBound(to: UInt8.self))
                take(UnsafeBufferPointer(start: base + start, count: count))
                start += count + 1
            }
        }
    }

    private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) {
        line += 1
        guard let seq = LineForm.seq(bytes), let base = bytes.baseAddress else {
            return found.add(file, line, "is not a valid record")
        }
        found.records += 1
        let body = bytes.count - LineForm.hashLength
        let hash = UnsafeBufferPointer(start: base + (bytes.count - 2 - LineForm.digits), count: LineForm.digits)
        if !Self.isHash(hash, of: UnsafeRawBufferPointer(start: base, count: body)) {
            found.add(file, line, "was changed: record \(seq) has another hash")
        }
        let prev = base + (body - 1 - LineForm.digits)
        if let last {
            let follows = last.hash.elementsEqual(UnsafeBufferPointer(start: prev, count: LineForm.digits))
            if let text = Self.order(last.seq, seq, follows) { found.add(file, line, text) }
        } else {
            checkStart(seq, UnsafeBufferPointer(start: prev, count: LineForm.digits))
        }
        last = (seq, Array(hash))
    }

    private mutating func checkStart(_ seq: Int, _ prev: UnsafeBufferPointer<UInt8>) {
        found.first = seq
        if let first, seq > first {
            found.add(
                file, line, first == seq - 1 ? "record \(first) is gone" : "records \(first) to \(seq - 1) are gone")
        } else if seq == 1, !prev.elementsEqual(AuditLog.noHash.utf8) {
            found.add(file, line, "does not begin the chain: record 1 has one before it")
        }
    }

    /// What is wrong with the order of two records; `nil`: nothing.
    private static func order(_ last: Int, _ seq: Int, _ follows: Bool) -> String? {
        switch seq - last {
        case 1: follows ? nil : "does not follow record \(last): one of the two is another one"
        case 2...:
            "comes after record \(last): \(last + 1 == seq - 1 ? "record \(last + 1) is" : "records \(last + 1) to \(seq - 1) are") gone"
        case 0: "is record \(seq) a second time"
        default: "is record \(seq), behind record \(last): records were moved or doubled"
        }
    }

    /// Whether these 64 digits are the hash of these bytes.
    private static func isHash(_ digits: UnsafeBufferPointer<UInt8>, of body: UnsafeRawBufferPointer) -> Bool {
        var hasher = SHA256()
        hasher.update(bufferPointer: body)
        return hasher.finalize().withUnsafeBytes { digest in
            for n in 0..<digest.count {
                let byte = digest[n]
                if digits[2 * n] != hex(byte >> 4) || digits[2 * n + 1] != hex(byte & 15) { return false }
            }
            return true
        }
    }

    private static func hex(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    mutating func end(_ head: AuditLog.Head?, _ log: Bytes) -> AuditLog.Verification {
        found.last = last.map { ($0.seq, String(decoding: $0.hash, as: UTF8.self)) }
        guard let head, head.seq > 0 else { return found }
        if file.isEmpty { file = log }
        let seq = found.last?.seq ?? 0
        if seq < head.seq {
            record("the log ends at record \(seq), but \(head.seq) were written: the others were cut off")
        } else if seq == head.seq, let hash = found.last?.hash, hash != head.hash {
            found.add(file, line, "is not the record \(seq) that was written last: it has another hash")
        }
        return found
    }
}
