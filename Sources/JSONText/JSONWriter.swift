package import Model

/// Writes JSON field after field into bytes, without building a value first: for files with thousands of entries.
/// Objects stand on one line; so do arrays, but where each element shall have its own.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        begin("{")
        body(&self)
        end("}")
    }

    package mutating func array<T>(_ items: [T], lineEach: Bool = false, _ each: (T, inout JSONWriter) -> Void) {
        begin("[")
        for item in items {
            comma()
            if lineEach { bytes.append(0x0A) }
            needsComma = false
            each(item, &self)
            needsComma = true
        }
        if lineEach, !items.isEmpty { bytes.append(0x0A) }
        end("]")
    }

    package mutating func string(_ value: String) {
        JSON.quote(value, to: &bytes)
        needsComma = true
    }

    /// The name of a field; its value comes next.
    package mutating func key(_ key: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes += UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// The same where the name is not ours.
    package mutating func key(_ key: String) {
        comma()
        JSON.quote(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func field(_ key: StaticString, _ value: String) {
        self.key(key)
        string(value)
    }

    package mutating func field(_ key: StaticString, _ value: some BinaryInteger) {
        self.key(key)
        bytes += String(value).utf8
        needsComma = true
    }

    package mutating func field(_ key: StaticString, _ value: Bool) {
        self.key(key)
        bytes += (value ? "true" : "false").utf8
        needsComma = true
    }

    package mutating func field(_ key: StaticString, _ value: Timestamp) {
        self.key(key)
        bytes.append(UInt8(ascii: "\""))
        value.writeNanoseconds(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    package mutating func field(_ key: StaticString, _ values: [String]) {
        self.key(key)
        array(values) { value, json in json.string(value) }
    }

    // MARK: Left out where they are nil

    package mutating func field(_ key: StaticString, _ value: String?) { if let value { field(key, value) } }
    package mutating func field(_ key: StaticString, _ value: Int?) { if let value { field(key, value) } }
    package mutating func field(_ key: StaticString, _ value: Int64?) { if let value { field(key, value) } }
    package mutating func field(_ key: StaticString, _ value: Bool?) { if let value { field(key, value) } }
    package mutating func field(_ key: StaticString, _ value: Timestamp?) { if let value { field(key, value) } }
    package mutating func field(_ key: StaticString, _ values: [String]?) { if let values { field(key, values) } }

    package mutating func newLine() { bytes.append(0x0A) }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func begin(_ open: Unicode.Scalar) {
        bytes.append(UInt8(ascii: open))
        needsComma = false
    }

    private mutating func end(_ close: Unicode.Scalar) {
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }
}
