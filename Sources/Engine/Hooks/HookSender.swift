internal import Disk
internal import Foundation
internal import Model

/// Tells a hook something: once, without trying again.
struct HookSender: Sendable {
    let hook: Hook
    let clock: Clock
    /// No longer than this, whatever the hook's own limit says.
    var mostSeconds = Double.infinity
    var shouldStop: @Sendable () -> Bool = { false }

    struct Outcome: Sendable {
        /// `nil`: done.
        var failure: String?
        /// We were told to stop: nobody's failure.
        var isStopped = false
        /// What it said, bounded, without control characters and secrets.
        var output = ""
        var seconds = 0.0
    }

    var limit: Double { min(Double(hook.limit.fixedSeconds), mostSeconds) }

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
                guard ConfigurationReader.isAddress(secret) else {
                    throw Fault(.configuration, "what it is mailed to is no mail address")
                }
                if let problem = HookProgram(program).problem { return Outcome(failure: problem) }
                return finish(
                    HookProcess(
                        path: program, arguments: ["-i", "-t"], environment: Self.environment,
                        input: Array(mail(messages, to: secret).utf8), limitSeconds: limit), secret: secret)
            }
        } catch {
            return Outcome(failure: error.message)
        }
    }

    static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"]

    private func checkURL(_ text: String) throws(Fault) {
        guard ConfigurationReader.isURL(text) else { throw Fault(.configuration, "the secret is no URL") }
    }

    // MARK: Its end

    private func finish(_ process: HookProcess, secret: String?) -> Outcome {
        ended(process.run(clock: clock, shouldStop: shouldStop), of: process, secret: secret)
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
        case .stopped: (found.failure, found.isStopped) = ("stopped", true)
        case .notStarted(let why):
            found.failure = "could not be run: \(secret.map { Secret.hide($0, in: why) } ?? why)"
        }
        return found
    }

    private static func text(seconds: Double) -> String { "\(Int(seconds.rounded())) s" }
}
