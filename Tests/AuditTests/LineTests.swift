import Audit
import Foundation
import Model
import Support
import Testing

/// A record is written and read by bytes; Foundation's JSON is the judge.
@Suite("lines of the audit log")
struct LineTests {
    private static let hostile: [Bytes] = [
        "plain", "", "\"quoted\" \\ and \\\\\"", "tab\tnew\nline\r", "\u{0}\u{1}\u{1F}\u{7F}", "\u{80}\u{9F}\u{A0}",
        "äöü \u{202E}x🙂", "{\"seq\":9,", ",\"prev\":\"", "\\", "\\u0041", Bytes([0xFF, 0x2F, 0xC2]),
        Bytes([0xC2, 0x85]),
    ]

    private func written(_ records: [AuditRecord]) throws -> (lines: [Data], read: [AuditLine]) {
        let scratch = try Scratch()
        let log = AuditLog(
            path: scratch.path.appending("audit.log"), stateDirectory: scratch.path,
            actor: Actor(uid: 0, loginUID: nil, user: "a \"name\"", pid: 1, program: "test"))
        try log.append(records, at: TestClock().moment)
        var read: [AuditLine] = []
        try log.forEach { read.append($0) }
        let lines = try Data(contentsOf: scratch.url.appending(path: "audit.log")).split(separator: 0x0A)
        return (lines.map { Data($0) }, read)
    }

    @Test("every name and reason is read back as it was, by us and by any other reader of JSON")
    func round() throws {
        let records = Self.hostile.map {
            AuditRecord(
                .seriesErased([.init(path: "not this one", size: 1), .init(path: Bytes("}]\""), size: 2)]), run: 7,
                vault: "v", vaultID: VaultID(text: "0f"), series: $0,
                backup: BackupID(object: 7, link: 9), batch: "b", path: $0, reason: $0.display)
        }
        let (lines, read) = try written(records)
        #expect(lines.count == records.count && read.count == records.count)
        for (n, line) in lines.enumerated() {
            let judge = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            let ours = read[n]
            #expect(ours.seq == n + 1)
            for key in [
                "time", "event", "vault", "vault_id", "series", "backup", "batch", "path", "reason", "manifest",
            ] {
                #expect(ours[key] == judge[key] as? String, "\(key) of \(String(decoding: line, as: UTF8.self))")
            }
            #expect(ours.run == 7 && ours.actor?.user == "a \"name\"")
            #expect(ours.prev == judge["prev"] as? String && ours.hash == judge["hash"] as? String)
            #expect(ours.name("path") == Self.hostile[n] && ours.name("series") == Self.hostile[n])
            #expect(ours["erased"] == nil && ours["size"] == nil && ours["nothing"] == nil)
            #expect(!line.contains { $0 < 0x20 || $0 == 0x7F })
        }
    }

    @Test("a line that is not in our form is no record, wherever it breaks off")
    func broken() throws {
        let line = [UInt8](try written([AuditRecord(.complete(size: 1), path: "a")]).lines[0])
        #expect(AuditLine(line[...]) != nil)
        for n in 0..<line.count { #expect(AuditLine(line[..<n]) == nil, "\(n) bytes") }
        let text = String(decoding: line, as: UTF8.self)
        for changed in [
            " " + text, text + " ", text.replacing("\"seq\":", with: "\"seq\": "),
            text.replacing("\"seq\":1", with: "\"seq\":"), text.replacing("\"seq\":1", with: "\"seq\":-1"),
            text.replacing("\"seq\":1", with: "\"seq\":" + String(repeating: "9", count: 40)),
            text.replacing("\"prev\"", with: "\"before\""), text.replacing("\"hash\":\"", with: "\"hash\":\"0"),
        ] {
            #expect(AuditLine(Array(changed.utf8)[...]) == nil, "\(changed)")
        }
    }

    @Test("of a record with a broken middle nothing is told that stands behind the break")
    func brokenMiddle() throws {
        let text = String(
            decoding: try written([AuditRecord(.complete(size: 1), vault: "v", path: "a")]).lines[0], as: UTF8.self)
        let broken = text.replacing("\"vault\":\"v\"", with: "\"vault\"\"v\"")
        let line = try #require(AuditLine(Array(broken.utf8)[...]))
        #expect(line.event == "backup.complete" && line.vault == nil && line.path == nil)
    }

    @Test("twenty thousand records are appended, and those of one vault told from the others")
    func many() throws {
        let vaults = [VaultID(text: "aa"), VaultID(text: "bb")]
        let scratch = try Scratch()
        let log = AuditLog(
            path: scratch.path.appending("audit.log"), stateDirectory: scratch.path,
            actor: Actor(uid: 0, loginUID: nil, user: "root", pid: 1, program: "test"))
        try log.append(
            (0..<20_000).map {
                AuditRecord(
                    .condemned(size: 1), run: 1, vault: "v", vaultID: vaults[$0 % 2], series: "app",
                    backup: BackupID(object: UInt64($0)), batch: "b", path: Bytes("app/db-\($0).dump"),
                    reason: "no rule keeps it")
            }, at: TestClock().moment)
        let facts = try log.facts(of: vaults[1])
        #expect(facts.condemned.count == 10_000)
        #expect(facts.condemned.contains(.init(batch: "b", id: BackupID(object: 19_999))))
        #expect(!facts.condemned.contains(.init(batch: "b", id: BackupID(object: 0))))
    }
}
