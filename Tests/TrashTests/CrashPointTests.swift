import Disk
import Glibc
import Model
import Support
import Testing

@testable import Trash

/// Every step of every deed is the last one, and then every step of the recovery; every call fails, once and for ever.
/// Not a sample: all of them.
@Suite("every crash point, every fault")
struct CrashPointTests {
    enum Deed: String, CaseIterable, Sendable {
        case condemn, restore, undo, purge
        /// A restore of a vault that was left in the middle of a condemn.
        case restoreAfterCrash = "restore after a crash"

        var mayPurge: Bool { self == .purge }
    }

    /// A drill that is about to do it, and the doing of it.
    private static func ready(
        _ deed: Deed, noReplace: Bool, _ load: TrashDrill.Load
    ) throws -> (TrashDrill, (TrashDrill) throws -> Void) {
        let drill = try TrashDrill(load)
        drill.disk.supportsNoReplace = noReplace
        let backups = try drill.backups()
        switch deed {
        case .condemn: return (drill, { try $0.condemn(backups) })
        case .restore:
            try drill.condemn(backups)
            return (drill, { try $0.restore() })
        case .undo:
            try drill.condemn(backups)
            return (drill, { try $0.undo() })
        case .purge:
            try drill.condemn(backups)
            return (drill, { try $0.purge() })
        case .restoreAfterCrash:
            drill.disk.restart()
            drill.disk.stopAfter = 24
            try? drill.condemn(backups)
            drill.disk.restart()
            return (
                drill,
                { drill in
                    try drill.recover()
                    try drill.restore()
                }
            )
        }
    }

    /// A drill that did it once, to be counted; and the state from which it does it again.
    private static func done(
        _ deed: Deed, noReplace: Bool, _ load: TrashDrill.Load = .mixed
    ) throws -> (TrashDrill, (TrashDrill) throws -> Void, MemoryDisk.State) {
        let (drill, act) = try ready(deed, noReplace: noReplace, load)
        let start = drill.disk.state
        drill.disk.restart()
        try act(drill)
        return (drill, act, start)
    }

    @Test("stopped after each step, and recovery after each of its own", arguments: Deed.allCases, [true, false])
    func crash(_ deed: Deed, noReplace: Bool) throws {
        try crash(deed, noReplace: noReplace, .mixed, recoveries: .max)
    }

    @Test("the same of a set of 40 files and a chain of 30", arguments: [Deed.condemn, .restore], [true, false])
    func large(_ deed: Deed, isChain: Bool) throws {
        // A recovery of its own after each step would be stopped a hundred thousand times: some of them, spread out.
        try crash(deed, noReplace: true, isChain ? .chain(of: 30) : .set(of: 40), recoveries: isLongForm ? 40 : 4)
    }

    private func crash(_ deed: Deed, noReplace: Bool, _ load: TrashDrill.Load, recoveries: Int) throws {
        let (drill, act, start) = try Self.done(deed, noReplace: noReplace, load)
        let steps = drill.disk.steps
        #expect(steps > 10)
        var states = 0
        var seen: Set<TrashDrill.Place> = []
        for step in 0...steps {
            drill.disk.restart(start)
            drill.intents = []
            drill.disk.stopAfter = step
            try? act(drill)
            let intents = drill.intents
            // Killed; the power cut with nothing lost but content; and cut back to the last barrier.
            let left = [drill.disk.state, drill.disk.state.afterPowerCut, drill.disk.atBarrier.afterPowerCut]
            for (n, state) in left.enumerated() {
                drill.disk.restart(state)
                try drill.recover()
                let recovery = drill.disk.steps
                let what = "\(deed.rawValue), step \(step), kind \(n)"
                seen.formUnion(drill.check(mayBePurged: deed.mayPurge, what))
                states += 1
                // Idempotent.
                let tree = drill.disk.tree
                try drill.recover()
                #expect(drill.disk.tree == tree, "\(what): a second recovery found something to do")
                for broken in stride(from: 0, to: recovery, by: max(1, recovery / recoveries)) {
                    drill.disk.restart(state)
                    drill.intents = intents
                    drill.disk.stopAfter = broken
                    _ = try? drill.recover()
                    drill.disk.restart()
                    try drill.recover()
                    _ = drill.check(mayBePurged: deed.mayPurge, "\(what), recovery stopped after \(broken)")
                    states += 1
                }
            }
        }
        print("\(deed.rawValue)\(noReplace ? "" : ", without NOREPLACE"): \(steps) steps, \(states) states")
        #expect(
            seen.contains(deed == .purge ? .purged : .origin) && (deed == .restoreAfterCrash || seen.contains(.batch)))
    }

    static let faults: [Int32] = [EIO, ENOSPC, EDQUOT, EROFS, EPERM, EINTR, EMFILE, ESTALE]

    /// Without NOREPLACE: in the long form.
    static let kinds = isLongForm ? [true, false] : [true]

    @Test("each call fails, once and for ever", arguments: Deed.allCases, kinds)
    func faults(_ deed: Deed, noReplace: Bool) throws {
        let (drill, act, start) = try Self.done(deed, noReplace: noReplace)
        let calls = drill.disk.calls
        #expect(calls > 50)
        for call in 1...calls {
            for errno in Self.faults {
                for forEver in [false, true] {
                    drill.disk.restart(start)
                    drill.intents = []
                    drill.disk.failing = (call, errno, forEver)
                    try? act(drill)
                    drill.disk.restart()
                    try drill.recover()
                    _ = drill.check(
                        mayBePurged: deed.mayPurge,
                        "\(deed.rawValue), call \(call) \(forEver ? "and all after it fail" : "fails") with \(errno)")
                }
            }
        }
        print("\(deed.rawValue)\(noReplace ? "" : ", without NOREPLACE"): \(calls) calls, \(calls * 16) faults")
    }
}
