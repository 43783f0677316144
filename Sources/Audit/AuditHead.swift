internal import Disk
internal import Foundation
internal import JSONText
package import Model

extension AuditLog {
    /// What stands in `audit.head`: the anchor of the chain, outside the log.
    struct Head: Codable {
        private static let name: Bytes = "audit.head"
        private static let length = 255

        /// The last record's number and hash.
        var seq = 0
        var hash = AuditLog.noHash
        /// The number of the last run.
        var run = 0
        /// The first record that must still be there: what stood before was dropped by us. `nil`: not known.
        var first: Int?
        /// Which file the last record went to: emptied in its place it is still that one.
        var file: String?

        private var isPossible: Bool { [seq, run, first ?? 0].allSatisfy(AuditLog.numbers.contains) }

        var json: JSON {
            var fields: [JSON.Field] = [
                .init("seq", .integer(Int64(seq))), .init("hash", .string(hash)), .init("run", .integer(Int64(run))),
            ]
            if let first { fields.append(.init("first", .integer(Int64(first)))) }
            if let file { fields.append(.init("file", .string(file))) }
            return .object(fields)
        }

        /// `nil`: there is none, or it cannot be read. The tail of the log is as good; only the run number starts
        /// again.
        static func read(_ state: Directory) throws(Fault) -> Head? {
            let bytes: Bytes?
            do { bytes = try state.ownFiles.read(name, limit: 4096) } catch {
                guard error.code == .unsafe else { throw error }
                return nil
            }
            guard let bytes else { return nil }
            let head = try? JSONDecoder().decode(Head.self, from: Data(bytes.storage))
            return head.flatMap { $0.isPossible ? $0 : nil }
        }

        /// On a full disk the tail of the log tells as much.
        func writeIfThereIsRoom(_ state: Directory) throws(Fault) {
            do {
                try write(state)
            } catch {
                guard error.isFull else { throw error }
            }
        }

        func write(_ state: Directory) throws(Fault) {
            // Always the same length, below one sector: on a full disk it is written in its place.
            var text: [UInt8] = []
            json.write(to: &text)
            text += repeatElement(UInt8(ascii: " "), count: max(0, Self.length - text.count)) + [0x0A]
            do {
                try state.ownFiles.replace(Self.name, with: Bytes(text), mode: 0o640)
            } catch {
                guard error.isFull else { throw error }
                try state.ownFiles.overwrite(Self.name, with: Bytes(text))
            }
        }
    }

    /// No log has more records, and no state more runs, than 18 digits count.
    package static let numbers = 0..<1_000_000_000_000_000_000

    static let noHash = String(repeating: "0", count: 64)

    /// The number of the last record, as it was left beside the state; `nil`: none was written.
    package func lastNumber() throws(Fault) -> Int? {
        try Head.read(try Directory.open(absolute: stateDirectory))?.seq
    }
}
