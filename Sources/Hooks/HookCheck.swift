internal import Audit
internal import Disk
package import Config
internal import JSONText
package import Model
package import State

/// A hook as it stands, for `hooks` and `doctor`.
package struct HookView: Sendable {
    package var hook: Hook
    /// How many records it was not told yet; `nil`: it is told of none.
    package var behind: Int?
    package var failures = 0
    package var failure: String?
    package var retryAt: Timestamp?
    /// Why it cannot work.
    package var problems: [Fault] = []
}

/// What `hooks test` saw.
package struct HookTrial: Sendable {
    package var what: String
    package var failure: String?
    package var output: String
    package var seconds: Double
}

/// Whether hooks work.
package struct HookCheck: Sendable {
    let configuration: Configuration
    let state: StateDirectory

    package init(_ configuration: Configuration, _ state: StateDirectory) {
        self.configuration = configuration
        self.state = state
    }

    private var cursors: HookCursors { HookCursors(stateDirectory: state.path, hooks: configuration.hooks) }

    package func views() -> [HookView] {
        configuration.hooks.map { hook in
            var view = HookView(hook: hook, problems: problems(of: hook))
            do throws(Fault) {
                guard !hook.events.isEmpty else { return view }
                let last = try state.audit.lastNumber() ?? 0
                let position = try cursors.read(hook.name)
                view.behind = max(0, last - (position?.seq ?? last))
                (view.failures, view.failure) = (position?.failures ?? 0, position?.why)
                view.retryAt = position?.retryAt
            } catch {
                view.problems.append(error)
            }
            return view
        }
    }

    /// Why a hook cannot work, as far as that shows without telling it anything.
    package func problems(of hook: Hook) -> [Fault] {
        switch hook.action {
        case .run(let path, _): return [HookProgram(path).fault].compactMap { $0 }
        case .webhook(let secret), .healthchecks(let secret):
            return problems(secret) { Secret.isURL($0) ? nil : "is not a valid URL" }
                + [HookProgram(HookSender.curl).fault].compactMap { $0 }
        case .mail(let secret, let program):
            return problems(secret) { Secret.isAddress($0) ? nil : "is not a valid mail address" }
                + [HookProgram(program).fault].compactMap { $0 }
        }
    }

    private func problems(_ secret: Secret, _ check: (String) -> String?) -> [Fault] {
        // Where the service alone has it, nobody else can say.
        if case .credential = secret.source, secret.credentials == nil { return [] }
        do throws(Fault) {
            guard let wrong = check(try secret.value()) else { return [] }
            return [Fault(.configuration, "what it is told at \(secret.text) \(wrong)")]
        } catch {
            return [error]
        }
    }

    /// Tells a hook something made up, as the service would: the first event that it wants, a question about nothing.
    package func test(_ hook: Hook) -> [HookTrial] {
        let vault = configuration.vaults.map(\.label).first { hook.wants($0) } ?? "test"
        var trials = hook.phases.map { phase in
            trial(hook, HookMessage(phase, vault: vault, [], why: "hooks test", for: hook))
        }
        let name = AuditEvent.allCases.map(\.rawValue).first { hook.wants(event: $0, vault: vault, of: nil) }
        if let name {
            let record: JSON = [
                "seq": 0, "time": .string(state.clock.now().wall.rfc3339Milliseconds), "event": .string(name),
                "vault": .string(vault), "reason": "a test by `reprieve hooks test`", "test": true,
            ]
            trials.append(trial(hook, HookMessage(record: record.line, for: hook)))
        }
        return trials
    }

    private func trial(_ hook: Hook, _ message: HookMessage) -> HookTrial {
        let outcome = HookSender(hook: hook, clock: state.clock).send([message])
        return HookTrial(
            what: message.what, failure: outcome.failure, output: outcome.output, seconds: outcome.seconds)
    }
}
