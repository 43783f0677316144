internal import Glibc
internal import JSONText
package import Model

/// A record as it is read back. It is the line itself: what is asked for is cut out of it then, and nothing else is
/// taken apart.
///
/// Only lines in our own form are records: compact, `seq` first, `prev` and `hash` last. One that a person wrote anew
/// proves nothing, as one that is no text.
package struct AuditLine: Sendable {
    package let seq: Int
    /// Without its end of line.
    package let bytes: ArraySlice<UInt8>

    package init?(_ bytes: ArraySlice<UInt8>) {
        guard let seq = bytes.withUnsafeBufferPointer(LineForm.seq) else { return nil }
        self.seq = seq
        self.bytes = bytes
    }

    package var time: String { self["time"] ?? "" }
    package var event: String { self["event"] ?? "" }
    package var run: Int? { value("run").flatMap { Int(String(decoding: $0, as: UTF8.self)) } }
    package var vault: String? { self["vault"] }
    package var vaultID: String? { self["vault_id"] }
    package var series: String? { self["series"] }
    package var backup: String? { self["backup"] }
    package var batch: String? { self["batch"] }
    package var path: String? { self["path"] }
    package var reason: String? { self["reason"] }
    /// Of an intent to condemn: the hash of the batch's manifest.
    package var manifest: String? { self["manifest"] }
    /// Of a freeze: what caused it (``FreezeCause``).
    package var cause: String? { self["cause"] }
    /// Of a failed hook: its name.
    package var hook: String? { self["hook"] }
    package var prev: String { String(decoding: LineForm.prev(bytes), as: UTF8.self) }
    package var hash: String { String(decoding: LineForm.hash(bytes), as: UTF8.self) }

    package struct Actor: Sendable {
        package var user: String
        package var sudoUser: String?
    }

    package var actor: Actor? {
        guard let object = value("actor") else { return nil }
        return Self.text("user", in: object).map { Actor(user: $0, sudoUser: Self.text("sudo_user", in: object)) }
    }

    /// The text of a field; `nil` where there is none.
    package subscript(_ key: String) -> String? { Self.text(key, in: bytes) }

    /// The name as it is on the disk, also where it is not UTF-8.
    package func name(_ key: String) -> Bytes? {
        if let raw = self[key + "_raw"] { return Bytes(base64: raw) }
        return self[key].map { Bytes($0) }
    }

    /// Whether a field has just these bytes, quotation marks and all: without making a text of them.
    func holds(_ wanted: [UInt8], as key: String) -> Bool { value(key)?.elementsEqual(wanted) ?? false }

    private func value(_ key: String) -> ArraySlice<UInt8>? { Self.value(key, in: bytes) }

    private static func value(_ key: String, in object: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let range = object.withUnsafeBufferPointer { buffer -> Range<Int>? in
            var members = JSONMembers(buffer)
            return members.value(of: key)
        }
        return range.map { object[(object.startIndex + $0.lowerBound)..<(object.startIndex + $0.upperBound)] }
    }

    private static func text(_ key: String, in object: ArraySlice<UInt8>) -> String? {
        value(key, in: object).flatMap(JSONMembers.text)
    }
}

/// The fixed places of a line: `{"seq":N,` at its start, `,"prev":"…","hash":"…"}` at its end.
enum LineForm {
    private static let seqKey = Array(#"{"seq":"#.utf8)
    private static let prevKey = Array(#","prev":""#.utf8)
    private static let hashKey = Array(#"","hash":""#.utf8)
    static let digits = 64
    /// What the hash does not cover, `"}` and all.
    static let hashLength = hashKey.count - 1 + digits + 2
    private static let tailLength = prevKey.count + digits + 1 + hashLength

    /// The number of a record; `nil`: the line is not in our form.
    static func seq(_ line: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let start = line.baseAddress, line.count > seqKey.count + tailLength,
            memcmp(start, seqKey, seqKey.count) == 0,
            memcmp(start + (line.count - tailLength), prevKey, prevKey.count) == 0,
            memcmp(start + (line.count - hashLength - 1), hashKey, hashKey.count) == 0,
            line[line.count - 2] == UInt8(ascii: "\""), line[line.count - 1] == UInt8(ascii: "}")
        else { return nil }
        var (seq, n) = (0, seqKey.count)
        while line[n] &- 48 < 10 {
            // No log has more records than 18 digits count.
            guard n < seqKey.count + 18 else { return nil }
            seq = seq * 10 + Int(line[n] - 48)
            n += 1
        }
        return line[n] == UInt8(ascii: ",") && n > seqKey.count ? seq : nil
    }

    static func prev(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.dropLast(hashLength + 1).suffix(digits)
    }

    static func hash(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.dropLast(2).suffix(digits)
    }
}
