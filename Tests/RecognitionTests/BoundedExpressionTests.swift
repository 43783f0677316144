import Model
import Recognition
import Support
import Testing

@Suite("regular expressions in bounded time")
struct BoundedExpressionTests {
    private func match(_ pattern: String, _ name: String) throws -> BoundedExpression.Match {
        try BoundedExpression(pattern, groups: PatternText(pattern).groups).match(Array(name.utf8))
    }

    private func matches(_ pattern: String, _ name: String) throws -> Bool {
        if case .found = try match(pattern, name) { true } else { false }
    }

    @Test(
        "a name that would take years is given up at a limit",
        arguments: [
            // The name of 61 bytes that hung every vault with this expression.
            (#"(\w+-?){1,9}"#, String(repeating: "a", count: 60) + "!"),
            (#"(\w+-?){1,9}"#, String(repeating: "a", count: 254) + "!"),
            (#"(.+-)+x"#, String(repeating: "a-", count: 120) + "x!"),
            (#"(?:.*,)*z"#, String(repeating: ",", count: 250) + "z!"),
            (#"(.*)(.*)(.*)(.*)\1\2\3\4x"#, String(repeating: "ax", count: 500)),
        ])
    func limits(pattern: String, name: String) throws {
        guard case .tooLong = try match(pattern, name) else {
            Issue.record("'\(pattern)' was not given up")
            return
        }
    }

    @Test("such a name is skipped with the reason, and the names beside it are read")
    func skipped() throws {
        let hostile = Bytes(String(repeating: "a", count: 60) + "!")
        let recognisers = Recognisers(custom: [try CustomRecogniser(#"(\w+-?){1,9}(?<time>\d{8})"#, .init())])
        let reading = read(["a-b-20261123", hostile], by: recognisers)
        #expect(reading.units.map(\.name) == ["a-b-20261123"])
        #expect(reading.why(hostile)?.contains("takes too long") == true)
        #expect(reading.why(hostile)?.contains(#"match '(\w+-?)"#) == true)
        let way = Recognisers(custom: [try CustomRecogniser(#"(\w+-?){1,9}(?<time>\d{8})/x"#, .init())])
        #expect(read([hostile + "/"], in: "", by: way).why(hostile)?.contains("takes too long") == true)
    }

    @Test("ordinary expressions with many ways to match do not come near the limit")
    func ordinary() throws {
        let name = String(repeating: "ab-cd_", count: 38) + "20261123.tar.gz"
        for pattern in [#"(?<series>.+)-(?<time>\d{8})\.tar\.gz"#, #"(.+)[-_](.+)[-_](\w+)[-_](?<time>\d{8}).*"#, ".*"]
        {
            if case .tooLong = try match(pattern, name) { Issue.record("'\(pattern)' was given up") }
        }
    }

    private func matched(_ pattern: String) throws -> (before: Set<Unicode.Scalar>, now: Set<Unicode.Scalar>) {
        let regex = try Regex(pattern).matchingSemantics(.unicodeScalar).asciiOnlyDigits()
        let bounded = try BoundedExpression(pattern, groups: [])
        var (before, now): (Set<Unicode.Scalar>, Set<Unicode.Scalar>) = ([], [])
        // Both libraries know these: Unicode 13.
        let values = Array(0...0x33FF) + Array(0xD000...0xFFFF) + Array(0x1F000...0x1F9FF)
        for scalar in values.compactMap({ Unicode.Scalar(UInt32($0)) })
        where scalar.properties.age.map({ $0.major < 14 }) ?? false {
            let text = String(Character(scalar))
            if try regex.wholeMatch(in: text) != nil { before.insert(scalar) }
            if case .found = bounded.match(Array(text.utf8)) { now.insert(scalar) }
        }
        return (before, now)
    }

    @Test("every scalar is what it was", arguments: [#"\d"#, #"\D"#, #"\s"#, ".", #"[^\d]"#])
    func scalars(pattern: String) throws {
        let (before, now) = try matched(pattern)
        // The Mongolian vowel separator is a space for PCRE2.
        #expect(before.symmetricDifference(now).filter { $0.value != 0x180E }.isEmpty)
    }

    @Test("a letter of a word stays one; marks on letters, and digits of other scripts, came to them")
    func words() throws {
        let (before, now) = try matched(#"\w"#)
        let gone = before.subtracting(now).map(\.value).sorted()
        #expect(gone.isEmpty)
        for scalar in now.subtracting(before) {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: continue
            case let other: Issue.record("\(scalar.value): \(other)")
            }
        }
        let isTheSame = try matched(#"[\w]"#).now == now
        #expect(isTheSame && now.count < 60_000)
    }

    private static let atoms = [
        "a", "b", "-", #"\d"#, #"\w"#, ".", #"\."#, "[ab]", "[^a-]", #"[\d.]"#, "(?<x>a|b)", "(a)", "(?:b|-)", #"\s"#,
        "é",
        #"\D"#, "(?i:A)", #"\Qa.\E"#, #"[a\-]"#, #"\u{61}"#, #"\x62"#, "a(?=b)", "(?!a)", "^", "$", #"[[:digit:]]"#,
    ]
    private static let counts = ["", "", "", "?", "*", "+", "{2}", "{1,2}", "{,2}", "*?", "+?", "??", "*+"]
    private static let letters = ["a", "b", "-", "1", ".", "é", "A", " ", "2"]

    @Test("random expressions match what they matched before, and their groups stand where they stood")
    func before() throws {
        var random = Seeded(seed: 15)
        var compared = 0
        for _ in 0..<3000 {
            var hasGroup = false
            let pattern = (0..<Int.random(in: 1...4, using: &random)).map { _ -> String in
                var atom = Self.atoms.randomElement(using: &random) ?? ""
                if atom.hasPrefix("(?<"), hasGroup { atom = "a" }
                if atom.hasPrefix("(?<") { hasGroup = true }
                let isPlace = atom == "^" || atom == "$" || atom == "(?!a)"
                return atom + (isPlace ? "" : Self.counts.randomElement(using: &random) ?? "")
            }.joined()
            guard let regex = try? Regex(pattern).matchingSemantics(.unicodeScalar).asciiOnlyDigits() else { continue }
            for _ in 0..<6 {
                let name = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    Self.letters.randomElement(using: &random) ?? ""
                }.joined()
                let old = try regex.wholeMatch(in: name)
                guard case .found(let groups) = try match(pattern, name) else {
                    #expect(old == nil, "'\(pattern)' no longer matches '\(name)'")
                    continue
                }
                compared += 1
                #expect(old != nil, "'\(pattern)' now matches '\(name)'")
                guard hasGroup, let old else { continue }
                let range = old.output["x"]?.range.map { range in
                    let start = name.utf8.distance(from: name.startIndex, to: range.lowerBound)
                    return start..<(start + name.utf8.distance(from: range.lowerBound, to: range.upperBound))
                }
                #expect(groups["x"] == range, "'\(pattern)' on '\(name)'")
            }
        }
        #expect(compared > 1000)
    }

    @Test("names that are not UTF-8 are no text, and none of the bytes of a name stop a match")
    func bytes() throws {
        let any = try BoundedExpression("(?s).*", groups: [])
        guard case .notText = any.match([0xFF, 0x61]), case .notText = any.match([0xED, 0xA0, 0x80]),
            case .found = any.match([0x61, 0x0A, 0x62])
        else {
            Issue.record("read otherwise")
            return
        }
        #expect(try !matches("a.b", "a\nb") && !matches("ab$", "ab\n"))
    }

    @Test(
        "what is not supported is refused at its place",
        arguments: [
            ("ab(c", 4, "parenthesis"), ("a[[b]c]", 2, "brackets in brackets"), ("a[b&&c]", 3, "&&"),
            (#"a[\w--x]"#, 4, "--"), (#"\d\d(?<a>x)(?<a>y)"#, 16, "same name"), (#"\w+\y"#, 4, "unrecognized"),
            ("é*[b", 3, "']'"), (#"\p{Nothing}"#, 11, "unknown property"), (#"(?<=a+)b"#, 0, "lookbehind"),
            (#"x\C"#, 3, #"\C"#), ("*a", 0, "quantifier"), (#"a\"#, 2, #"\"#),
        ])
    func problems(pattern: String, offset: Int, message: String) {
        let problem = #expect(throws: PatternProblem.self) { try BoundedExpression(pattern, groups: []) }
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
        #expect(problem?.offset == offset, "\(problem?.offset ?? -1)")
    }

    @Test("no text of an expression, however odd, does harm")
    func odd() {
        var random = Seeded(seed: 16)
        let bytes = Array(#"ab\[](){}?*+|^$.:<>=!#-&~1QEuU,/"#.utf8)
        var compiled = 0
        for _ in 0..<20_000 {
            let pattern = String(
                decoding: (0..<Int.random(in: 0...12, using: &random)).map { _ in
                    bytes.randomElement(using: &random) ?? 0
                }, as: UTF8.self)
            do {
                _ = try BoundedExpression(pattern, groups: ["a"]).match(Array("ab-1".utf8))
                compiled += 1
            } catch {
                #expect((0...pattern.utf8.count).contains(error.offset), "'\(pattern)'")
            }
        }
        #expect(compiled > 1000)
        #expect(throws: PatternProblem.self) { try BoundedExpression(String(repeating: "a", count: 5000), groups: []) }
    }
}
