internal import Config
internal import Disk
internal import Foundation
internal import Model

/// Tells a hook something: once, without trying again.
struct HookSender: Sendable {
    let hook: Hook
    let clock: Clock
    /// By the boot clock: no longer than this, waiting and all, whatever the hook's own limit says.
    var end: Int64?
    /// Of event hooks; `nil`: it waits for nobody.
    var slots: HookSlots?
    var killSwitch: HookKillSwitch?
    var shouldStop: @Sendable () -> Bool = { false }

    struct Outcome: Sendable {
        /// `nil`: done.
        var failure: String?
        /// We were told to stop, or too many others run: nobody's failure.
        var isUntried = false
        /// What it said, bounded, without control characters and secrets.
        var output = ""
        var seconds = 0.0
    }

    var limit: Double { min(Double(hook.limit.fixedSeconds), secondsLeft) }

    /// Whether there is time for another one.
    var isLeft: Bool { !shouldStop() && end.map { clock.now().boot < $0 } ?? true }

    private var secondsLeft: Double {
        end.map { max(0.1, Double($0 - clock.now().boot) / 1e9) } ?? .infinity
    }

    /// `messages`: more than one only for mail.
    func send(_ messages: [HookMessage]) -> Outcome {
        guard let first = messages.first else { return Outcome() }
        do throws(Fault) {
            switch hook.action {
            case .run(let path, let arguments):
                if let problem = HookProgram(path).problem { return Outcome(failure: problem) }
                return finish(
                    HookProcess(
                        path: path, arguments: arguments, environment: first.variables,
                        input: Array((first.json + "\n").utf8), limitSeconds: limit), secret: nil)
            case .webhook(let url):
                let secret = try url.value()
                try checkURL(secret)
                return post(first.json, to: secret, secret, type: "application/json")
            case .healthchecks(let url):
                let secret = try url.value()
                try checkURL(secret)
                return post(first.subject + "\n" + first.body, to: Self.ping(secret, first), secret, type: "text/plain")
            case .mail(let address, let program):
                let secret = try address.value()
                guard Secret.isAddress(secret) else {
                    throw Fault(.configuration, "what it is mailed to is not a valid mail address")
                }
                if let problem = HookProgram(program).problem { return Outcome(failure: problem) }
                return finish(
                    HookProcess(
                        path: program, arguments: HookRelay.mailWords, environment: Self.environment,
                        input: Array(mail(messages, to: secret).utf8), limitSeconds: limit), secret: secret)
            }
        } catch {
            return Outcome(failure: error.message)
        }
    }

    static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"]

    private func checkURL(_ text: String) throws(Fault) {
        guard Secret.isURL(text) else { throw Fault(.configuration, "the secret is not a valid URL") }
    }

    // MARK: Its end

    private func finish(_ process: HookProcess, secret: String?) -> Outcome {
        ended(run(process), of: process, secret: secret)
    }

    /// One deadline for both: what was spent waiting for a place is not given once more to the program.
    func run(_ process: HookProcess) -> HookProcess.Outcome {
        guard slots?.take(until: end, clock, shouldStop) ?? true else { return .init(ending: .stopped) }
        defer { slots?.giveBack() }
        var process = process
        process.limitSeconds = min(process.limitSeconds, secondsLeft)
        return process.run(clock: clock, killSwitch: killSwitch, shouldStop: shouldStop)
    }

    func ended(_ outcome: HookProcess.Outcome, of process: HookProcess, secret: String?) -> Outcome {
        var text = String(decoding: outcome.output, as: UTF8.self)
        if let secret { text = Secret.hide(secret, in: text) }
        var found = Outcome(
            output: text.split(whereSeparator: \.isNewline).map { Bytes(String($0)).display }.joined(separator: "\n"),
            seconds: outcome.seconds)
        let said = found.output.split(separator: "\n").last.map { ": \($0.prefix(200))" } ?? ""
        switch outcome.ending {
        case .exited(0): break
        case .exited(let code): found.failure = "exit status \(code)\(said)"
        case .signalled(let signal): found.failure = "ended by signal \(signal)\(said)"
        case .timedOut: found.failure = "no answer within \(Self.text(seconds: process.limitSeconds)), killed\(said)"
        case .stopped: (found.failure, found.isUntried) = ("stopped", true)
        case .notStarted(let why):
            found.failure = "could not be run: \(secret.map { Secret.hide($0, in: why) } ?? why)"
        }
        return found
    }

    private static func text(seconds: Double) -> String { "\(Int(seconds.rounded())) s" }
}
