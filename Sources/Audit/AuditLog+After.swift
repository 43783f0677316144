internal import Disk
internal import Foundation
package import Model

/// Reading on from a record, for who follows the log with a number of his own.
extension AuditLog {
    /// Records with a larger number, oldest first, `limit` at most; and the numbers in between that exist no more.
    package func read(after seq: Int, limit: Int) throws(Fault) -> (lines: [AuditLine], lost: Range<Int>?) {
        var reader = LogReader(path)
        let decoder = JSONDecoder()
        var found: [AuditLine] = []
        while found.count < limit {
            let lines = try reader.next()
            guard !lines.isEmpty else { break }
            for line in lines where found.count < limit {
                guard Self.number(of: line) ?? .max > seq,
                    let record = try? decoder.decode(AuditLine.self, from: Data(line)), record.seq > seq
                else { continue }
                found.append(record)
            }
        }
        guard let first = found.first, first.seq > seq + 1 else { return (found, nil) }
        return (found, seq + 1..<first.seq)
    }

    /// The number of the last record, as it was left beside the state; `nil`: none was written.
    package func lastNumber() throws(Fault) -> Int? {
        let state = try Directory.open(absolute: stateDirectory)
        guard let bytes = try state.read("audit.head", limit: 4096) else { return nil }
        return (try? JSONDecoder().decode(Head.self, from: Data(bytes.storage)))?.seq
    }

    /// Without decoding all of it: a line begins with its number.
    private static func number(of line: [UInt8]) -> Int? {
        let start = Array(#"{"seq":"#.utf8)
        guard line.starts(with: start) else { return nil }
        let digits = line[start.count...].prefix { (0x30...0x39).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
