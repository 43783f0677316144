import Audit
@testable import Config
import Engine
import Foundation
@testable import Hooks
import Model
@testable import State
@testable import Support
import Testing

/// At least once, in order, each hook for itself.
@Suite("hooks are told")
struct HookDeliveryTests {
    private static let append = "cat >> \"$(dirname \"$0\")/told\""

    @Test("a new hook is told what comes from now on, once, in order, and of what it wants only")
    func once() throws {
        let place = try HookPlace(
            "h: { on: [\"vault.un*\"], vaults: [dumps], run: DIR/hook }", scripts: ["hook": Self.append])
        try place.happen(2)
        try place.happen(1, vault: "other")
        try place.engine.state.audit.append([AuditRecord(.agentStarted, reason: "x")], at: place.engine.now())
        try place.happen(1)
        #expect(try place.deliver().told == 3)
        #expect(try place.deliver().told == 0)
        #expect(try place.told() == [1, 2, 5])
        let late = try HookPlace.engine(
            place.scratch, "h: { on: [\"vault.un*\"], run: DIR/hook }\nnew: { on: [\"*\"], run: DIR/hook }")
        try late.hooks.begin()
        #expect(try late.hooks.deliver(late.configuration.hooks[1]).told == 0)
        try place.happen(1)
        #expect(try late.hooks.deliver(late.configuration.hooks[1]).told == 1)
    }

    @Test("a server that fails, refuses or is slow is told again, in order; nobody else waits for it")
    func servers() throws {
        let place = try HookPlace(
            """
            h: { on: vault.unfrozen, webhook: {file: DIR/url} }
            slow: { on: vault.unfrozen, webhook: {credential: slow}, time-limit: 1s }
            refused: { on: vault.unfrozen, webhook: "http://127.0.0.1:1/x" }
            quick: { on: vault.unfrozen, run: DIR/hook }
            """, scripts: ["hook": Self.append])
        let log = place.scratch.url.appending(path: "posted")
        let failing = try WebServer(log: log, answer: "status = 500 if n in (2, 3, 6) else 200")
        let slow = try WebServer(log: place.scratch.url.appending(path: "slow"), answer: "time.sleep(30)")
        try place.scratch.write("url", "http://127.0.0.1:\(failing.port)/hook/tok3n\n")
        try place.scratch.write("credentials/slow", "http://127.0.0.1:\(slow.port)/tok3n")
        try place.happen(5)
        let start = Date()
        #expect(try place.deliver("quick").told == 5)
        #expect(Date().timeIntervalSince(start) < 5)
        let found = place.engine.hooks.deliver(withinSeconds: 8)
        let failures = Dictionary(uniqueKeysWithValues: found.map { ($0.hook, $0.failure ?? "") })
        let slowly = failures["slow"] ?? ""
        let refused = failures["refused"] ?? ""
        #expect(slowly.contains("no answer") || slowly.contains("timed out"), "\(slowly)")
        #expect(refused.contains("connect"), "\(refused)")
        #expect(found.first { $0.hook == "h" }?.told == 5, "\(found)")
        // Each once as the server took it, in order.
        let posted = place.text("posted").split(separator: "\n")
        #expect(posted.map { $0.prefix { $0 != " " } } == Array(repeating: "/hook/tok3n", count: 5))
        #expect(zip(posted, 1...5).allSatisfy { $0.contains("\"seq\":\($1),") })
        #expect(!place.text("state/audit.log").contains("tok3n"))
    }

    @Test(
        "only a 2xx is an answer: what redirects or has nothing new was not told",
        arguments: [(204, nil), (301, "configure the new address"), (304, "answered 304"), (404, "answered 404")])
    func statuses(_ status: Int, _ failure: String?) throws {
        let place = try HookPlace("h: { on: vault.unfrozen, webhook: {file: DIR/url} }")
        let server = try WebServer(
            log: place.scratch.url.appending(path: "posted"), answer: "status = \(status)",
            headers: ["Location": "/elsewhere/tok3n"])
        try place.scratch.write("url", "http://127.0.0.1:\(server.port)/hook/tok3n\n")
        try place.happen(1)
        let delivery = try place.deliver(seconds: failure == nil ? 10 : 0.7)
        #expect(delivery.told == (failure == nil ? 1 : 0))
        let said = delivery.failure ?? ""
        #expect(failure.map { said.contains($0) } ?? said.isEmpty, "\(said)")
        #expect(failure == nil || said.contains("\(status)"), "\(said)")
        #expect(!said.contains("tok3n") && !said.contains("elsewhere"), "\(said)")
    }

    @Test("a hook that keeps failing is said at the third time, waits longer each time, and never hears of itself")
    func failing() throws {
        let place = try HookPlace(
            "h: { on: [\"*\"], run: DIR/hook }\nother: { on: hook.failed, run: DIR/other }",
            scripts: ["hook": "exit 1", "other": Self.append])
        try place.happen(1)
        let first = try place.deliver(seconds: 7)
        #expect(first.failure?.contains("exit status 1") == true)
        #expect(try place.records(.hookFailed).count == 1)
        // Dead, it costs nothing: not even a try.
        let again = try place.deliver(seconds: 0.3)
        #expect(try #require(again.retrySeconds) > 0.3)
        #expect(try place.deliver("other").told == 1)
        let script = place.scratch.url.appending(path: "hook")
        try Data("#!/bin/sh\n\(Self.append)\n".utf8).write(to: script)
        try FileManager.default.removeItem(at: place.scratch.url.appending(path: "told"))
        #expect(try place.deliver(seconds: 20).failure == nil)
        let event = try #require(try place.records(.hookFailed).first)
        #expect(event.contains("\"hook\":\"h\"") && event.contains("\"failures\":3") && event.contains("\"about\":1"))
        #expect(try place.told() == [1])
    }

    @Test("records that are gone are said once, and the rest is told; the lowest cursor is known")
    func lost() throws {
        let place = try HookPlace(
            "h: { on: [\"vault.*\", events.lost], run: DIR/hook }", scripts: ["hook": Self.append])
        try place.happen(1)
        _ = try place.deliver()
        try place.happen(3)
        try FileManager.default.removeItem(at: place.scratch.url.appending(path: "state/audit.log"))
        try place.happen(2)
        #expect(try place.deliver().told == 3)
        #expect(try place.deliver().told == 0)
        let lost = try place.records(.eventsLost)
        #expect(lost.count == 1 && lost[0].contains("\"first\":2,\"last\":4"))
        // 5 says in the log that it was taken away, which this hook does not want to know.
        #expect(try place.told() == [1, 6, 7, 8])
    }

    @Test("a subject that is no ASCII is folded into encoded words that a mail program can read")
    func subject() throws {
        let place = try HookPlace(
            "m: { on: series.late, mail: root, sendmail: DIR/sendmail }",
            scripts: ["sendmail": "cat > \"$(dirname \"$0\")/mail\""])
        let series = "дамп-" + String(repeating: "ё🗄e\u{301}", count: 40)
        try place.engine.state.audit.append(
            [
                AuditRecord(
                    .seriesLate(newest: place.engine.now().wall, rhythm: 60), vault: "dumps",
                    vaultID: VaultID(text: "0f"), series: Bytes(series))
            ], at: place.engine.now())
        #expect(try place.deliver("m").told == 1)
        let lines = place.text("mail").split(separator: "\n", omittingEmptySubsequences: false)
        let head = lines.dropFirst().prefix { $0.hasPrefix("Subject: ") || $0.hasPrefix(" ") }
        let words = head.map { $0.hasPrefix(" ") ? $0.dropFirst() : $0.dropFirst("Subject: ".count) }
        #expect(words.count > 3 && head.allSatisfy { $0.utf8.count <= 76 })
        let decoded = try words.map { word in
            #expect(word.utf8.count <= 75 && word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?="), "\(word)")
            let data = try #require(Data(base64Encoded: String(word.dropFirst(10).dropLast(2))))
            // Each by itself.
            return try #require(String(data: data, encoding: .utf8))
        }.joined()
        #expect(decoded.hasPrefix("[reprieve ") && decoded.contains("дамп-ё🗄e\u{301}ё"))
    }

    @Test("a mail holds what came together; healthchecks hears of start, success and failure")
    func mailAndHealthchecks() throws {
        let place = try HookPlace(
            """
            m: { on: vault.unfrozen, mail: "root@localhost", sendmail: DIR/sendmail }
            c: { healthchecks: {file: DIR/url} }
            """, scripts: ["sendmail": "cd \"$(dirname \"$0\")\"; echo \"$@\" >> calls; cat > mail"])
        let server = try WebServer(log: place.scratch.url.appending(path: "pings"), answer: "pass")
        try place.scratch.write("url", "http://127.0.0.1:\(server.port)/ping/tok3n?x=1")
        try place.happen(3, reason: "line\nBcc: evil@example.org")
        for event: Event in [
            .retentionStarted(plan: "p"), .condemningCompleted(condemned: 1, failed: 0, dropped: 0),
            .condemningCompleted(condemned: 1, failed: 2, dropped: 0),
        ] {
            try place.engine.state.audit.append(
                [AuditRecord(event, run: 1, vault: "dumps", vaultID: VaultID(text: "0f"))], at: place.engine.now())
        }
        #expect(try place.deliver("m").told == 3)
        #expect(place.text("calls") == "-i -t\n")
        let mail = place.text("mail").components(separatedBy: "\n\n")
        #expect(mail[0].hasPrefix("To: root@localhost\nSubject: [reprieve ") && !mail[0].contains("Bcc"))
        #expect(mail.dropFirst().joined().components(separatedBy: "event: vault.unfrozen").count == 4)
        #expect(!place.text("mail").contains("\nBcc"))
        #expect(try place.deliver("c").told == 3)
        let pings = place.text("pings").split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(pings == ["/ping/tok3n/start?x=1", "/ping/tok3n?x=1", "/ping/tok3n/fail?x=1"])
    }
}
