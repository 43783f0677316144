package import Config
internal import Disk
package import Hooks
package import Model
package import State
internal import Synchronization

/// What every use case works with: the configuration, the state of this host, how long to wait, and whom to ask whether
/// to stop. It holds no lock and no open directory.
package struct Context: Sendable {
    package let configuration: Configuration
    package var state: StateDirectory
    /// How long to wait for a lock that another process holds, and for a file system that does not answer.
    package var waitSeconds = 10.0
    /// Whether the disk of another host may be used as it is, without being adopted: to list it and to bring back what
    /// is in its trash, with nothing but the disk.
    package var isVisiting = false
    /// Asked again and again by what may take long and was not given a question of its own; the question is also a sign
    /// of life.
    package var shouldStop: @Sendable () -> Bool = { false }
    /// How many event hooks run at once, in all of this process.
    package var hookSlots = HookSlots.shared
    /// Of a command that cleans up several vaults: they are one run, and `undo` takes it back as a whole.
    package var run: RunNumber?

    /// Vaults that a wildcard matched once and matches no more stay.
    package init(_ configuration: Configuration, _ state: StateDirectory) {
        var configuration = configuration
        for path in (try? state.registry.paths()) ?? [] where !configuration.vaults.contains(where: { $0.path == path })
        {
            for wildcard in configuration.wildcards {
                guard let name = Wildcard.name(of: path, in: wildcard.path) else { continue }
                var vault = wildcard
                (vault.label, vault.path) = ("\(wildcard.entry)/\(name)", path)
                configuration.vaults.append(vault)
                configuration.vanished.append(vault)
                break
            }
        }
        self.configuration = configuration
        self.state = state
    }

    package func now() -> Moment { state.clock.now() }

    package var hooks: HookDispatcher { HookDispatcher(configuration, state, slots: hookSlots) }
}

/// A use case, or a part of one. Its collaborators are the properties that it declares, made from the same context.
protocol UseCase: Sendable {
    var context: Context { get }
    init(context: Context)
}

extension UseCase {
    var configuration: Configuration { context.configuration }
    var state: StateDirectory { context.state }
    var waitSeconds: Double { context.waitSeconds }
    var shouldStop: @Sendable () -> Bool { context.shouldStop }
    var holder: String { context.state.program }
    var hooks: HookDispatcher { context.hooks }
    var hookCheck: HookCheck { HookCheck(configuration, state) }
    var vetoGate: VetoGate { VetoGate(configuration, state, shouldStop: shouldStop) }

    func now() -> Moment { context.now() }

    /// What must not stop the deed: its fault is a warning. Of the catalog not even that: what it misses, the next scan
    /// finds on the disk and in the audit log (invariant 10). `false`: it was not done.
    @discardableResult
    func attempt(_ warnings: inout [Fault], _ body: () throws(Fault) -> Void) -> Bool {
        do {
            try body()
            return true
        } catch {
            if error.code != .catalog { warnings.append(error) }
            return false
        }
    }
}

/// The number of a run, drawn when the first of its vaults needs it.
package final class RunNumber: Sendable {
    private let drawn = Mutex<Int?>(nil)

    package init() {}

    func value(_ draw: () throws(Fault) -> Int) throws(Fault) -> Int {
        try drawn.withLock { known throws(Fault) in
            let number: Int
            if let known { number = known } else { number = try draw() }
            known = number
            return number
        }
    }
}
