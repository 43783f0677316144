internal import Config
internal import Engine
internal import Foundation
internal import Hooks
internal import Model
internal import Synchronization

/// What a command does when all is done and said: without an agent it tells the hooks itself, for ten seconds at most.
enum AfterWork {
    private static let session = Mutex<(session: Session, last: Int?, hasHooks: Bool)?>(nil)
    private static let seconds = 10.0

    /// At a command's start: what the log has then is not its own.
    static func record(_ session: Session) {
        self.session.withLock { $0 = (session, nil, false) }
        guard !session.engine.configuration.hooks.isEmpty else { return }
        do {
            try session.engine.hooks.begin()
            let last = try session.engine.lastRecord()
            self.session.withLock { $0 = (session, last, true) }
        } catch {
            // Who may not write the state does nothing that a hook would be told of.
        }
    }

    /// The agent has lanes for the hooks, and says itself why it ends.
    static func forget() { session.withLock { $0 = nil } }

    static func finish() {
        guard let (session, last, hasHooks) = session.withLock({ $0 }) else { return }
        if let notice = session.engine.damageNotice { session.warn(notice) }
        if hasHooks { tellHooks(session, last) }
    }

    /// Only where something was written into the log meanwhile: a command that only looks does not wait.
    private static func tellHooks(_ session: Session, _ last: Int?) {
        guard let now = try? session.engine.lastRecord(), now != last else { return }
        Output.flush()
        for delivery in session.engine.hooks.deliver(withinSeconds: seconds) {
            guard let failure = delivery.failure else { continue }
            session.warn(
                Fault(
                    .failed, "the hook '\(delivery.hook)' failed, and is tried again later: \(failure)",
                    hint: "reprieve hooks test \(shell: delivery.hook)"))
        }
    }
}
