internal import Disk
internal import Foundation
package import Model

/// Reading on from a record, for who follows the log with a number of his own.
extension AuditLog {
    /// Records with a larger number, oldest first, `limit` at most; and the numbers in between that exist no more.
    package func read(after seq: Int, limit: Int) throws(Fault) -> (lines: [AuditLine], lost: Range<Int>?) {
        var reader = LogReader(path)
        var found: [AuditLine] = []
        while found.count < limit {
            let lines = try reader.next()
            guard !lines.isEmpty else { break }
            for line in lines where found.count < limit {
                if let record = AuditLine(ArraySlice(line)), record.seq > seq { found.append(record) }
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
}
