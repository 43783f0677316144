import Foundation
import Model
import Support
import Testing

@Suite("shell words")
struct ShellWordTests {
    /// What names are made of to hurt a shell, a terminal or a program's options.
    private static let pieces: [[UInt8]] =
        [
            "'", "\"", "\\", "$(id)", "`id`", "$HOME", "${IFS}", "!!", "*", "?", "[a]", "{a,b}", "~", "#", ";", "&",
            "|",
            "<", ">", "(", ")", " ", "  ", "\t", "\n", "\r", "\u{1B}[2J", "\u{7F}", "-", "--", "%s", "%", "=", "a", "7",
            "Größe", "\u{202E}", "\u{FEFF}", "\u{301}", "\u{1F4BE}", "\\n", "\\001", "'\\''", ".", "/",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0x80, 0x01]]

    private static func hostileNames(_ count: Int, seed: UInt64) -> [Bytes] {
        var random = Seeded(seed: seed)
        return (0..<count).map { n in
            n < pieces.count
                ? Bytes(pieces[n])
                : Bytes(
                    (1...Int.random(in: 2...6, using: &random)).flatMap { _ in pieces.randomElement(using: &random)! })
        } + [Bytes("\n\n"), Bytes("a\n\n"), Bytes([0xFF, 0x0A]), Bytes()]
    }

    @Test("each of 200 hostile names arrives through a shell byte for byte", arguments: ["/bin/sh", "/bin/bash"])
    func arrives(shell: String) throws {
        let names = Self.hostileNames(200, seed: 16)
        let script = "printf '%s\\0' " + names.map(\.shellWord).joined(separator: " ")
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: shell)
        process.arguments = ["-c", script]
        process.standardOutput = output
        try process.run()
        let told = try #require(try output.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        let arrived = Array(told).split(separator: 0, omittingEmptySubsequences: false).dropLast().map { Bytes($0) }
        #expect(arrived.count == names.count)
        for (name, found) in zip(names, arrived) { #expect(name == found, "\(name.shellWord)") }
    }

    @Test("a word shows nothing that a terminal obeys, and a plain name stays as it is")
    func shown() {
        for name in Self.hostileNames(200, seed: 17) {
            // A line feed at the end has no other form.
            let shown = Bytes(name.shellWord).storage.filter { $0 != 0x0A }
            #expect(Bytes(shown).display.replacing("\\\\", with: "\\") == String(decoding: shown, as: UTF8.self))
        }
        #expect(Bytes("app/orders-2026-11-23.dump").shellWord == "app/orders-2026-11-23.dump")
        #expect(Bytes("it's").shellWord == #"'it'\''s'"#)
    }

    @Test("an argument that begins with a dash is no option")
    func dash() {
        #expect("\(shell: "-n.dump")" == "./-n.dump")
        #expect("\(shell: "a b")" == "'a b'")
    }
}
