internal import Glibc

/// A file name, a path or a series key: bytes, compared bytewise.
///
/// As a `String` an NFC and an NFD name, and all names that are not UTF-8, would be equal, and two series would be
/// judged as one. Text is made from it only to be shown (``display``).
package struct Bytes: Hashable, Sendable {
    package var storage: [UInt8]

    package init(_ storage: some Sequence<UInt8>) { self.storage = Array(storage) }
    package init(_ storage: [UInt8]) { self.storage = storage }
    // A generic one is not specialised across modules.
    package init(_ storage: ArraySlice<UInt8>) { self.storage = Array(storage) }
    package init(_ text: String) { storage = Array(text.utf8) }
    package init() { storage = [] }

    package var count: Int { storage.count }
    package var isEmpty: Bool { storage.isEmpty }
}

// Whole buffers at a time: what the compiler makes for arrays goes byte by byte.
extension Bytes {
    package static func == (a: Bytes, b: Bytes) -> Bool {
        a.storage.count == b.storage.count && order(a, b) == 0
    }

    package func hash(into hasher: inout Hasher) {
        storage.withUnsafeBytes { hasher.combine(bytes: $0) }
        hasher.combine(storage.count)
    }

    /// Negative, zero or positive, as the first bytes that differ say; 0 where one begins with the other.
    private static func order(_ a: Bytes, _ b: Bytes) -> Int32 {
        a.storage.withUnsafeBytes { first in
            b.storage.withUnsafeBytes { second in
                let count = min(first.count, second.count)
                guard count > 0, let start = first.baseAddress, let other = second.baseAddress else { return 0 }
                return memcmp(start, other, count)
            }
        }
    }
}

extension Bytes: Comparable {
    package static func < (a: Bytes, b: Bytes) -> Bool {
        let order = order(a, b)
        return order == 0 ? a.count < b.count : order < 0
    }
}

extension Bytes: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) { self.init(value) }
}

extension Bytes {
    package static func + (a: Bytes, b: Bytes) -> Bytes { Bytes(a.storage + b.storage) }

    package func hasPrefix(_ prefix: Bytes) -> Bool { storage.starts(with: prefix.storage) }

    package func hasSuffix(_ suffix: Bytes) -> Bool {
        count >= suffix.count && storage[(count - suffix.count)...].elementsEqual(suffix.storage)
    }

    package func dropFirst(_ n: Int) -> Bytes { Bytes(storage.dropFirst(n)) }
    package func dropLast(_ n: Int) -> Bytes { Bytes(storage.dropLast(n)) }

    /// `nil` where the bytes are not UTF-8.
    package var utf8: String? { String(validating: storage, as: UTF8.self) }
}

// MARK: Paths

extension Bytes {
    /// The last component; of `""` (the vault itself) `""`.
    package var lastComponent: Bytes {
        guard let slash = storage.lastIndex(of: UInt8(ascii: "/")) else { return self }
        return Bytes(storage[(slash + 1)...])
    }

    /// Everything before the last component; `""` where there is only one.
    package var parent: Bytes {
        guard let slash = storage.lastIndex(of: UInt8(ascii: "/")) else { return Bytes() }
        return Bytes(storage[..<slash])
    }

    package var components: [Bytes] { storage.split(separator: UInt8(ascii: "/")).map { Bytes($0) } }

    package func appending(_ name: Bytes) -> Bytes {
        guard !isEmpty else { return name }
        var whole: [UInt8] = []
        whole.reserveCapacity(count + 1 + name.count)
        whole += storage
        whole.append(UInt8(ascii: "/"))
        whole += name.storage
        return Bytes(whole)
    }

    /// Whether this path lies below `directory` or is it.
    package func isWithin(_ directory: Bytes) -> Bool {
        directory.isEmpty || self == directory || hasPrefix(directory + "/")
    }
}

// MARK: Text

extension Bytes: CustomStringConvertible {
    package var description: String { display }

    /// Text for a terminal: no control byte, no invalid UTF-8 and nothing that deceives gets through, and two different
    /// names never look the same but for Unicode's own doubles.
    package var display: String {
        if storage.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) {
            return String(decoding: storage, as: UTF8.self)
        }
        var text = ""
        var rest = storage[...]
        while let first = rest.first {
            if let (scalar, length) = Self.scalar(rest) {
                text += Self.escaped(scalar)
                rest = rest.dropFirst(length)
            } else {
                text += "\\x" + Self.hex(first)
                rest = rest.dropFirst()
            }
        }
        return text
    }

    private static func scalar(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
        return (scalar, UTF8.width(scalar))
    }

    /// A scalar as it is shown.
    static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x5C: "\\\\"
        case 0x0A: "\\n"
        case 0x09: "\\t"
        case 0x0D: "\\r"
        case ..<0x20, 0x7F: "\\x" + hex(UInt8(scalar.value))
        default: scalar.isDeceptive ? "\\u{" + String(scalar.value, radix: 16) + "}" : String(scalar)
        }
    }

    package static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }

    /// Lower-case hexadecimal of all bytes.
    package var hexadecimal: String {
        String(unsafeUninitializedCapacity: 2 * storage.count) { text in
            for (n, byte) in storage.enumerated() {
                text[2 * n] = Self.digit(byte >> 4)
                text[2 * n + 1] = Self.digit(byte & 0xF)
            }
            return 2 * storage.count
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    package init?(hexadecimal text: String) {
        guard text.utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        self.init(bytes)
    }
}
