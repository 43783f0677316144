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
    package var line: String {
        var text = ""
        write(to: &text, indent: nil, depth: 0)
        return text
    }

    /// Two spaces a level.
    package var pretty: String {
        var text = ""
        write(to: &text, indent: "  ", depth: 0)
        return text
    }

    private func write(to text: inout String, indent: String?, depth: Int) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .string(let value): Self.quote(value, to: &text)
        case .array(let items):
            Self.list("[", items, "]", to: &text, indent: indent, depth: depth) { item, text in
                item.write(to: &text, indent: indent, depth: depth + 1)
            }
        case .object(let fields):
            Self.list("{", fields, "}", to: &text, indent: indent, depth: depth) { field, text in
                Self.quote(field.key, to: &text)
                text += indent == nil ? ":" : ": "
                field.value.write(to: &text, indent: indent, depth: depth + 1)
            }
        }
    }

    private static func list<T>(
        _ open: String, _ items: [T], _ close: String, to text: inout String, indent: String?, depth: Int,
        _ each: (T, inout String) -> Void
    ) {
        text += open
        for (n, item) in items.enumerated() {
            if n > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: indent, count: depth + 1) }
            each(item, &text)
        }
        if let indent, !items.isEmpty { text += "\n" + String(repeating: indent, count: depth) }
        text += close
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                text += "\\u00" + Bytes.hex(UInt8(scalar.value))
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
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
