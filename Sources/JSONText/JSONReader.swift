internal import Glibc
package import Model

/// Takes JSON apart, value after value, straight from bytes that somebody else may have written: nothing is built that
/// nobody asks for. Foundation's decoder costs 25 µs for one item of a manifest, and a vault has thousands.
///
/// Strict: UTF-8, no number but whole ones, a bounded depth; members that nobody knows are passed over.
package struct JSONReader {
    /// It is not the JSON that was expected, and where.
    package struct Malformed: Error {
        package var offset: Int
        package var text: String
    }

    private static let mostDepth = 64
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var depth = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Reads one value, behind which only white space may stand.
    package static func read<T>(
        _ bytes: Bytes, _ body: (inout JSONReader) throws(Malformed) -> T
    ) throws(Malformed) -> T {
        let answer = bytes.storage.withUnsafeBufferPointer { buffer -> Result<T, Malformed> in
            var reader = JSONReader(buffer)
            do throws(Malformed) {
                let value = try body(&reader)
                reader.skipSpace()
                guard reader.at == buffer.count else { throw reader.malformed("something stands behind the end") }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try answer.get()
    }

    package func malformed(_ text: String) -> Malformed { Malformed(offset: at, text: text) }

    // MARK: Values

    /// An object; `member` reads the value of each key, or calls ``skip()``.
    package mutating func object(
        _ member: (String, inout JSONReader) throws(Malformed) -> Void
    ) throws(Malformed) {
        try enter("{")
        if !has("}") {
            repeat {
                skipSpace()
                let key = try string()
                guard has(":") else { throw malformed("':' is missing") }
                try member(key, &self)
            } while has(",")
            guard has("}") else { throw malformed("'}' is missing") }
        }
        depth -= 1
    }

    /// The elements of an array, each read by `element`.
    package mutating func array<T>(
        _ element: (inout JSONReader) throws(Malformed) -> T
    ) throws(Malformed) -> [T] {
        var all: [T] = []
        try enter("[")
        if !has("]") {
            repeat { all.append(try element(&self)) } while has(",")
            guard has("]") else { throw malformed("']' is missing") }
        }
        depth -= 1
        return all
    }

    package mutating func string() throws(Malformed) -> String {
        skipSpace()
        guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw malformed("a string is missing") }
        let start = at + 1
        var end = start
        var isEscaped = false
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            guard bytes[end] >= 0x20 else { throw malformed("a control character in a string") }
            if bytes[end] == UInt8(ascii: "\\") {
                isEscaped = true
                end += 1
            }
            end += 1
        }
        guard end < bytes.count else { throw malformed("a string without an end") }
        let inner = UnsafeBufferPointer(rebasing: bytes[start..<end])
        guard let text = isEscaped ? try Self.unescaped(inner, self) : String(validating: inner, as: UTF8.self) else {
            throw malformed("a string that is not valid UTF-8")
        }
        at = end + 1
        return text
    }

    /// `nil`: null.
    package mutating func stringOrNull() throws(Malformed) -> String? { try isNull() ? nil : string() }

    package mutating func bool() throws(Malformed) -> Bool {
        if hasWord("true") { return true }
        if hasWord("false") { return false }
        throw malformed("true or false is missing")
    }

    /// A whole number that the type can hold.
    package mutating func number<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Malformed) -> T {
        skipSpace()
        let isNegative = at < bytes.count && bytes[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        let first = at
        var value: T = 0
        while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) {
            let (tens, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let digit = T(truncatingIfNeeded: bytes[at] - UInt8(ascii: "0"))
            let (sum, overflow) =
                isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            guard !tooLarge, !overflow else { throw malformed("a number out of range") }
            value = sum
            at += 1
        }
        guard at > first else { throw malformed("a number is missing") }
        guard at == first + 1 || bytes[first] != UInt8(ascii: "0") else { throw malformed("a number with a leading 0") }
        // `1.5` and `1e3` are no whole numbers.
        if at < bytes.count, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[at]) {
            throw malformed("a number that is not whole")
        }
        return value
    }

    /// A size, a count, a length of time: a whole number from 0 on.
    package mutating func count<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Malformed) -> T {
        let value = try number(type)
        guard value >= 0 else { throw malformed("a number below 0") }
        return value
    }

    /// A time as our files have it.
    package mutating func time() throws(Malformed) -> Timestamp {
        guard let time = Timestamp(rfc3339: try string()) else { throw malformed("a time is missing") }
        return time
    }

    /// One of a closed list of words.
    package mutating func word<T: RawRepresentable<String>>(_ type: T.Type = T.self) throws(Malformed) -> T {
        let text = try string()
        guard let word = T(rawValue: text) else { throw malformed("an unknown word") }
        return word
    }

    package mutating func isNull() throws(Malformed) -> Bool { hasWord("null") }

    /// Passes over whatever value stands here.
    package mutating func skip() throws(Malformed) {
        skipSpace()
        guard at < bytes.count else { throw malformed("a value is missing") }
        switch bytes[at] {
        case UInt8(ascii: "{"): try object { _, reader throws(Malformed) in try reader.skip() }
        case UInt8(ascii: "["): _ = try array { reader throws(Malformed) in try reader.skip() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): guard try isNull() else { throw malformed("a value is missing") }
        default: try skipNumber()
        }
    }

    package mutating func strings() throws(Malformed) -> [String] {
        try array { json throws(Malformed) in try json.string() }
    }

    // MARK: Bytes

    private mutating func skipNumber() throws(Malformed) {
        let start = at
        while at < bytes.count, Self.ofNumbers.contains(bytes[at]) { at += 1 }
        guard at > start else { throw malformed("a value is missing") }
    }

    private static let ofNumbers = Array("0123456789+-.eE".utf8)

    private mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return
            }
        }
    }

    private mutating func enter(_ open: Unicode.Scalar) throws(Malformed) {
        guard has(open) else { throw malformed("'\(open)' is missing") }
        depth += 1
        guard depth <= Self.mostDepth else { throw malformed("values inside values, too deep") }
    }

    private mutating func has(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func hasWord(_ word: StaticString) -> Bool {
        skipSpace()
        let count = word.utf8CodeUnitCount
        guard at + count <= bytes.count, let base = bytes.baseAddress, memcmp(base + at, word.utf8Start, count) == 0
        else { return false }
        at += count
        return true
    }

    /// `nil`: not valid UTF-8.
    private static func unescaped(
        _ inner: UnsafeBufferPointer<UInt8>, _ reader: JSONReader
    ) throws(Malformed) -> String? {
        var text: [UInt8] = []
        text.reserveCapacity(inner.count)
        var n = 0
        while n < inner.count {
            guard inner[n] == UInt8(ascii: "\\") else {
                text.append(inner[n])
                n += 1
                continue
            }
            n += 2  // the escaped byte is there: the end of the string was looked for behind it
            switch inner[n - 1] {
            case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(inner, &n) else { throw reader.malformed("an escape that means nothing") }
                text += UTF8.encode(scalar)!  // every scalar has an encoding
            default: throw reader.malformed("an escape that means nothing")
            }
        }
        return String(validating: text, as: UTF8.self)
    }

    /// The scalar of `\uXXXX`, or of two such that belong together; `n` stands behind the `u`.
    private static func scalar(_ inner: UnsafeBufferPointer<UInt8>, _ n: inout Int) -> Unicode.Scalar? {
        guard let first = unit(inner, &n) else { return nil }
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
        guard n + 2 <= inner.count, inner[n] == UInt8(ascii: "\\"), inner[n + 1] == UInt8(ascii: "u") else {
            return nil
        }
        n += 2
        guard let second = unit(inner, &n), (0xDC00..<0xE000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private static func unit(_ inner: UnsafeBufferPointer<UInt8>, _ n: inout Int) -> UInt32? {
        guard n + 4 <= inner.count else { return nil }
        var value: UInt32 = 0
        for byte in inner[n..<(n + 4)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        n += 4
        return value
    }
}
