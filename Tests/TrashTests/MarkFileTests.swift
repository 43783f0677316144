@testable import JSONText
import Testing

@testable import Model
@testable import Trash

struct MarkFileTests {
    @Test("every field of a mark comes back from the file: one that is forgotten there would lose what a person said")
    func everyField() throws {
        var mark = Mark(
            kind: .frozen, target: "series:00ff", counter: 7, released: true, reason: "\"why\"\n", actor: "é",
            at: Timestamp(nanoseconds: 1_700_000_000_123_456_789), until: Timestamp(seconds: 1_800_000_000))
        mark.path = "a/b"
        mark.pathRaw = "/w=="
        mark.time = Timestamp(seconds: 5)
        mark.size = 1 << 40
        mark.approval = .init(
            plan: "9c41", policyHash: "h", policyText: "daily: 7", ids: ["a", "b"], kinds: ["pg · names · .sql"])
        mark.keep = 0
        mark.after = Timestamp(seconds: 9)
        mark.objects = ["0011", "0022"]
        mark.policies = []
        mark.isElsewhere = false
        mark.cause = FreezeCause.clock.rawValue
        mark.items = MarkedItems([.init(object: .max, twin: 3), .init(object: 0, twin: .max)])
        mark.run = 81
        for field in Mirror(reflecting: mark).children {
            let value = Mirror(reflecting: field.value)
            #expect(value.displayStyle != .optional || !value.children.isEmpty, "\(field.label ?? "?") is not set here")
        }
        let plain = Mark(kind: .preserved, target: "x", reason: "", actor: "", at: Timestamp(seconds: 0))
        let file = MarkFile(vaults: ["v\"1": [mark, plain], "v2": []])
        let back = try MarkFile(decoding: file.encoded)
        #expect(back.vaults == file.vaults && back.format == MarkFile.formatWithItems)
        #expect(MarkFile(vaults: ["v": [plain]]).format == MarkFile.currentFormat, "an older program reads it")
    }

    @Test("a mark of a kind that nobody knows, or without a field, makes the file unreadable, which freezes")
    func unknown() {
        for text in [
            #"{"format":"reprieve.marks/1","vaults":{"v":[{"kind":"blessed","target":"x","counter":1,"released":false,"reason":"","actor":"","at":"2026-01-01T00:00:00Z"}]}}"#,
            #"{"format":"reprieve.marks/1","vaults":{"v":[{"kind":"frozen","target":"x","counter":1,"reason":"","actor":"","at":"2026-01-01T00:00:00Z"}]}}"#,
            #"{"format":"reprieve.marks/2","vaults":{"v":[{"kind":"reprieved","target":"items:0","counter":1,"released":false,"reason":"","actor":"","at":"2026-01-01T00:00:00Z","items":"AAAA"}]}}"#,
            #"{"format":"reprieve.marks/3","vaults":{}}"#, #"{"format":"reprieve.marks/1"}"#, "", "{",
        ] {
            #expect(throws: JSONReader.Malformed.self) { try MarkFile(decoding: Bytes(text)) }
        }
    }

    @Test("an older file, with spaces, other orders and null, is read")
    func older() throws {
        let text = """
            { "vaults" : { "v" : [ {
                "until" : null, "at" : "2026-01-01T00:00:00.500Z", "actor" : "a", "counter" : 3, "kind" : "preserved",
                "reason" : "r", "released" : false, "target" : "t", "from_a_newer_program" : [1, {"x": 2.5}]
            } ] }, "format" : "reprieve.marks/1" }
            """
        let mark = try #require(try MarkFile(decoding: Bytes(text)).vaults["v"]?.first)
        #expect(mark.reason == "r" && mark.until == nil && mark.at.nanoseconds % 1_000_000_000 == 500_000_000)
    }
}
