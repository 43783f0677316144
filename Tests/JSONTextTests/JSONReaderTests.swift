import Foundation
@testable import JSONText
import Support
import Testing

@testable import Model

/// Our own reader takes what Foundation's takes, and refuses what it refuses: on whole values, on values with a byte
/// changed, cut or doubled.
struct JSONReaderTests {
    /// Any value, as both see it.
    indirect enum Value: Equatable {
        case object([String: Value]), array([Value]), string(String), number(Int64), bool(Bool), null

        init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
            // Each is tried where the one before was not it; the reader stands where it stood.
            var attempt = json
            if try attempt.isNull() {
                self = .null
            } else if let text = try? attempt.string() {
                self = .string(text)
            } else {
                attempt = json
                if let number = try? attempt.number(Int64.self) {
                    self = .number(number)
                } else {
                    attempt = json
                    if let bool = try? attempt.bool() {
                        self = .bool(bool)
                    } else {
                        attempt = json
                        self = try Self.nested(&attempt)
                    }
                }
            }
            json = attempt
        }

        private static func nested(_ json: inout JSONReader) throws(JSONReader.Malformed) -> Value {
            var attempt = json
            do throws(JSONReader.Malformed) {
                let values = try attempt.array { json throws(JSONReader.Malformed) in try Value(&json) }
                json = attempt
                return .array(values)
            } catch {
                var members: [String: Value] = [:]
                try json.object { key, json throws(JSONReader.Malformed) in members[key] = try Value(&json) }
                return .object(members)
            }
        }

        init?(_ any: Any) {
            switch any {
            case let members as [String: Any]:
                let values = members.compactMapValues(Value.init)
                guard values.count == members.count else { return nil }
                self = .object(values)
            case let elements as [Any]:
                let values = elements.compactMap(Value.init)
                guard values.count == elements.count else { return nil }
                self = .array(values)
            case let text as String: self = .string(text)
            case is NSNull: self = .null
            case let number as NSNumber:
                if Self.isBool(number) { self = .bool(number.boolValue) } else { self = .number(number.int64Value) }
            default: return nil
            }
        }

        static func isBool(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }

        func write(to json: inout JSONWriter) {
            switch self {
            case .object(let members):
                json.object { json in
                    for (key, value) in members {
                        json.key(key)
                        value.write(to: &json)
                    }
                }
            case .array(let values): json.array(values) { value, json in value.write(to: &json) }
            case .string(let text): json.string(text)
            case .number, .bool, .null: preconditionFailure("only fields have these")
            }
        }
    }

    static func ours(_ bytes: [UInt8]) -> Value? {
        try? JSONReader.read(Bytes(bytes)) { json throws(JSONReader.Malformed) in try Value(&json) }
    }

    static func theirs(_ bytes: [UInt8]) -> Value? {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)).flatMap { Value($0) }
    }

    static let documents = [
        #"{"a":[1,-2,0,9223372036854775807],"b":{"c":null,"d":true,"e":false},"":"","f":[]}"#,
        "  { \"x\" : [ \"\\u00e9\\ud83d\\ude00\\n\\t\\\"\\\\\\/\" , \"é😀\" ] }\n",
        #"["\u0000","a\u001fb","\b\f\r"]"#, #"{"items":[{"path":"a/b","n":12},{"path":"c","n":3}]}"#,
        "[[[[[[1]]]]]]", "[]", "{}", "\"x\"",
    ]

    @Test(
        "every document of ours is read as Foundation reads it; changed by a byte, it is never read as something else")
    func agrees() {
        for document in Self.documents {
            let bytes = Array(document.utf8)
            #expect(Self.ours(bytes) != nil && Self.ours(bytes) == Self.theirs(bytes), "\(document)")
            for n in bytes.indices {
                var variants = [Array(bytes[..<n]), Array(bytes[..<n] + bytes[(n + 1)...])]
                for byte in [0x00, 0x0A, 0x20, 0x22, 0x2C, 0x30, 0x39, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xFF] as [UInt8] {
                    var changed = bytes
                    changed[n] = byte
                    variants.append(changed)
                }
                for variant in variants {
                    // What ours takes, theirs takes for the same; what only theirs takes is refused, which keeps.
                    guard let own = Self.ours(variant) else { continue }
                    #expect(own == Self.theirs(variant), "\(String(decoding: variant, as: UTF8.self)), byte \(n)")
                }
            }
        }
    }

    @Test(
        "what is no value of ours is refused",
        arguments: [
            "", "nul", "01", "-", "1.5", "1e3", "9223372036854775808", "-9223372036854775809", "\"a", "[1,]",
            "{\"a\":}",
            "{\"a\" 1}", "[1] 2", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\x\"", "{a:1}", "\"\u{1}\"",
        ])
    func refused(_ text: String) { #expect(Self.ours(Array(text.utf8)) == nil, "\(text)") }

    @Test("depth is bounded: a hostile file costs no stack")
    func depth() {
        #expect(Self.ours(Array((String(repeating: "[", count: 60) + String(repeating: "]", count: 60)).utf8)) != nil)
        #expect(
            Self.ours(Array((String(repeating: "[", count: 65) + String(repeating: "]", count: 65)).utf8)) == nil)
        let deep = Array(String(repeating: "[", count: 1_000_000).utf8)
        #expect(
            throws: JSONReader.Malformed.self,
            performing: { try JSONReader.read(Bytes(deep)) { json throws(JSONReader.Malformed) in try json.skip() } })
    }

    @Test("what the writer writes, both read back", arguments: 0..<200)
    func writes(_ seed: Int) {
        var random = Seeded(seed: UInt64(seed))
        let value = Self.any(&random, depth: 0)
        var json = JSONWriter()
        value.write(to: &json)
        #expect(Self.ours(json.bytes) == value)
        #expect(Self.theirs(json.bytes) == value)
    }

    private static func any(_ random: inout Seeded, depth: Int) -> Value {
        switch Int.random(in: 0..<(depth < 4 ? 4 : 1), using: &random) {
        case 1:
            return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in any(&random, depth: depth + 1) })
        case 2, 3:
            let members = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                (text(&random), any(&random, depth: depth + 1))
            }
            return .object(Dictionary(members) { first, _ in first })
        default: return .string(text(&random))
        }
    }

    private static func text(_ random: inout Seeded) -> String {
        let scalars = (0..<Int.random(in: 0..<8, using: &random)).map { _ in
            Unicode.Scalar(UInt32.random(in: 0..<0x1_0000, using: &random)) ?? "😀"
        }
        return String(String.UnicodeScalarView(scalars))
    }

    @Test("times are written and read to the nanosecond, as the slow way reads them")
    func times() throws {
        var random = Seeded(seed: 7)
        for n in 0..<2_000 {
            let edge: [Int64] = [.min + 1_000_000_000, .max, 0, -1, 1, -1_000_000_000]
            let time = Timestamp(
                nanoseconds: n < edge.count
                    ? edge[n] : Int64.random(in: -9_000_000_000_000_000_000...9_000_000_000_000_000_000, using: &random)
            )
            let text = time.rfc3339Nanoseconds
            #expect(text.utf8.count == 30)
            #expect(Timestamp(rfc3339: text) == time, "\(text)")
            // A digit less is the general form.
            #expect(
                Timestamp(rfc3339: text.dropLast(2) + "Z")
                    == Timestamp(nanoseconds: time.nanoseconds.floorDivided(by: 10) * 10))
        }
        #expect(Timestamp(rfc3339: "2026-02-30T00:00:00.000000000Z") == nil)
    }
}
