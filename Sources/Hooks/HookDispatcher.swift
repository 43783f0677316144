internal import Audit
internal import Disk
internal import Dispatch
internal import Foundation
package import Config
package import Model
package import State
internal import Synchronization

/// How far a hook was told.
package struct HookDelivery: Sendable {
    package var hook: String
    package var told = 0
    /// In how many seconds it is worth to try again; `nil`: there is nothing more.
    package var retrySeconds: Double?
    /// Why the last one failed.
    package var failure: String?
    /// What it printed, the last lines.
    package var output: [String] = []
    /// Another process is at it.
    package var isElsewhere = false
}

/// Hooks follow the audit log: what stands there is told at least once, in order, each hook for itself. A failure stops
/// its hook alone, for longer each time; nothing else waits.
package struct HookDispatcher: Sendable {
    let configuration: Configuration
    let state: StateDirectory
    /// How many event hooks run at once, in all of this process.
    let slots: HookSlots

    package init(_ configuration: Configuration, _ state: StateDirectory, slots: HookSlots = .shared) {
        self.configuration = configuration
        self.state = state
        self.slots = slots
    }

    private var cursors: HookCursors { HookCursors(stateDirectory: state.path, hooks: configuration.hooks) }

    private func now() -> Moment { state.clock.now() }

    /// The smallest number that any hook was told: records above it are still needed. `nil`: there are no hooks.
    package func lowest() throws(Fault) -> Int? { try cursors.lowest() }

    /// Before anything is done: hooks that are new are told from here on.
    package func begin() throws(Fault) {
        guard !configuration.hooks.isEmpty else { return }
        try cursors.begin(at: try state.audit.lastNumber() ?? 0)
    }

    /// The hooks that are told of events.
    package var following: [Hook] { configuration.hooks.filter { !$0.events.isEmpty } }

    /// Tells all of them what there is to tell, at once, for so many seconds at most: for who ends then. Nothing where
    /// an agent runs, which does it.
    package func deliver(withinSeconds seconds: Double) -> [HookDelivery] {
        let hooks = following
        guard !hooks.isEmpty, !state.agentIsRunning else { return [] }
        let end = now().boot + Int64(seconds * 1e9)
        let killSwitch = HookKillSwitch()
        let found = Found()
        let isDone = DispatchSemaphore(value: 0)
        for hook in hooks {
            let thread = Thread { [self] in
                var delivery = HookDelivery(hook: hook.name)
                do throws(Fault) {
                    delivery = try deliver(hook, until: end, killSwitch)
                } catch {
                    delivery.failure = error.message
                }
                found.list.withLock { [delivery] in $0.append(delivery) }
                isDone.signal()
            }
            thread.name = "hook \(hook.name)"
            thread.start()
        }
        // A state directory that hangs is no reason to wait for longer; nor is it one to leave anything behind.
        let patience = DispatchTime.now() + seconds + Self.graceSeconds
        for _ in hooks { _ = isDone.wait(timeout: patience) }
        killSwitch.end()
        return found.list.withLock { $0 }.sorted { $0.hook < $1.hook }
    }

    private final class Found: Sendable {
        let list = Mutex<[HookDelivery]>([])
    }

    /// To kill, and to write down how it ended.
    private static let graceSeconds = 5.0
    private static let atOnce = 500
    private static let mostMails = 100
    private static let mostLines = 20

    /// Tells one hook. `until`: by the boot clock; then it waits for the next try as long as that comes before.
    package func deliver(
        _ hook: Hook, until end: Int64? = nil, shouldStop: @escaping @Sendable () -> Bool = { false }
    ) throws(Fault) -> HookDelivery {
        try deliver(hook, until: end, nil, shouldStop)
    }

    private func deliver(
        _ hook: Hook, until end: Int64?, _ killSwitch: HookKillSwitch?,
        _ shouldStop: @escaping @Sendable () -> Bool = { false }
    ) throws(Fault) -> HookDelivery {
        var delivery = HookDelivery(hook: hook.name)
        guard let lock = try cursors.lock(hook.name) else {
            delivery.isElsewhere = true
            return delivery
        }
        defer { withExtendedLifetime(lock) {} }
        var position = try startingPosition(hook)
        var sender = HookSender(hook: hook, clock: state.clock, end: end, slots: slots, killSwitch: killSwitch)
        sender.shouldStop = shouldStop
        while sender.isLeft {
            if let wait = Self.wait(position, at: now().wall) {
                guard let end, now().boot + Int64(wait * 1e9) < end else {
                    delivery.retrySeconds = wait
                    delivery.failure = position.why
                    return delivery
                }
                Thread.sleep(forTimeInterval: min(wait, 0.1))
                continue
            }
            let (lines, lost) = try state.audit.read(after: position.seq, limit: Self.atOnce)
            if let lost {
                try state.audit.append(
                    [AuditRecord(.eventsLost(hook: hook.name, first: lost.lowerBound, last: lost.upperBound - 1))],
                    at: now())
                position.seq = lost.upperBound - 1
                try cursors.write(position, hook.name)
            }
            guard !lines.isEmpty else {
                delivery.retrySeconds = nil
                return delivery
            }
            guard try tell(sender, lines, position: &position, delivery: &delivery) else { break }
        }
        delivery.retrySeconds = 0
        return delivery
    }

    private func startingPosition(_ hook: Hook) throws(Fault) -> HookCursors.Position {
        let last = try state.audit.lastNumber()
        guard var position = try cursors.read(hook.name) else {
            let fresh = HookCursors.Position(seq: last ?? 0)
            try cursors.write(fresh, hook.name)
            return fresh
        }
        // A log that was begun anew counts from 1 again.
        if let last, last < position.seq { position.seq = 0 }
        return position
    }

    /// How long a hook that failed is left alone; `nil`: it may be told something. A clock that was set back does not
    /// silence it.
    private static func wait(_ position: HookCursors.Position, at now: Timestamp) -> Double? {
        guard let retry = position.retryAt, retry > now else { return nil }
        let seconds = Double(retry.nanoseconds.subtracting(now.nanoseconds)) / 1e9
        return seconds <= 2 * mostBackOff ? seconds : nil
    }

    private static let mostBackOff = 3600.0

    /// Tells what it wants of these, until one fails. `false`: there was no time or no place for the next one.
    private func tell(
        _ sender: HookSender, _ lines: [AuditLine], position: inout HookCursors.Position,
        delivery: inout HookDelivery
    ) throws(Fault) -> Bool {
        let hook = sender.hook
        var rest = lines[...]
        let isMail = if case .mail = hook.action { true } else { false }
        while !rest.isEmpty {
            var group: [AuditLine] = []
            while let next = rest.first {
                let isWanted = hook.wants(event: next.event, vault: next.vault, of: next["hook"])
                // What is not wanted before the first one is passed over; behind it only where more fit in one mail.
                if isWanted {
                    guard group.isEmpty || isMail && group.count < Self.mostMails else { break }
                    group.append(next)
                } else if !group.isEmpty, !isMail {
                    break
                }
                rest = rest.dropFirst()
            }
            guard !group.isEmpty else { break }
            guard sender.isLeft else {
                // Up to here nothing was wanted.
                position.seq = group[0].seq - 1
                try cursors.write(position, hook.name)
                return false
            }
            var messages = group.map { HookMessage($0, for: hook) }
            var health = position.health
            if case .healthchecks = hook.action {
                var known = health ?? HookHealth()
                known.take(group[0], &messages[0], vaults: Set(configuration.vaults.map(\.label)))
                health = known
            }
            let outcome = sender.send(messages)
            let lines = outcome.output.split(separator: "\n").map { String($0.prefix(500)) }
            delivery.output = (delivery.output + lines).suffix(Self.mostLines)
            guard let failure = outcome.failure else {
                position.told(upTo: group[group.count - 1].seq)
                position.health = health
                try cursors.write(position, hook.name)
                delivery.told += group.count
                delivery.failure = nil
                continue
            }
            position.seq = group[0].seq - 1
            if !outcome.isUntried {
                try fail(hook, group[0], failure: failure, position: &position, delivery: &delivery)
            }
            try cursors.write(position, hook.name)
            return !outcome.isUntried
        }
        // All were told, or are not wanted.
        guard let last = lines.last, position.seq != last.seq else { return true }
        position.told(upTo: last.seq)
        try cursors.write(position, hook.name)
        return true
    }

    /// Said at the third failure in a row, and at each doubling.
    private static let failuresToRecord = 3

    private func fail(
        _ hook: Hook, _ line: AuditLine, failure: String, position: inout HookCursors.Position,
        delivery: inout HookDelivery
    ) throws(Fault) {
        position.failures += 1
        let jitter = 0.75 + 0.5 * Double(Int(Surroundings.randomHex(bytes: 1), radix: 16) ?? 0) / 255
        let pause = min(Self.mostBackOff, Double(1 << min(position.failures - 1, 12))) * jitter
        position.retryAt = Timestamp(nanoseconds: now().wall.nanoseconds.adding(Int64(pause * 1e9)))
        position.why = failure
        (delivery.failure, delivery.retrySeconds) = (failure, pause)
        let times = position.failures / Self.failuresToRecord
        guard position.failures.isMultiple(of: Self.failuresToRecord), times & (times - 1) == 0 else { return }
        try state.audit.append(
            [
                AuditRecord(
                    .hookFailed(hook: hook.name, about: line.seq, failures: position.failures), vault: line.vault,
                    vaultID: line.vaultID.map { VaultID(text: $0) }, reason: failure)
            ], at: now())
    }
}
