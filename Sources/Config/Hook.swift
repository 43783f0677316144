package import Model
internal import Retention

/// What is told of events, or asked before a deed, as a person configured it.
package struct Hook: Sendable {
    package var name: String
    /// Patterns of event names.
    package var events: [String]
    /// Before these it is asked, and may say no.
    package var phases: [Phase]
    /// Patterns of vaults; none: all, and what belongs to no vault.
    package var vaults: [String]
    package var action: Action
    package var limit: Span
    package var origin: Origin?

    package enum Phase: String, CaseIterable, Sendable {
        case beforeCondemn = "before-condemn"
        case beforePurge = "before-purge"
    }

    package enum Action: Sendable {
        /// A program, without a shell.
        case run(Bytes, arguments: [String])
        /// JSON is posted there.
        case webhook(Secret)
        /// Start, success and failure of runs.
        case healthchecks(Secret)
        case mail(Secret, program: Bytes)
    }

    package static let standardLimit = Span(seconds: 30)
    /// Whole runs and whole looks: all that a monitor of runs wants to know.
    static let ofRuns: [AuditEvent] = [.retentionStarted, .retentionCompleted, .indexed, .vaultOffline]

    /// Whether it is told of a record. Never of its own failure.
    package func wants(event: String, vault: String?, of hook: String?) -> Bool {
        if hook == name, event == AuditEvent.hookFailed.rawValue { return false }
        return wants(vault) && events.contains { Glob(Bytes($0)).matches(Bytes(event)) }
    }

    package func wants(_ vault: String?) -> Bool {
        guard !vaults.isEmpty else { return true }
        guard let vault else { return false }
        // The name of an entry stands for all matches of its wildcard.
        return vaults.contains { Glob(Bytes($0)).matches(Bytes(vault)) || vault.hasPrefix($0 + "/") }
    }

    /// What kind it is, and of whom, without any secret.
    package var text: String {
        switch action {
        case .run(let path, let arguments): ([path.display] + arguments).joined(separator: " ")
        case .webhook(let url): "webhook \(url.text)"
        case .healthchecks(let url): "healthchecks \(url.text)"
        case .mail(let address, _): "mail \(address.text)"
        }
    }
}

/// Something that nobody is ever shown: not in lists, errors, logs or JSON.
package struct Secret: Sendable, CustomStringConvertible, CustomReflectable {
    package enum Source: Sendable {
        /// As it stands in the configuration.
        case text(String)
        /// The first line of a file.
        case file(Bytes)
        /// Of systemd: a file below `$CREDENTIALS_DIRECTORY`.
        case credential(String)
    }

    package let source: Source
    /// `$CREDENTIALS_DIRECTORY`.
    package let credentials: Bytes?

    /// Where it comes from.
    package var text: String {
        switch source {
        case .text: "(hidden)"
        case .file(let path): "(from \(path.display))"
        case .credential(let name): "(credential \(name))"
        }
    }

    package var description: String { text }
    package var customMirror: Mirror { Mirror(self, children: [] as [Mirror.Child]) }

    package static func isURL(_ text: String) -> Bool {
        let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        return !rest.isEmpty && !rest.hasPrefix("/")
            && text.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) }
    }

    package static func isAddress(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-")
            && text.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value < 0x7F && !"<>(),;\"\\".unicodeScalars.contains($0)
            }
    }
}
