@testable import Config
import Disk
import Engine
import Foundation
import Model
@testable import Survey
import Support
import Testing

@testable import Agent

/// The agent's state machine, fed with moments by hand: nothing runs, nothing waits.
@Suite("the agent's state machine")
struct TurnTests {
    private struct Machine {
        var turn: Turn
        var boot: Int64 = 10_000
        var wall = Timestamp(rfc3339: "2026-11-23T02:00:00Z")!
        let path: Bytes
        let configuration: Configuration
        static let id = VaultID(text: "0123456789abcdef")

        init(_ more: String = "", others: String = "", hooks: String = "", isOnce: Bool = false) throws {
            let scratch = try Scratch()
            try scratch.write(
                "reprieve.yaml",
                "vaults: { a: { path: /srv/a, keep: all, cleanup-every: 30min \(more) }, \(others) }\n\(hooks)")
            configuration = try Configuration.load(
                Overrides(
                    config: scratch.url.appending(path: "reprieve.yaml").path, stateDirectory: "/tmp/reprieve-none",
                    adHoc: nil, environment: [:]))
            path = configuration.vaults[0].path
            turn = Turn(
                configuration, ids: [path: Self.id],
                at: Moment(wall: wall, boot: boot * VaultState.second, bootID: "b"), isOnce: isOnce,
                mounts: { _ in [] })
            _ = turn.takeOutput()
        }

        var now: Moment { Moment(wall: wall, boot: boot * VaultState.second, bootID: "b") }

        mutating func pass(_ seconds: Int64) {
            boot += seconds
            wall = wall.adding(seconds: seconds)
        }

        mutating func step(_ results: [JobResult] = [], _ change: (inout Turn.Input) -> Void = { _ in })
            -> Turn.Output
        {
            var input = Turn.Input(results: results)
            change(&input)
            return turn.step(at: now, input)
        }

        mutating func dirty(_ places: Set<Bytes>, busy: Bool = false) -> Turn.Output {
            let key = turn.queue(path)
            return step {
                $0.dirt.places[Self.id] = places
                if busy { $0.queues.busy = [key] }
            }
        }

        /// Its first rescan has ended.
        mutating func settle() {
            _ = step()
            let doubts = turn.vaults[path]!.index.missed
            pass(1)
            _ = step([.rescanned(path: path, id: Self.id, missed: doubts, Scanned())])
            pass(60)
            for _ in 0..<3 { _ = step() }
        }
    }

    private func names(_ output: Turn.Output) -> [String] { output.jobs.map(\.name) }

    private func marked(_ output: Turn.Output) -> [String?] {
        output.effects.compactMap { if case .setUnreconciled(_, let why) = $0 { .some(why) } else { nil } }
    }

    @Test("a beginning: unreconciled until a rescan has ended, and no cleanup before")
    func beginning() throws {
        var machine = try Machine()
        let first = machine.step()
        #expect(names(first).contains("rescan") && !names(first).contains("cleanup"))
        machine.pass(5)
        #expect(!names(machine.step()).contains("cleanup"))
        let doubts = machine.turn.vaults[machine.path]!.index.missed
        let done = machine.step([.rescanned(path: machine.path, id: Machine.id, missed: doubts, Scanned())])
        #expect(marked(done) == [nil], "vouched for")
        #expect(names(done).contains("next purge") && names(done).contains("cleanup"))
    }

    @Test("a dirty directory becomes one job; while one runs nothing else is scanned; many are taken in parts")
    func dirty() throws {
        var machine = try Machine()
        machine.settle()
        #expect(machine.dirty(["x"], busy: true).jobs.filter { $0.name == "scan" }.isEmpty)
        let output = machine.step()
        #expect(names(output) == ["scan"])
        guard case .scan(let places, _, _) = output.jobs[0].work else { throw CancellationError() }
        #expect(places == ["x"])
        #expect(!names(machine.step()).contains("scan"), "it was taken")
        let many = Set((0..<450).map { Bytes("d\($0)") })
        var taken: Set<Bytes> = []
        var jobs = machine.dirty(many).jobs
        for _ in 0..<5 {
            for case .scan(let places, _, _) in jobs.map(\.work) {
                #expect(places.count <= DirtyDirectories.atOnce)
                taken.formUnion(places)
            }
            machine.pass(1)
            jobs = machine.step().jobs
        }
        #expect(taken == many)
    }

    @Test("a rescan that began before the last doubt does not vouch for the index")
    func doubt() throws {
        var machine = try Machine()
        machine.settle()
        machine.pass(1800)
        let output = machine.step { $0.dirt.unreconciled[Machine.id] = "events were lost" }
        #expect(marked(output) == ["events were lost"])
        machine.pass(5)
        #expect(names(machine.step()).contains("rescan"))
        let before = machine.turn.vaults[machine.path]!.index.missed
        _ = machine.step { $0.dirt.unreconciled[Machine.id] = "again" }
        let early = machine.step([.rescanned(path: machine.path, id: Machine.id, missed: before, Scanned())])
        #expect(marked(early).isEmpty && !names(early).contains("cleanup"))
        let now = machine.turn.vaults[machine.path]!.index.missed
        #expect(
            marked(machine.step([.rescanned(path: machine.path, id: Machine.id, missed: now, Scanned())])) == [nil]
        )
    }

    @Test("a storm of events waits longer for each rescan")
    func storm() throws {
        var machine = try Machine()
        machine.settle()
        var pauses: [Int64] = []
        for _ in 0..<5 {
            _ = machine.step { $0.dirt.unreconciled[Machine.id] = "a storm" }
            pauses.append(machine.turn.vaults[machine.path]!.index.stormSeconds)
            let doubts = machine.turn.vaults[machine.path]!.index.missed
            machine.pass(1)
            _ = machine.step([.rescanned(path: machine.path, id: Machine.id, missed: doubts, Scanned())])
        }
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 < $1 }, "\(pauses)")
    }

    @Test("cleanup after a backup became complete, at most once in cleanup-every")
    func cleanup() throws {
        var machine = try Machine()
        machine.settle()
        func complete(_ machine: inout Machine) -> Turn.Output {
            var scanned = Scanned()
            scanned.completed = true
            return machine.step([.scanned(path: machine.path, id: Machine.id, scanned)])
        }
        machine.pass(3600)
        #expect(names(complete(&machine)).contains("cleanup"))
        machine.pass(60)
        #expect(!names(complete(&machine)).contains("cleanup"))
        machine.pass(1740)
        #expect(names(machine.step()).contains("cleanup"))
        machine.pass(7200)
        #expect(!names(machine.step()).contains("cleanup"), "nothing new came")
    }

    @Test("a purge when the next one is due, and again no sooner than it said")
    func purge() throws {
        var machine = try Machine()
        machine.settle()
        let due = machine.wall.adding(seconds: 100)
        #expect(!names(machine.step([.nextPurge(path: machine.path, due: due)])).contains("purge"))
        machine.pass(101)
        #expect(names(machine.step()).contains("purge"))
        #expect(!names(machine.step()).contains("purge"))
        _ = machine.step([.purged(path: machine.path, retryAfterSeconds: 600, trashNames: [])])
        _ = machine.step([.nextPurge(path: machine.path, due: due)])
        machine.pass(599)
        #expect(!names(machine.step()).contains("purge"))
        machine.pass(2)
        #expect(names(machine.step()).contains("purge"))
        _ = machine.step([.nextPurge(path: machine.path, due: nil)])
        machine.pass(86_400)
        #expect(!names(machine.step()).contains("purge"), "the trash is empty")
    }

    @Test("a backup that the scan of a purge found complete is cleaned up after, too")
    func completedByPurge() throws {
        var machine = try Machine()
        machine.settle()
        machine.pass(7200)
        #expect(!names(machine.step()).contains("cleanup"))
        let purged = JobResult.purged(path: machine.path, retryAfterSeconds: 60, trashNames: [], completed: true)
        #expect(names(machine.step([purged])).contains("cleanup"))
        machine.pass(7200)
        #expect(!names(machine.step()).contains("cleanup"))
        let early = JobResult.purgedEarly(
            path: "/srv/neighbour", retryAfterSeconds: nil, scanned: [machine.path], completed: [machine.path],
            trashNames: [:])
        #expect(names(machine.step([early])).contains("cleanup"), "found by the scan of a neighbour")
    }

    @Test("a queue without a sign of life for a minute is said to hang, once, and heals")
    func hung() throws {
        var machine = try Machine()
        machine.settle()
        let key = machine.turn.queue(machine.path)
        func silent(_ machine: inout Machine, _ seconds: Int64) -> Turn.Output {
            machine.step {
                $0.queues.busy = [key]
                if seconds > 60 { $0.queues.hung = [key] }
            }
        }
        #expect(marked(silent(&machine, 59)).isEmpty)
        let output = silent(&machine, 61)
        #expect(marked(output).count == 1 && machine.turn.vaults[machine.path]!.problems.fault?.code == .offline)
        #expect(marked(silent(&machine, 62)).isEmpty)
        _ = silent(&machine, 0)
        #expect(
            machine.turn.vaults[machine.path]!.problems.fault == nil
                && machine.turn.vaults[machine.path]!.index.missed > 0)
    }

    @Test("a rescan that fails is tried again after 1, 2, 4 … seconds, a minute at most")
    func failing() throws {
        var machine = try Machine()
        machine.settle()
        for expected: Int64 in [1, 2, 4, 8, 16, 32, 60, 60] {
            _ = machine.step([
                .failed(path: machine.path, what: "could not look", fault: Fault(.io, "it broke"))
            ])
            let at = machine.turn.vaults[machine.path]!.index.rescanAt
            #expect(at == machine.now.boot + expected * VaultState.second)
            machine.pass(expected)
            #expect(names(machine.step()).contains("rescan"))
        }
    }

    @Test("another configuration: what is gone is not watched any more, what is new is scanned")
    func reload() throws {
        var machine = try Machine()
        machine.settle()
        #expect(names(machine.step { $0.isReloadAsked = true }).contains("reload"))
        var other = machine.configuration
        other.vaults[0].path = "/srv/b"
        let output = machine.step([.configuration(other, ids: [:])])
        let forgotten = output.effects.compactMap { if case .forgetWatches(let id) = $0 { id } else { nil } }
        #expect(forgotten == [Machine.id])
        #expect(output.jobs.compactMap(\.vault?.path).contains("/srv/b") && names(output).contains("rescan"))
    }

    @Test("a mount that changed is a doubt; damage of the catalog ends the agent and starts nothing")
    func mountsAndDamage() throws {
        var machine = try Machine()
        machine.settle()
        #expect(marked(machine.step { $0.mountsChanged = true }).isEmpty, "as before")
        machine.turn.vaults[machine.path]!.index.mounts = ["/srv"]
        #expect(marked(machine.step { $0.mountsChanged = true }).count == 1)
        let output = machine.step { $0.damage = Fault(.damaged, "a row") }
        #expect(output.jobs.filter { $0.vault != nil }.isEmpty)
        #expect(output.effects.contains { if case .end = $0 { true } else { false } })
    }

    @Test("a hook is told once the log has grown, not again before, and after a failure when its time has come")
    func hooks() throws {
        var machine = try Machine(hooks: "hooks: { h: { on: backup.condemned, run: /bin/true } }")
        machine.settle()
        func delivers(_ output: Turn.Output) -> Bool { output.jobs.contains { $0.name == "deliver" } }
        #expect(delivers(machine.step([.recorded(7)])))
        #expect(!delivers(machine.step([.recorded(8)])), "it runs")
        #expect(delivers(machine.step([.delivered(hook: "h", upTo: 7, retrySeconds: nil)])))
        #expect(!delivers(machine.step([.delivered(hook: "h", upTo: 8, retrySeconds: nil)])))
        #expect(delivers(machine.step([.recorded(9)])))
        #expect(!delivers(machine.step([.delivered(hook: "h", upTo: 9, retrySeconds: 30)])))
        machine.pass(29)
        #expect(!delivers(machine.step([.recorded(10)])))
        machine.pass(2)
        #expect(delivers(machine.step()))
    }

    @Test("it sleeps until the next thing is due, a minute at most")
    func pause() throws {
        var machine = try Machine()
        machine.settle()
        #expect(machine.turn.pauseMilliseconds(at: machine.now) > 1000)
        _ = machine.step([.nextPurge(path: machine.path, due: machine.wall.adding(seconds: 3))])
        #expect((2900...3100).contains(machine.turn.pauseMilliseconds(at: machine.now)))
    }

    /// One round of two vaults.
    private func round(_ more: String = "") throws -> Machine {
        try Machine(more, others: "b: { path: /srv/b, keep: all }", isOnce: true)
    }

    private func jobs(_ output: Turn.Output) -> [String] {
        output.jobs.map { "\($0.name) \($0.vault?.label ?? "-")" }.sorted()
    }

    @Test(
        "one round: each vault is cleaned up, then purged; then limits are checked, one vault at a time; then it is over"
    )
    func once() throws {
        var machine = try round("")
        let (a, b) = (machine.path, Bytes("/srv/b"))
        #expect(jobs(machine.step()) == ["cleanup a", "cleanup b"])
        func cleaned(_ path: Bytes) -> JobResult { .cleaned(path: path, trashNames: [], .done, isVetoed: false) }
        // While b is at work a goes on; early purges wait for both.
        #expect(
            jobs(machine.step([cleaned(a)]) { $0.queues.busy = [.init(b)] })
                == ["purge a"])
        #expect(
            jobs(machine.step([cleaned(b)]) { $0.queues.busy = [.init(a)] })
                == ["purge b"])
        let purged: [JobResult] = [a, b].map { .purged(path: $0, retryAfterSeconds: 60, trashNames: []) }
        #expect(jobs(machine.step(purged) { $0.queues.busy = [.init(a, .unlinking)] }) == [])
        #expect(jobs(machine.step()) == ["early purge a"])
        // Both are on one file system.
        let early = JobResult.purgedEarly(path: a, retryAfterSeconds: 1, scanned: [a, b], trashNames: [:])
        #expect(jobs(machine.step([early])) == [])
        machine.pass(3600)
        let last = machine.step()
        #expect(last.jobs.isEmpty && last.effects.isEmpty, "drained")
    }

    @Test("one round: a manual vault is only purged; what fails has had its turn; what hangs is given up")
    func onceFailing() throws {
        var machine = try round(", schedule: manual")
        let (a, b) = (machine.path, Bytes("/srv/b"))
        #expect(jobs(machine.step()) == ["cleanup b", "purge a"])
        let failed = JobResult.failed(path: b, what: JobRunner.cleanupFailed, fault: Fault(.io, "it broke"))
        #expect(jobs(machine.step([failed]) { $0.queues.busy = [.init(a)] }) == [])
        // Its unlinking hangs; the queue of its other work is free.
        let hung = machine.step { input in
            input.queues.busy = [.init(a, .unlinking)]
            input.queues.hung = [.init(a, .unlinking)]
        }
        #expect(hung.jobs.isEmpty && machine.turn.vaults.isEmpty)
        #expect(machine.step().jobs.isEmpty)
    }
}
