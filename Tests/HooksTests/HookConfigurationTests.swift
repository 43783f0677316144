@testable import Config
import Engine
import Foundation
import Model
import Support
import Testing

@Suite("hooks in the configuration")
struct HookConfigurationTests {
    struct Wrong: CustomTestStringConvertible, Sendable {
        var text: String
        var message: String
        var hint: String = ""
        var testDescription: String { text }
    }

    static let wrong: [Wrong] = [
        Wrong(text: "h: { on: vault.frozen, runn: /bin/true }", message: "5:26: unknown key 'runn'", hint: "'run'"),
        Wrong(text: "h: { on: vault.frozn, run: /bin/true }", message: "5:12: there is no event", hint: "vault.frozen"),
        Wrong(text: "h: { on: before-purgee, run: /bin/true }", message: "no event", hint: "before-purge"),
        Wrong(text: "h: { on: before-purge, webhook: \"https://a/b\" }", message: "cannot say no", hint: "run:"),
        Wrong(text: "h: { on: vault.frozen }", message: "5:3: hook 'h' says nothing to do", hint: "webhook"),
        Wrong(text: "h: { on: \"*\", run: /bin/true, mail: root }", message: "does two things"),
        Wrong(text: "h: { run: /bin/true }", message: "does not say what it is for"),
        Wrong(text: "h: { on: \"*\", run: true }", message: "absolute path", hint: "no shell"),
        Wrong(text: "h: { on: \"*\", run: /bin/true, time-limit: 30 }", message: "no unit"),
        Wrong(text: "h: { on: \"*\", run: /bin/true, time-limit: 2d }", message: "from 1s to 1h"),
        Wrong(text: "h: { on: \"*\", run: /bin/true, vaults: dump }", message: "names a vault 'dump'", hint: "dumps"),
        Wrong(
            text: "h: { on: \"*\", webhook: s3cr3t.example }", message: "'webhook' is not a valid URL",
            hint: "{ file: /PATH }"),
        Wrong(text: "h: { on: \"*\", webhook: { fil: /x } }", message: "unknown key in 'webhook'", hint: "'file'"),
        Wrong(text: "h: { on: \"*\", webhook: { s3cr3t: a } }", message: "5:28: there is an unknown key", hint: "file"),
        Wrong(text: "h: { on: \"*\", webhook: { file: s3cr3t } }", message: "5:34: the file of 'webhook'"),
        Wrong(text: "h: { on: \"*\", webhook: { credential: a/s3cr3t } }", message: "5:40: the credential of"),
        Wrong(text: "h: { on: \"*\", mail: { file: [s3cr3t] } }", message: "'file' of 'mail' must be a single value"),
        Wrong(text: "h: { on: \"*\", run: https://s3cr3t }", message: "absolute path"),
        Wrong(text: "h: { on: \"*\", webhook: { credential: ../x } }", message: "is not a valid name"),
        Wrong(text: "h: { on: \"*\", mail: \"-oQ/tmp root\" }", message: "'mail' is not a valid mail address"),
        Wrong(text: "h: { on: \"*\", run: /bin/true, sendmail: /x }", message: "belongs to mail"),
        Wrong(text: "h: { on: \"*\", healthchecks: \"https://a/b\" }", message: "nothing else"),
        Wrong(text: "../h: { on: \"*\", run: /bin/true }", message: "not a valid name for a hook"),
    ]

    @Test("what is wrong is refused with its place and the nearest right word", arguments: wrong)
    func refused(_ one: Wrong) throws {
        let scratch = try Scratch()
        try scratch.write("vault/a")
        let fault = #expect(throws: Fault.self) { try HookPlace.load(one.text, scratch) }
        #expect(fault?.code == .configuration)
        #expect(fault?.message.contains(one.message) == true, "\(fault?.message ?? "")")
        let hint = fault?.hint ?? ""
        #expect(one.hint.isEmpty || hint.contains(one.hint), "\(hint)")
        #expect(fault?.message.contains("s3cr3t") == false && !hint.contains("s3cr3t"))
    }

    @Test("a secret is never shown: by description, mirror or text")
    func secret() throws {
        let scratch = try Scratch()
        try scratch.write("vault/a")
        let hook = try #require(
            try HookPlace.load("h: { on: \"*\", webhook: \"https://u:p4ss@h/s3cr3t\" }", scratch).hooks.first)
        var dumped = ""
        dump(hook, to: &dumped)
        for text in [hook.text, "\(hook)", dumped, String(reflecting: hook)] {
            #expect(!text.contains("s3cr3t") && !text.contains("p4ss"), "\(text)")
        }
    }
}
