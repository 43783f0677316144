internal import Engine
internal import Foundation
internal import Model
internal import Synchronization

/// What a command does when all is done and said: without an agent it tells the hooks itself, for ten seconds at most.
enum AfterWork {
    private static let session = Mutex<(session: Session, last: Int?)?>(nil)
    private static let seconds = 10.0

    /// At a command's start: what the log has then is not its own.
    static func note(_ session: Session) {
        guard !session.keeper.configuration.hooks.isEmpty else { return }
        do {
            try session.keeper.beginHooks()
            let last = try session.keeper.lastRecord()
            self.session.withLock { $0 = (session, last) }
        } catch {
            // Who may not write the state does nothing that a hook would be told of.
        }
    }

    /// The agent has lanes for them.
    static func forget() { session.withLock { $0 = nil } }

    /// Only where something was written into the log meanwhile: who looks does not wait.
    static func tellHooks() {
        guard let (session, last) = session.withLock({ $0 }), let now = try? session.keeper.lastRecord(), now != last
        else { return }
        fflush(nil)
        for delivery in session.keeper.deliver(withinSeconds: seconds) {
            guard let failure = delivery.failure else { continue }
            session.warn(
                Fault(
                    .failed, "the hook '\(delivery.hook)' failed, and is tried again later: \(failure)",
                    hint: "reprieve hooks test \(shell: delivery.hook)"))
        }
    }
}
