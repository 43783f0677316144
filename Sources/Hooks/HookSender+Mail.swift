internal import Disk
internal import Model

extension HookSender {
    func mail(_ messages: [HookMessage], to address: String) -> String {
        let host = Bytes(Surroundings.hostName).display
        let subject =
            messages.count == 1 ? messages[0].subject : "\(messages.count) events, the first: \(messages[0].subject)"
        let lines = [
            "To: \(address)", "Subject: \(Self.header("[reprieve \(host)] \(subject)"))",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
            "Auto-Submitted: auto-generated", "",
        ]
        return (lines + messages.map { $0.body + "\n" }).joined(separator: "\n")
    }

    /// A header is ASCII. What is not, or is long, or could be taken for an encoded word, is encoded in words of 75
    /// characters at most, each of whole characters and on a line of its own (RFC 2047, 2 and 5).
    static func header(_ text: String) -> String {
        let isPlain =
            text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && text.utf8.count < 200 && !text.contains("=?")
        guard !isPlain else { return text }
        var words: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if words[words.count - 1].count + bytes.count > mostInWord {
                guard words.count < mostWords else { break }
                words.append([])
            }
            words[words.count - 1] += bytes
        }
        return words.map { "=?UTF-8?B?\(Bytes($0).base64)?=" }.joined(separator: "\n ")
    }

    /// 52 characters in base64, 64 in all: the first one has room for `Subject: ` before it in a line of 76.
    private static let mostInWord = 39
    private static let mostWords = 12
}
