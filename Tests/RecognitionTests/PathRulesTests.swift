import Foundation
import Model
import Recognition
import Support
import Testing

@Suite("exclude and include")
struct PathRulesTests {
    private func rules(_ lines: String...) throws -> PathRules {
        try PathRules(
            lines.enumerated().map { try PathRule($1, origin: "reprieve.yaml:\($0 + 5)") })
    }

    @Test("what is excluded is skipped before all else, with the line that says so")
    func excluded() throws {
        let recognisers = Recognisers(
            custom: [try CustomRecogniser(#"(?<series>a)-(?<time>\d{8})\.tar"#, .init())],
            excluded: try rules("*.log", "a-*", "!a-20261124.tar", "/d/old/"))
        let reading = read(
            ["a-20261123.tar", "a-20261124.tar", "a-20261124.tar.log", "old/", "restic/"], by: recognisers)
        #expect(reading.units.map(\.name) == ["a-20261124.tar"] && reading.units[0].sideFiles.isEmpty)
        #expect(reading.why("a-20261123.tar") == "excluded by reprieve.yaml:6")
        #expect(reading.why("a-20261124.tar.log") == "excluded by reprieve.yaml:6")
        #expect(reading.why("old") == "excluded by reprieve.yaml:8")
        #expect(reading.descend == ["restic"])
        #expect(reading.skippedEntries.map(\.name) == reading.skippedEntries.map(\.name).sorted())
        let inside = read(["x-20261123.tar"], in: "d/old/y", by: recognisers)
        #expect(inside.why("x-20261123.tar") == "excluded by reprieve.yaml:8")
    }

    @Test("what is excluded is not there for its neighbours")
    func neighbours() throws {
        let recognisers = Recognisers(excluded: try rules("*.002"))
        let reading = read(["a-20261123.7z.001", "a-20261123.7z.002", "a-20261123.7z.003"], by: recognisers)
        #expect(reading.units.map(\.contents.outcome) == [.lacking])
        #expect(reading.why("a-20261123.7z.002") == "excluded by reprieve.yaml:5")
    }

    @Test("what is included counts although it looks like live data, and is read as everything else")
    func included() throws {
        let names: [Bytes] = ["scan-2026-11-23.pdf", "IMG_20261123.jpg", "notes.pdf", "access.log-20261123.gz"]
        #expect(read(names).units.isEmpty)
        let reading = read(names, by: Recognisers(included: try rules("*.pdf")))
        #expect(reading.units.map(\.series) == ["d/scan-*.pdf"])
        #expect(reading.why("notes.pdf") == DirectoryReading.undated)
        let directory = read(names, by: Recognisers(included: try rules("d/")))
        #expect(directory.units.count == 3)
        let both = Recognisers(excluded: try rules("IMG_*"), included: try rules("/d/**"))
        #expect(read(names, by: both).units.count == 2)
    }

    @Test("a whole directory of live data is looked into where it is included, and a repository never is")
    func places() throws {
        let recognisers = Recognisers(included: try rules("home/", "/repo"))
        func place(_ directory: Bytes, _ names: Set<Bytes>) -> SkippedEntry.Why? {
            recognisers.place(
                PlaceNames(
                    directory: directory, names: names, isDirectory: { _ in true }, inside: { _ in [] },
                    file: { _ in nil }))
        }
        let home: Set<Bytes> = [".bashrc", ".profile", "db-20261123.sql"]
        #expect(place("elsewhere", home) != nil)
        #expect(place("home", home) == nil && place("home/anna", home) == nil)
        let repository: Set<Bytes> = ["kopia.repository.f", "kopia.blobcfg.f"]
        #expect(place("repo", repository) != nil && place("repo", repository) == place("other", repository))
    }

    @Test("its text is part of how names are read, with the place of each line")
    func texts() throws {
        let moved = PathRules([try PathRule("a", origin: "reprieve.yaml:6")])
        let texts = try [
            Recognisers.byName.text, Recognisers(excluded: rules("a")).text, Recognisers(included: rules("a")).text,
            Recognisers(excluded: rules("b")).text, Recognisers(excluded: moved).text,
        ]
        #expect(Set(texts).count == texts.count)
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            ("", 0, "names nothing"), ("/", 0, "names nothing"), ("!", 0, "names nothing"), ("# x", 0, "comment"),
            ("a[b", 1, "no ']'"), (#"a\"#, 1, #"'\'"#), ("[[:nothing:]]", 1, "[:nothing:]"),
            ("   ", 0, "names nothing"),
            (String(repeating: "a", count: 2000), 1024, "longer"),
        ])
    func mistakes(text: String, offset: Int, message: String) {
        let problem = #expect(throws: PatternProblem.self) { try PathRule(text) }
        #expect(problem?.offset == offset && problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    }

    private static let names = ["a", "b", "ab", "a.b", "-", "[", "A1", "é", "*", "a b"]
    private static let pieces = [
        "a", "b", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[^b-z]", "[a-c]*", ".", "[[:alpha:]]", #"\*"#, #"\a"#, "!",
        "[]-]", "[[]", "**/", "/**", "é", "-", "A", #"[\]a]"#, "***", " ", "[b-a]", "[:a]",
    ]

    /// The first two levels are directories; each has every name as a file and as a directory of another name.
    private func tree(_ scratch: Scratch) throws -> [(path: String, isDirectory: Bool)] {
        var paths: [(String, Bool)] = []
        for top in Self.names.prefix(6) {
            paths.append((top, true))
            for middle in Self.names.prefix(5) {
                paths.append(("\(top)/\(middle)", true))
                for name in Self.names { paths.append(("\(top)/\(middle)/\(name)", false)) }
            }
            for name in Self.names.suffix(5) { paths.append(("\(top)/\(name)", false)) }
        }
        for (path, isDirectory) in paths where !isDirectory { try scratch.write(path, "") }
        return paths
    }

    @Test("it says what git says, line by line")
    func git() throws {
        let scratch = try Scratch()
        let paths = try tree(scratch)
        let root = scratch.url.path
        try LoopDisk.run(["git", "init", "-q", root], in: root)
        let list = paths.map(\.path).joined(separator: "\0")
        try Data(list.utf8).write(to: scratch.url.appending(path: ".git/paths"))
        var random = Seeded(seed: 19)
        var (held, free) = (0, 0)
        for round in 0..<250 {
            let lines = (0..<Int.random(in: 1...3, using: &random)).compactMap { _ -> String? in
                let text = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    Self.pieces.randomElement(using: &random) ?? ""
                }.joined()
                return (try? PathRule(text)) == nil ? nil : text
            }
            guard !lines.isEmpty else { continue }
            try scratch.write(".gitignore", lines.joined(separator: "\n") + "\n")
            let answer = try LoopDisk.run(
                [
                    "sh", "-c",
                    "git -c core.excludesFile=/dev/null -c core.ignoreCase=false check-ignore --no-index -v -n -z --stdin < .git/paths || [ $? = 1 ]",
                ], in: root)
            let fields = answer.split(separator: "\0", omittingEmptySubsequences: false)
            let rules = try PathRules(lines.enumerated().map { try PathRule($1, origin: String($0 + 1)) })
            for (index, path) in paths.enumerated() {
                let isNegated = fields[4 * index + 2].hasPrefix("!")
                let expected = isNegated ? "" : String(fields[4 * index + 1])
                let found = rules.rule(holding: Bytes(path.path), isDirectory: path.isDirectory)
                #expect(found?.origin ?? "" == expected, "\(round) \(lines) on '\(path.path)'")
                if found == nil { free += 1 } else { held += 1 }
            }
        }
        #expect(held > 2000 && free > 2000, "\(held) \(free)")
    }
}
