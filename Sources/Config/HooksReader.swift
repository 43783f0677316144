internal import Foundation
internal import Model
internal import Retention
internal import Yams

/// Reads `hooks: { NAME: { on: [EVENT…], vaults: [VAULT…], run: /PATH [ARGUMENT…], time-limit: 30s } }`; instead of
/// `run` one of `webhook: URL`, `healthchecks: URL`, `mail: ADDRESS`.
struct HooksReader {
    /// `$CREDENTIALS_DIRECTORY`.
    let credentials: Bytes?

    private static let kinds = ["run", "webhook", "healthchecks", "mail"]
    private static let known = ConfigurationTable.names(.hook)

    func hooks(_ node: ConfigurationNode, besides others: [Hook]) throws(Fault) -> [Hook] {
        try node.pairs("hooks").map { key, name, value throws(Fault) in
            if let other = others.first(where: { $0.name == name })?.origin {
                throw key.refuse("hook '\(name)' stands in \(other.text) already", hint: "give it another name")
            }
            let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
            guard isName, !name.isEmpty, !name.hasPrefix("-"), name.utf8.count <= 64 else {
                throw key.refuse(
                    "'\(name)' is not a valid name for a hook", hint: "letters, digits, - and _, not starting with -")
            }
            return try hook(name, key, node: value)
        }
    }

    private func hook(_ name: String, _ key: ConfigurationNode, node: ConfigurationNode) throws(Fault) -> Hook {
        let pairs = try node.pairs("hook '\(name)'", known: Self.known)
        let what = pairs.filter { Self.kinds.contains($0.name) }
        guard let kind = what.first, what.count == 1 else {
            throw (what.last?.key ?? key).refuse(
                what.isEmpty ? "hook '\(name)' says nothing to do" : "hook '\(name)' does two things",
                hint: "write one of \(Self.kinds.joined(separator: ", "))")
        }
        let isHealthchecks = kind.name == "healthchecks"
        var hook = Hook(
            name: name, events: isHealthchecks ? Hook.ofRuns.map(\.rawValue) : [], phases: [], vaults: [],
            action: .run("", arguments: []), limit: Hook.standardLimit, origin: key.origin)
        var program: Bytes = "/usr/sbin/sendmail"
        for (key, word, value) in pairs {
            switch word {
            case "on":
                guard !isHealthchecks else {
                    throw key.refuse(
                        "healthchecks is told of runs, and of nothing else",
                        hint: "leave `on` out, or use a webhook")
                }
                try Self.events(value, kind.name, &hook)
            case "vaults": hook.vaults = try Self.words(value, word).map(\.text)
            case "time-limit":
                hook.limit = try value.span(word)
                guard (1...3600).contains(hook.limit.fixedSeconds) else {
                    throw value.refuse("'time-limit' must be from 1s to 1h", hint: "without it: 30s")
                }
            case "sendmail":
                guard kind.name == "mail" else {
                    throw key.refuse("'sendmail' belongs to mail", hint: "leave it out")
                }
                program = try value.absolute(word)
            default: break
            }
        }
        guard !hook.events.isEmpty || !hook.phases.isEmpty else {
            throw key.refuse(
                "hook '\(name)' does not say what it is for", hint: "on: [backup.condemned, \"vault.*\", series.late]")
        }
        hook.action = try action(kind.name, kind.value, program: program)
        return hook
    }

    private func action(_ kind: String, _ node: ConfigurationNode, program: Bytes) throws(Fault) -> Hook.Action {
        switch kind {
        case "run":
            let words = try Self.words(node, kind, splitting: true)
            guard let first = words.first, first.text.hasPrefix("/"), !first.text.contains("\0") else {
                throw node.refuse(
                    "'run' must begin with the absolute path of a program",
                    hint: "no shell is used: run: [/bin/sh, -c, \"…\"] asks for one")
            }
            return .run(Bytes(first.text).normalised, arguments: words.dropFirst().map(\.text))
        case "webhook": return .webhook(try secret(node, kind, isURL: true))
        case "healthchecks": return .healthchecks(try secret(node, kind, isURL: true))
        default: return .mail(try secret(node, kind, isURL: false), program: program)
        }
    }

    /// A text, or where it is to be read. A refusal names the place and never repeats what stands there: a secret may
    /// have been written into any part of it.
    private func secret(_ node: ConfigurationNode, _ what: String, isURL: Bool) throws(Fault) -> Secret {
        if let mapping = node.node.mapping {
            guard let pair = mapping.first, mapping.count == 1 else {
                throw node.refuse("'\(what)' comes from one place", hint: "{ file: /PATH } or { credential: NAME }")
            }
            let source = try Self.source(
                of: what, ConfigurationNode(node: pair.key, file: node.file),
                ConfigurationNode(node: pair.value, file: node.file))
            return Secret(source: source, credentials: credentials)
        }
        let text = try node.text(what)
        guard isURL ? Secret.isURL(text) : Secret.isAddress(text) else {
            throw node.refuse(
                isURL ? "'\(what)' is not a valid URL" : "'\(what)' is not a valid mail address",
                hint: isURL
                    ? "write https://…, { file: /PATH } or { credential: NAME }"
                    : "write name@host or name, { file: /PATH } or { credential: NAME }")
        }
        return Secret(source: .text(text), credentials: credentials)
    }

    private static func source(
        of what: String, _ key: ConfigurationNode, _ value: ConfigurationNode
    ) throws(Fault) -> Secret.Source {
        let known = ["file", "credential"]
        let word = try key.text("a key")
        guard known.contains(word) else {
            let nearest = ConfigurationNode.nearest(to: word, in: known)
            throw key.refuse(
                "there is an unknown key in '\(what)'",
                hint: nearest.map { "did you mean '\($0)'?" } ?? "known here: \(known.joined(separator: ", "))")
        }
        let text = try value.text("'\(word)' of '\(what)'")
        guard word == "file" else {
            guard !text.isEmpty, !text.contains("/"), !text.hasPrefix("."), !text.contains("\0") else {
                throw value.refuse(
                    "the credential of '\(what)' is not a valid name", hint: "as in LoadCredential=NAME:PATH")
            }
            return .credential(text)
        }
        guard text.hasPrefix("/"), !text.contains("\0") else {
            throw value.refuse("the file of '\(what)' is not an absolute path", hint: "start it with /")
        }
        return .file(Bytes(text).normalised)
    }

    private static func events(_ node: ConfigurationNode, _ kind: String, _ hook: inout Hook) throws(Fault) {
        let names = AuditEvent.allCases.map(\.rawValue)
        let phases = Hook.Phase.allCases.map(\.rawValue)
        for word in try words(node, "on") {
            if let phase = Hook.Phase(rawValue: word.text) {
                guard kind == "run" else {
                    throw word.node.refuse(
                        "'\(phase.rawValue)' asks a program, and a \(kind) cannot say no",
                        hint: "run: /PATH [ARGUMENT…]")
                }
                hook.phases.append(phase)
                continue
            }
            let glob = Glob(Bytes(word.text))
            guard names.contains(where: { glob.matches(Bytes($0)) }) else {
                let nearest = ConfigurationNode.nearest(to: word.text, in: names + phases)
                throw word.node.refuse(
                    "there is no event '\(word.text)'",
                    hint: nearest.map { "did you mean '\($0)'?" } ?? "docs/reference/events.md lists them")
            }
            hook.events.append(word.text)
        }
    }

    /// One word or a list of them. `splitting`: one text may hold several, with spaces between them.
    private static func words(
        _ node: ConfigurationNode, _ what: String, splitting: Bool = false
    ) throws(Fault) -> [(text: String, node: ConfigurationNode)] {
        guard let sequence = node.node.sequence else {
            let text = try node.text(what)
            return splitting ? text.split(separator: " ").map { (String($0), node) } : [(text, node)]
        }
        var found: [(String, ConfigurationNode)] = []
        for item in sequence {
            let item = ConfigurationNode(node: item, file: node.file)
            let text = try item.text(what)
            guard !text.contains("\0") else { throw item.refuse("'\(what)' has a NUL in it") }
            found.append((text, item))
        }
        guard !found.isEmpty else { throw node.refuse("'\(what)' is empty", hint: "leave it out") }
        return found
    }
}
