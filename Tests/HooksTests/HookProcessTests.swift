import Disk
import Foundation
@testable import Hooks
import Model
import Support
import Synchronization
import Testing

@testable import Engine

/// What programs do that people write: none of it holds us up.
@Suite("hooks that are programs")
struct HookProcessTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var body: String
        /// A part of why it failed; `nil`: done.
        var failure: String?
        var seconds = 20.0
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "does it", body: "cat >/dev/null"),
        Case(name: "fails", body: "echo broken >&2; exit 3", failure: "exit status 3: broken"),
        Case(name: "is killed", body: "kill -9 $$", failure: "signal 9"),
        Case(name: "hangs", body: "sleep 600", failure: "no answer within"),
        Case(
            name: "hangs in a child that shrugs at SIGTERM", body: "trap '' TERM; sleep 600 & wait", failure: "killed"),
        Case(name: "closes its output and hangs", body: "exec >&- 2>&-; sleep 600", failure: "no answer within"),
        Case(name: "leaves a child that keeps the pipe", body: "sleep 60 & exit 0", seconds: 20),
        Case(name: "leaves a child that writes for ever", body: "(while echo y; do :; done) & exit 0", seconds: 20),
        Case(name: "closes its input unread", body: "exec <&-; exit 0"),
        Case(name: "never reads its input", body: "exit 0"),
        Case(name: "floods its output", body: "head -c 30000000 /dev/zero | tr '\\\\0' x"),
    ]

    @Test("whatever a program does, we go on in time", arguments: cases)
    func held(_ one: Case) throws {
        let place = try HookPlace(
            "h: { on: vault.unfrozen, run: DIR/hook, time-limit: 2s }", scripts: ["hook": one.body])
        // More than a pipe holds.
        try place.happen(1, reason: String(repeating: "long ", count: 60_000))
        let start = Date()
        // One try: the next one is later than this.
        let delivery = try place.deliver(seconds: one.failure == nil ? 10 : 0.01 + 2.5)
        #expect(Date().timeIntervalSince(start) < one.seconds)
        if let failure = one.failure {
            #expect(delivery.failure?.contains(failure) == true, "\(delivery.failure ?? "done")")
            #expect(delivery.told == 0)
        } else {
            #expect(delivery.failure == nil && delivery.told == 1, "\(delivery.failure ?? "")")
        }
    }

    @Test("with its time over the whole group is killed, and nothing of it goes on")
    func group() throws {
        let place = try HookPlace(
            "h: { on: vault.unfrozen, run: DIR/hook, time-limit: 1s }",
            scripts: ["hook": "sleep 600 & echo $! > \"$(dirname \"$0\")/child\"; wait"])
        try place.happen(1)
        _ = try place.deliver(seconds: 1.5)
        #expect(isDead(try #require(Self.numbers(place.text("child")).first)))
    }

    @Test("event hooks that find no place were not tried, and a command leaves nothing behind when its time is over")
    func places() throws {
        let names = (1...HookSlots.atOnce + 1).map { "h\($0)" }
        let place = try HookPlace(
            names.map { "\($0): { on: vault.unfrozen, run: DIR/hook }" }.joined(separator: "\n"),
            scripts: ["hook": "sleep 600 & echo $! >> \"$(dirname \"$0\")/children\"; wait"])
        try place.happen(1)
        let start = Date()
        let found = place.engine.hooks.deliver(withinSeconds: 1.5)
        #expect(Date().timeIntervalSince(start) < 5)
        #expect(found.count == names.count && found.allSatisfy { $0.told == 0 })
        #expect(found.count { $0.failure == nil } == 1, "\(found)")
        #expect(names.count { place.text("state/hooks/\($0)").contains("\"failures\":0") } == 1)
        let children = Self.numbers(place.text("children"))
        #expect(children.count == HookSlots.atOnce && children.allSatisfy(isDead))
    }

    @Test("whoever gives up kills what runs, and starts nothing more")
    func killSwitch() throws {
        let scratch = try Scratch()
        let file = scratch.url.appending(path: "child").path
        let process = HookProcess(
            path: "/bin/sh", arguments: ["-c", "sleep 600 & echo $! > \(file); wait"],
            environment: ["PATH": "/usr/bin:/bin"], input: [], limitSeconds: 60)
        let killSwitch = HookKillSwitch()
        let ending = Mutex<HookProcess.Ending?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        Thread {
            let outcome = process.run(clock: .system, killSwitch: killSwitch)
            ending.withLock { $0 = outcome.ending }
            isDone.signal()
        }.start()
        let child = try #require(
            waitFor { Self.numbers((try? String(contentsOfFile: file, encoding: .utf8)) ?? "").first })
        killSwitch.end()
        #expect(isDone.wait(timeout: .now() + 10) == .success)
        #expect(ending.withLock { $0 } == .signalled(9))
        #expect(isDead(child))
        #expect(process.run(clock: .system, killSwitch: killSwitch).ending == .stopped)
    }

    private static func numbers(_ text: String) -> [Int32] { text.split(separator: "\n").compactMap { Int32($0) } }

    private func waitFor<Value>(_ found: () -> Value?) -> Value? {
        let end = Date().addingTimeInterval(10)
        while Date() < end {
            if let value = found() { return value }
            usleep(20_000)
        }
        return nil
    }

    /// Its parent is gone: whoever inherits it buries it.
    private func isDead(_ pid: Int32) -> Bool {
        waitFor { kill(pid, 0) != 0 || isZombie(pid) ? true : nil } ?? false
    }

    private func isZombie(_ pid: Int32) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return text.contains(") Z ")
    }

    @Test("its environment is clean, and what it is told stands in REPRIEVE_* and in its input")
    func surroundings() throws {
        setenv("HOOK_TEST_LEAK", "1", 1)
        let place = try HookPlace(
            "h: { on: vault.unfrozen, run: [DIR/hook, \"two words\", \"$HOME\"] }",
            scripts: [
                "hook":
                    "cd \"$(dirname \"$0\")\"; env | sort > env; printf '%s' \"$REPRIEVE_REASON\" > reason; printf '%s|' \"$@\" > arguments; "
                    + "cat > told"
            ]
        )
        try place.happen(1, reason: "a\nb")
        #expect(try place.deliver().told == 1)
        let names = Set(
            place.text("env").split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) })
        #expect(
            names.subtracting(["PWD", "OLDPWD", "_", "SHLVL", "b"]) == [
                "PATH", "LANG", "REPRIEVE_HOOK", "REPRIEVE_EVENT", "REPRIEVE_HOST", "REPRIEVE_SEQ", "REPRIEVE_TIME",
                "REPRIEVE_VAULT", "REPRIEVE_REASON",
            ])
        #expect(place.text("reason") == "a\nb")
        #expect(place.text("arguments") == "two words|$HOME|")
        #expect(try place.told() == [1])
    }

    @Test("what others may write is not run")
    func unsafe() throws {
        for (mode, what) in [(0o777, "written by everybody"), (0o644, "may not be executed")] {
            let place = try HookPlace(
                "h: { on: vault.unfrozen, run: DIR/hook }", scripts: ["hook": "touch \"$0.ran\""])
            let path = place.scratch.url.appending(path: "hook").path
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            try place.happen(1)
            let problem = place.engine.hookCheck.problems(of: try place.hook())
            #expect(problem.first?.message.contains(what) == true)
            #expect(place.engine.doctor.checkup(root: place.scratch.path).problems.contains { $0.text.contains(what) })
            #expect(try place.deliver(seconds: 0.2).failure?.contains(what) == true)
            #expect(!place.scratch.exists("hook.ran"))
        }
    }
}
