import Foundation
import Testing

/// Hooks as the binary and its agent run them.
@Suite("hooks of the binary")
struct HooksTests {
    private func script(_ house: CLIFixture, _ name: String, _ body: String) throws -> String {
        let url = house.root.appending(path: name)
        try house.write(url, "#!/bin/sh\n" + body + "\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
        return url.path
    }

    @Test("a veto holds on the command line, is told and asked again; without anything to do nobody is asked")
    func veto() throws {
        let asked = "cat >> \"$(dirname \"$0\")/asked\""
        let house = try CLIFixture()
        let gate = try script(house, "gate", "\(asked); echo 'tape is not written'; exit 1")
        try house.configure(
            keep: "{ last: 2 }", grace: "1s",
            more: "    approval: never\nhooks:\n  gate: { on: [before-condemn, before-purge], run: \(gate) }\n")
        try house.dailies(2)
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(!FileManager.default.fileExists(atPath: house.root.appending(path: "asked").path))
        try house.dailies(5)
        try house.settle()
        for _ in 0..<2 {
            let outcome = try house.run("cleanup")
            #expect(outcome.status == 4, "\(outcome)")
            #expect(
                outcome.said.contains("the hook 'gate' said no (before-condemn): exit status 1: tape is not written"))
        }
        #expect(house.names().count == 5 && house.batches().isEmpty)
        let status = try house.run("status")
        #expect(status.said.contains("the hook 'gate' said no"), "\(status.out)")
        #expect(try house.events().filter { $0["event"] as? String == "hook.vetoed" }.count == 1)
        #expect(try house.events().allSatisfy { $0["event"] as? String != "condemn.intent" })
        // A time-out is a no.
        _ = try script(house, "gate", "sleep 60")
        try house.configure(
            keep: "{ last: 2 }", grace: "1s",
            more: "    approval: never\nhooks:\n  gate: { on: before-condemn, run: \(gate), time-limit: 1s }\n")
        #expect(try house.run("cleanup").said.contains("no answer within 1 s"))
        // A yes; then the purge is asked.
        _ = try script(house, "gate", "test \"$REPRIEVE_EVENT\" = before-condemn")
        try house.configure(
            keep: "{ last: 2 }", grace: "1s",
            more: "    approval: never\nhooks:\n  gate: { on: [before-condemn, before-purge], run: \(gate) }\n")
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count == 2)
        #expect(try !house.run("status").said.contains("said no"))
        try house.wait("grace to be over") {
            let outcome = try house.run("purge")
            return outcome.status == 4 && outcome.said.contains("before-purge")
        }
        #expect(!house.batches().isEmpty && house.purging().isEmpty)
        _ = try script(house, "gate", "exit 0")
        #expect(try house.run("purge").status == 0)
        #expect(house.batches().isEmpty)
    }

    @Test("the agent obeys a veto, and goes on when it is lifted")
    func agentVeto() throws {
        let house = try CLIFixture()
        let gate = try script(house, "gate", "test -e \"$(dirname \"$0\")/yes\"")
        try house.configure(
            keep: "{ last: 2 }", grace: "1h",
            more: "    approval: never\n    cleanup-every: 1s\nhooks:\n  gate: { on: before-condemn, run: \(gate) }\n")
        try house.dailies(5)
        try house.startAgent()
        try house.wait("the veto") { try house.events().contains { $0["event"] as? String == "hook.vetoed" } }
        #expect(house.names().count == 5 && house.batches().isEmpty)
        try house.write(house.root.appending(path: "yes"), "")
        // Two at a time: three are more than arrived.
        try house.wait("the cleanup") { house.names().count == 3 && !house.batches().isEmpty }
    }

    @Test("event hooks that hang do not turn a quick yes into a no")
    func busy() throws {
        let house = try CLIFixture()
        let hang = try script(house, "hang", "echo >> \"$(dirname \"$0\")/hanging\"; exec sleep 40")
        let gate = try script(house, "gate", "exit 0")
        let hooks = (1...4).map { "  hang\($0): { on: \"*\", run: \(hang), time-limit: 35s }\n" }.joined()
        try house.configure(
            keep: "{ last: 2 }", grace: "1h",
            more: "    approval: never\n    cleanup-every: 1s\nhooks:\n\(hooks)"
                + "  gate: { on: before-condemn, run: \(gate), time-limit: 1s }\n")
        try house.dailies(2)
        try house.startAgent()
        try house.wait("the hooks to hang") {
            let text = try? String(contentsOf: house.root.appending(path: "hanging"), encoding: .utf8)
            return text?.count ?? 0 >= 4
        }
        try house.dailies(5)
        try house.wait("the cleanup, or a veto") {
            try !house.batches().isEmpty || house.events().contains { $0["event"] as? String == "hook.vetoed" }
        }
        #expect(try house.events().allSatisfy { $0["event"] as? String != "hook.vetoed" })
    }

    @Test("an agent that is killed in between tells all again from where it was: at least once, in order")
    func killed() throws {
        let house = try CLIFixture()
        // The end of the script comes after the line: killed between them it is told again.
        let tell = try script(house, "tell", "cat >> \"$(dirname \"$0\")/told\"; sleep 0.1")
        try house.configure(
            keep: "all", more: "hooks:\n  tell: { on: backup.complete, run: \(tell) }\n")
        try house.run("status")
        for n in 1...12 { try house.put("app/db-\(CLIFixture.day(n - 3)).dump") }
        let told = { () throws -> [Int] in
            let text = (try? String(contentsOf: house.root.appending(path: "told"), encoding: .utf8)) ?? ""
            return try text.split(separator: "\n").map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return try #require((object?["record"] as? [String: Any])?["seq"] as? Int)
            }
        }
        for least in [2, 5] {
            try house.startAgent()
            try house.wait("some to be told") { try told().count >= least }
            house.endAgents()
        }
        try house.startAgent()
        let wanted = {
            try house.events().filter { $0["event"] as? String == "backup.complete" }.compactMap { $0["seq"] as? Int }
        }
        try house.wait("all to be told") { try wanted().count == 12 && Set(told()) == Set(wanted()) }
        let all = try told()
        #expect(all.count <= 12 + 2, "each kill repeats one at most: \(all)")
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 <= $1 }, "\(all)")
        // The agent lives: a command leaves its events to it.
        try house.run("freeze", "dumps", "--reason", "x")
    }

    @Test("secrets are shown by no command, log, JSON or list of processes")
    func secrets() throws {
        let house = try CLIFixture()
        // Nobody answers there: who posts waits, and can be looked at.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 16)
                _ = getsockname(listener, $0, &length)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        try house.write(house.root.appending(path: "url"), "http://joe:pa55w0rd@127.0.0.1:\(port)/t0ps3cret\n")
        try house.configure(
            keep: "{ last: 2 }",
            more: """
                hooks:
                  file: { on: "*", webhook: { file: \(house.root.path)/url }, time-limit: 3s }
                  text: { on: "*", webhook: "http://127.0.0.1:1/t0ps3cret?key=0therS3cret" }
                  mail: { on: "*", mail: "s3cr3tary@example.org", sendmail: /nonexistent/sendmail }
                """)
        try house.dailies(4)
        var said = ""
        func run(_ arguments: String...) throws {
            let outcome = try house.run(arguments)
            said += outcome.out + outcome.error
        }
        let cleanup = Process()
        cleanup.executableURL = CLIFixture.binary
        cleanup.arguments = ["cleanup", "--config", house.config.path, "--state-dir", house.state.path]
        (cleanup.standardOutput, cleanup.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try cleanup.run()
        var sawCurl = false
        try house.wait("curl to be seen") {
            for pid in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(pid) != nil {
                guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
                    line.starts(with: Data("/usr/bin/curl\0-q".utf8))
                else { continue }
                sawCurl = true
                said += String(decoding: line, as: UTF8.self)
                said += String(
                    decoding: FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data(), as: UTF8.self)
            }
            return sawCurl
        }
        cleanup.waitUntilExit()
        for words in [
            ["hooks"], ["hooks", "--json"], ["config", "check"], ["config", "check", "--json"], ["doctor"], ["status"],
        ] {
            let outcome = try house.run(words)
            said += outcome.out + outcome.error
        }
        for hook in ["file", "text", "mail"] {
            try run("hooks", "test", hook)
            try run("hooks", "test", hook, "--json")
        }
        try run("retention", "show", "dumps")
        try run("audit", "tail", "--json")
        for file in FileManager.default.enumerator(at: house.state, includingPropertiesForKeys: nil)?.allObjects ?? [] {
            guard let url = file as? URL, let data = FileManager.default.contents(atPath: url.path) else { continue }
            said += String(decoding: data, as: UTF8.self)
        }
        for secret in ["t0ps3cret", "0therS3cret", "pa55w0rd", "s3cr3tary"] {
            #expect(!said.contains(secret), "\(secret)")
        }
        #expect(said.contains("sendmail' is not there"))
    }
}
