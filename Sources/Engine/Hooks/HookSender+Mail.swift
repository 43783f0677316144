internal import Disk
internal import Model

extension HookSender {
    func mail(_ messages: [HookMessage], to address: String) -> String {
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
}
