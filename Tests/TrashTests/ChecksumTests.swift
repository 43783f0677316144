import Disk
import Foundation
import Model
import Support
import Testing
import Trash

@Suite("checksums beside a backup")
struct ChecksumTests {
    /// SHA-256, SHA-512, SHA-1 and MD5 of "abc", from the standards that define them.
    private static let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    private static let sha512 =
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    private static let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d"
    private static let md5 = "900150983cd24fb0d6963f7d28e17f72"

    private func compare(_ sides: [String: String], content: String = "abc") throws -> Checksum? {
        let scratch = try Scratch()
        try Data(content.utf8).write(to: scratch.url.appending(path: "db.dump"))
        for (ending, text) in sides {
            try Data(text.utf8).write(to: scratch.url.appending(path: "db.dump" + ending))
        }
        return try Checksum.compare("db.dump", in: Directory.open(absolute: Bytes(scratch.url.path)))
    }

    @Test(
        "each form that tools write is understood",
        arguments: [
            (".sha256", "\(sha256)  db.dump\n"), (".sha256", "\(sha256) *db.dump\r\n"),
            (".sha256", sha256.uppercased()),
            (".sha256", "SHA256 (db.dump) = \(sha256)\n"), (".sha256", "\\\(sha256)  db.dump\n"),
            (".sha256", "\(sha256)  another name of it\n"),
            (".sha256", "\(String(repeating: "0", count: 64))  x\n\(sha256)  ./db.dump\n"),
            (".sha512", "\(sha512)  db.dump\n"), (".sha1", "\(sha1)  db.dump\n"), (".md5", "\(md5)  db.dump\n"),
        ])
    func forms(ending: String, text: String) throws {
        #expect(try compare([ending: text]) == .matches(Bytes("db.dump" + ending)))
        let other = try compare([ending: text], content: "abd")
        guard case .differs(Bytes("db.dump" + ending), let expected, let found) = other else {
            Issue.record("\(String(describing: other))")
            return
        }
        #expect(expected != found && expected.count == found.count && text.lowercased().contains(expected))
    }

    @Test("what says nothing of the file is none: no side file, no digits, others' lines, another length")
    func none() throws {
        #expect(try compare([:]) == nil)
        let zeros = String(repeating: "0", count: 64)
        for text in ["", "see README\n", "\(zeros)  a\n\(zeros)  b\n", "\(Self.md5)  db.dump\n"] {
            #expect(try compare([".sha256": text]) == nil, "\(text)")
        }
        // No room for an ending.
        let scratch = try Scratch()
        let long = String(repeating: "n", count: 255)
        try Data("abc".utf8).write(to: scratch.url.appending(path: long))
        #expect(try Checksum.compare(Bytes(long), in: Directory.open(absolute: Bytes(scratch.url.path))) == nil)
        // The strongest that says anything counts.
        #expect(
            try compare([".sha512": "nothing", ".sha256": Self.sha256, ".md5": zeros]) == .matches("db.dump.sha256"))
    }
}
