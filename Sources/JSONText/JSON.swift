package import Model

/// JSON to be written, with its keys in the order given: people read it, and the audit log's hash stands last.
package enum JSON: Hashable, Sendable {
    case object([Field])
    case array([JSON])
    case string(String)
    case integer(Int64)
    case bool(Bool)
    case null

    package struct Field: Hashable, Sendable {
        package var key: String
        package var value: JSON

        package init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// One line, no spaces.
    package var line: String { String(decoding: text(indent: nil), as: UTF8.self) }

    /// Two spaces a level.
    package var pretty: String { String(decoding: text(indent: 2), as: UTF8.self) }

    private func text(indent: Int?) -> [UInt8] {
        var text: [UInt8] = []
        write(to: &text, indent: indent, depth: 0)
        return text
    }

    /// As ``line``, to the end of `text`.
    package func write(to text: inout [UInt8]) { write(to: &text, indent: nil, depth: 0) }

    private func write(to text: inout [UInt8], indent: Int?, depth: Int) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .string(let value): Self.quote(value, to: &text)
        case .array(let items):
            Self.list(items, in: ("[", "]"), to: &text, indent: indent, depth: depth) { item, text in
                item.write(to: &text, indent: indent, depth: depth + 1)
            }
        case .object(let fields):
            Self.list(fields, in: ("{", "}"), to: &text, indent: indent, depth: depth) { field, text in
                Self.quote(field.key, to: &text)
                text += (indent == nil ? ":" : ": ").utf8
                field.value.write(to: &text, indent: indent, depth: depth + 1)
            }
        }
    }

    private static func list<T>(
        _ items: [T], in brackets: (open: Character, close: Character), to text: inout [UInt8], indent: Int?,
        depth: Int, each: (T, inout [UInt8]) -> Void
    ) {
        func newLine(_ depth: Int) {
            guard let indent else { return }
            text.append(0x0A)
            text += repeatElement(UInt8(ascii: " "), count: indent * depth)
        }
        text += brackets.open.utf8
        for (n, item) in items.enumerated() {
            if n > 0 { text.append(UInt8(ascii: ",")) }
            newLine(depth + 1)
            each(item, &text)
        }
        if !items.isEmpty { newLine(depth) }
        text += brackets.close.utf8
    }

    /// A JSON string, to the end of `text`. What deceives is escaped: a log is looked at in terminals.
    package static func quote(_ value: String, to text: inout [UInt8]) {
        var value = value
        value.withUTF8 { bytes in
            text.append(UInt8(ascii: "\""))
            var (done, n) = (0, 0)
            while n < bytes.count {
                guard mayNeedEscape(bytes[n]), let (escape, length) = escape(bytes, at: n) else {
                    n += 1
                    continue
                }
                text += UnsafeBufferPointer(rebasing: bytes[done..<n])
                text += escape.utf8
                n += length
                done = n
            }
            text += UnsafeBufferPointer(rebasing: bytes[done...])
            text.append(UInt8(ascii: "\""))
        }
    }

    /// Asked of each byte: nearly all of them stand for themselves.
    @inline(__always)
    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F || byte >= 0xC2
    }

    /// What stands for the character that begins here, and the bytes it takes; `nil`: it stands for itself.
    private static func escape(_ bytes: UnsafeBufferPointer<UInt8>, at n: Int) -> (String, Int)? {
        let byte = bytes[n]
        switch byte {
        case UInt8(ascii: "\""): return ("\\\"", 1)
        case UInt8(ascii: "\\"): return ("\\\\", 1)
        case 0x0A: return ("\\n", 1)
        case 0x0D: return ("\\r", 1)
        case 0x09: return ("\\t", 1)
        case ..<0x20, 0x7F: return ("\\u00" + Bytes.hex(byte), 1)
        default: return escapeDeceptive(bytes, at: n)
        }
    }

    private static func escapeDeceptive(_ bytes: UnsafeBufferPointer<UInt8>, at n: Int) -> (String, Int)? {
        var decoder = UTF8()
        var iterator = bytes[n..<min(n + 4, bytes.count)].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator), scalar.isDeceptive else { return nil }
        let units = UTF16.encode(scalar)!  // every scalar has an encoding
        let text = units.map { "\\u" + Bytes.hex(UInt8($0 >> 8)) + Bytes.hex(UInt8($0 & 0xFF)) }.joined()
        return (text, UTF8.width(scalar))
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByStringInterpolation
{
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Field($0.0, $0.1) }) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }

    package init(_ value: String?) { self = value.map(JSON.string) ?? .null }
    package init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }

    package func appending(_ fields: [Field]) -> JSON {
        guard case .object(let own) = self else { return self }
        return .object(own + fields)
    }
}

extension [JSON.Field] {
    /// `path`, and `path_raw` in base64 where the bytes are not UTF-8.
    package init(path: Bytes, key: String = "path") {
        if let text = path.utf8 {
            self = [JSON.Field(key, .string(text))]
        } else {
            self = [JSON.Field(key, .string(path.display)), JSON.Field(key + "_raw", .string(path.base64))]
        }
    }
}
