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

    private var limit: Double { min(Double(hook.limit.fixedSeconds), mostSeconds) }

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

    private static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"]

    private func checkURL(_ text: String) throws(Fault) {
        guard ConfigurationReader.isURL(text) else { throw Fault(.configuration, "the secret is no URL") }
    }

    // MARK: HTTP

    /// `curl` reads all of it from its input: a URL among the arguments could be seen by every user.
    private func post(_ body: String, to url: String, _ secret: String, type: String) -> Outcome {
        let program = Self.curl
        if let problem = HookProgram(program).problem { return Outcome(failure: problem) }
        let lines = [
            "url = \(Self.quoted(url))", "data-binary = \(Self.quoted(body))",
            "header = \"Content-Type: \(type)\"", "user-agent = \"reprieve\"", "silent", "show-error", "fail",
            "globoff", "proto = \"=http,https\"", "connect-timeout = 10",
            "max-time = \(max(1, Int(limit.rounded(.down))))", "output = \"/dev/null\"",
        ]
        return finish(
            HookProcess(
                path: program, arguments: ["-q", "-K", "-"], environment: Self.environment,
                input: Array((lines.joined(separator: "\n") + "\n").utf8), limitSeconds: limit + 1), secret: secret)
    }

    static let curl: Bytes = "/usr/bin/curl"

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\\": quoted += "\\\\"
            case "\"": quoted += "\\\""
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "\""
    }

    /// The URL of a check, with what happened behind its path.
    private static func ping(_ url: String, _ message: HookMessage) -> String {
        let end = url.firstIndex { $0 == "?" || $0 == "#" } ?? url.endIndex
        let path = url[..<end].hasSuffix("/") ? url[..<end].dropLast() : url[..<end]
        let what = message.what == AuditEvent.retentionStarted.rawValue ? "/start" : message.hasFailed ? "/fail" : ""
        return path + what + url[end...]
    }

    // MARK: Mail

    private func mail(_ messages: [HookMessage], to address: String) -> String {
        let host = Bytes(Surroundings.hostName).display
        let subject =
            messages.count == 1 ? messages[0].subject : "\(messages.count) events, the first: \(messages[0].subject)"
        // A header is one line of ASCII; what is no ASCII is encoded.
        let isPlain = subject.utf8.allSatisfy { (0x20...0x7E).contains($0) } && subject.utf8.count < 180
        let title = "[reprieve \(host)] \(subject)"
        let lines = [
            "To: \(address)",
            "Subject: \(isPlain ? title : "=?UTF-8?B?\(Bytes(String(title.prefix(100))).base64)?=")",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
            "Auto-Submitted: auto-generated", "",
        ]
        return (lines + messages.map { $0.body + "\n" }).joined(separator: "\n")
    }

    // MARK: Its end

    private func finish(_ process: HookProcess, secret: String?) -> Outcome {
        let outcome = process.run(clock: clock, shouldStop: shouldStop)
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
