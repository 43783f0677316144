internal import Glibc
internal import Model

/// The members of a JSON object without spaces, one after the other, unparsed.
package struct JSONMembers {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 1

    package init(_ object: UnsafeBufferPointer<UInt8>) { bytes = object }

    /// Where the first value of this name stands; `nil`: there is none, or what stands before it is not valid JSON.
    package mutating func value(of key: String) -> Range<Int>? {
        var key = key
        return key.withUTF8 { wanted in
            while let (name, value) = next() {
                // Without the quotation marks.
                guard name.count == wanted.count + 2, let start = bytes.baseAddress, let other = wanted.baseAddress,
                    memcmp(start + name.lowerBound + 1, other, wanted.count) == 0
                else { continue }
                return value
            }
            return nil
        }
    }

    private mutating func next() -> (name: Range<Int>, value: Range<Int>)? {
        guard let colon = string(from: at), colon < bytes.count, bytes[colon] == UInt8(ascii: ":"),
            let end = value(from: colon + 1)
        else { return nil }
        defer { at = end + 1 }
        return (at..<colon, (colon + 1)..<end)
    }

    /// The place behind a string that begins here.
    private func string(from start: Int) -> Int? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\""), let base = bytes.baseAddress else { return nil }
        var from = start + 1
        while let found = memchr(base + from, 0x22, bytes.count - from) {
            let end = base.distance(to: found.assumingMemoryBound(to: UInt8.self))
            var escapes = end
            while escapes > from, bytes[escapes - 1] == UInt8(ascii: "\\") { escapes -= 1 }
            if (end - escapes).isMultiple(of: 2) { return end + 1 }
            from = end + 1
        }
        return nil
    }

    /// The place behind a value that begins here.
    private func value(from start: Int) -> Int? {
        var (at, depth) = (start, 0)
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                guard let end = string(from: at) else { return nil }
                at = end
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return at }
                depth -= 1
                at += 1
            case UInt8(ascii: ","):
                guard depth > 0 else { return at }
                at += 1
            default: at += 1
            }
        }
        // The object itself has an end.
        return nil
    }

    /// What a JSON string says; `nil` where it is none.
    package static func text(_ value: ArraySlice<UInt8>) -> String? {
        guard value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") else { return nil }
        let inner = value.dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        return try? JSONReader.read(Bytes(value)) { json throws(JSONReader.Malformed) in try json.string() }
    }
}
