internal import Model

extension HookSender {
    static let curl: Bytes = "/usr/bin/curl"

    /// `curl` reads all of it from its input: a URL among the arguments could be seen by every user.
    func post(_ body: String, to url: String, _ secret: String, type: String) -> Outcome {
        if let problem = HookProgram(Self.curl).problem { return Outcome(failure: problem) }
        let lines = [
            "url = \(Self.quoted(url))", "data-binary = \(Self.quoted(body))",
            "header = \"Content-Type: \(type)\"", "user-agent = \"reprieve\"", "silent", "show-error", "globoff",
            "proto = \"=http,https\"", "connect-timeout = 10",
            "max-time = \(max(1, Int(limit.rounded(.down))))", "output = \"/dev/null\"",
            "write-out = \"\\n\(Self.statusMark)%{http_code}\\n\"",
        ]
        let process = HookProcess(
            path: Self.curl, arguments: HookRelay.curlWords, environment: Self.environment,
            input: Array((lines.joined(separator: "\n") + "\n").utf8), limitSeconds: limit + 1)
        var outcome = run(process)
        let status = Self.takeStatus(&outcome)
        var found = ended(outcome, of: process, secret: secret)
        if found.failure == nil { found.failure = Self.failure(ofStatus: status) }
        return found
    }

    /// Before the number that the server answered, in a line of its own; what the server itself says we never see.
    private static let statusMark = "reprieve-status "

    /// `nil`: curl said none.
    private static func takeStatus(_ outcome: inout HookProcess.Outcome) -> Int? {
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        outcome.output = Array(lines.filter { !$0.hasPrefix(statusMark) }.joined(separator: "\n").utf8)
        return lines.last { $0.hasPrefix(statusMark) }.flatMap { Int($0.dropFirst(statusMark.count)) }
    }

    /// `nil`: it was taken, which 2xx alone says. A redirect is not followed: a POST may arrive as a GET, without what
    /// it told, and the address may be another host's. Where it points to is not shown, it may repeat our secret.
    static func failure(ofStatus status: Int?) -> String? {
        switch status {
        case .some(200..<300): nil
        case .some(let code) where [301, 302, 303, 307, 308].contains(code):
            "the server answered \(code): where it points to is not followed; configure the new address"
        case .some(let code) where code > 0: "the server answered \(code)"
        default: "the server did not answer in HTTP"
        }
    }

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
    static func ping(_ url: String, _ message: HookMessage) -> String {
        let end = url.firstIndex { $0 == "?" || $0 == "#" } ?? url.endIndex
        let path = url[..<end].hasSuffix("/") ? url[..<end].dropLast() : url[..<end]
        let what = message.what == AuditEvent.retentionStarted.rawValue ? "/start" : message.hasFailed ? "/fail" : ""
        return path + what + url[end...]
    }
}
