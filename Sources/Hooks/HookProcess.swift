internal import Disk
internal import Model

/// A program that is run for a hook: without a shell, with no environment but its own, in a process group of its own.
///
/// Nothing that it does holds us up for longer than its time limit: then its group is killed. What it leaves behind
/// with our pipes in its hands is not waited for. Of its output the first part is kept, the rest is thrown away.
package struct HookProcess: Sendable {
    var path: Bytes
    var arguments: [String]
    var environment: [String: String]
    var input: [UInt8]
    var limitSeconds: Double

    enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        /// We were told to stop, or our own time was over before it began.
        case stopped
        case notStarted(String)
    }

    struct Outcome: Sendable {
        var ending: Ending
        var output: [UInt8] = []
        var seconds = 0.0
    }

    static let mostOutput = 16 << 10
    private static let killNanoseconds: Int64 = 4_000_000_000

    /// Waits for its end, in this thread. SIGPIPE must be ignored: it may close its input unread.
    func run(clock: Clock, killSwitch: HookKillSwitch? = nil, shouldStop: () -> Bool = { false }) -> Outcome {
        if let relay = HookRelay.relay(for: self) {
            return relay.run(clock: clock, killSwitch: killSwitch, shouldStop: shouldStop)
        }
        let start = clock.now().boot
        var outcome: Outcome
        do throws(Fault) {
            let killSwitch = killSwitch ?? HookKillSwitch()
            let made = try killSwitch.start { () throws(Fault) in try ChildProcess(path, arguments, environment) }
            guard var child = made else { return Outcome(ending: .stopped) }
            outcome = supervise(&child, killSwitch, clock: clock, shouldStop: shouldStop)
        } catch {
            outcome = Outcome(ending: .notStarted(error.message))
        }
        outcome.seconds = Double(clock.now().boot - start) / 1e9
        return outcome
    }

    /// While it runs: its input, its output, its limit.
    private func supervise(
        _ child: inout ChildProcess, _ killSwitch: HookKillSwitch, clock: Clock, shouldStop: () -> Bool
    ) -> Outcome {
        let end = clock.now().boot + Int64(limitSeconds * 1e9)
        var reason: Ending?
        var sent = 0
        var output: [UInt8] = []
        while !child.hasEnded {
            let now = clock.now().boot
            if reason == nil { reason = now >= end ? .timedOut : shouldStop() ? .stopped : nil }
            if reason != nil {
                child.group.kill()
                // Not even SIGKILL ends it (its disk hangs): it is reaped when it does end.
                guard now < end + Self.killNanoseconds else {
                    killSwitch.letGo(child.group)
                    child.leave()
                    return Outcome(ending: reason ?? .timedOut, output: output)
                }
            }
            child.wait(milliseconds: 20)
            child.send(input, &sent)
            child.receive(&output, most: Self.mostOutput)
        }
        // What it said last; those it left behind may go on.
        child.receive(&output, most: Self.mostOutput)
        if reason != nil { child.group.kill() }
        killSwitch.letGo(child.group)
        let ending =
            switch child.reap() {
            case .exited(let code): Ending.exited(code)
            case .signalled(let signal): Ending.signalled(signal)
            case .unknown: Ending.notStarted("its end is not known")
            }
        return Outcome(ending: reason ?? ending, output: output)
    }
}
