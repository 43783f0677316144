@testable import Config
import Engine
import Foundation
import Model
import Recognition
import Retention
import Support
import Testing

@Suite("match in the configuration")
struct MatchConfigurationTests {
    private func load(_ vault: String, defaults: String = "{}") throws -> VaultConfiguration {
        let scratch = try Scratch()
        try scratch.write("reprieve.yaml", "defaults: \(defaults)\nvaults:\n  a:\n    path: /srv/x\n\(vault)\n")
        let configuration = try Configuration.load(
            Overrides(
                config: scratch.url.appending(path: "reprieve.yaml").path, stateDirectory: "/tmp/reprieve-none",
                adHoc: nil, environment: [:]))
        return try #require(configuration.vaults.first)
    }

    @Test("an expression alone, a mapping, and a list of both, with the line of each")
    func shapes() throws {
        let alone = try load(#"    match: '(?<series>.+)-(?<time>\d{8})\.tar'"#)
        #expect(alone.settings.match.map(\.value.pattern) == [#"(?<series>.+)-(?<time>\d{8})\.tar"#])
        let list = try load(
            #"""
                match:
                  - '(?<time>\d{8})'
                  - match: '(?<series>\w+)-(?<kind>full|inc)-(?<time>[\d.]+)(-(?<base>\d+))?\.tar'
                    time-format: '%d.%m.%Y'
                    parent: '${series}-full-${base}.tar'
                    unit: set
                    complete-when: { beside: '.sha256' }
            """#)
        #expect(list.settings.match.map { $0.origin?.line } == [6, 7])
        let options = list.settings.match[1].value.options
        #expect(options.timeFormat?.text == "%d.%m.%Y" && options.parent?.groups == ["series", "base"])
        #expect(options.shape == .set && options.completeWhen == .beside(".sha256"))
        let one = try load(
            "    match: { match: '(?<time>.+)', kind: differential, unit: directory, complete-when: { inside: done } }")
        #expect(one.settings.match[0].value.options.kind == .differential)
        #expect(one.settings.match[0].value.options.completeWhen == .inside("done"))
    }

    @Test("a vault's match replaces that of the defaults")
    func replaces() throws {
        let defaults = #"{ match: '(?<time>\d{8})x' }"#
        #expect(try load("    keep: all", defaults: defaults).settings.match.count == 1)
        let own = try load(#"    match: '(?<time>\d{8})y'"#, defaults: defaults)
        #expect(own.settings.match.map(\.value.pattern) == [#"(?<time>\d{8})y"#])
    }

    @Test("by mtime a match tells series, so rules that count are fine")
    func byMtime() throws {
        let vault = try load("    time-from: mtime\n    keep: { daily: 7 }\n    match: '(?<series>.+)-x'")
        #expect(vault.recognisers.timeFrom == .mtime && vault.recognisers.custom.count == 1)
    }

    @Test(
        "mistakes are refused with line, column and a way out",
        arguments: [
            ("match: '(a'", ":5:15:", "single quotes"),
            (
                "match: '[[a]b](?<time>x)'", ":5:14: '[[a]b](?<time>x)' is not a valid regular expression: brackets",
                #"\["#
            ),
            (#"match: "é(?<time>x)(?<time>y)""#, ":5:32:", "single quotes"),
            (#"match: '(?<series>.+)-(?<tiem>\d+)'"#, "unknown group 'tiem'", "'time'"),
            ("match: '(?<series>.+)'", ":5:12:", "(?<time>"),
            ("match: '(?<time>(a+)+)'", "years", "one of the two"),
            ("match: ''", ":5:12:", "(?<time>"),
            ("match: []", "empty", "(?<time>"),
            ("match: { time-format: '%s' }", "no expression", "match:"),
            ("match: { match: '(?<time>.+)', time-format: '%Q' }", "'%Q'", "%Y"),
            ("match: { match: '(?<time>.+)', time-format: '%H' }", ":5:49:", "%Y"),
            ("match: { match: '(?<time>.+)', tim-format: '%s' }", "'tim-format'", "'time-format'"),
            ("match: { match: '(?<time>.+)', kind: incre }", "'incre'", "incremental"),
            ("match: { match: '(?<time>.+)', unit: sets }", "'sets'", "'set'"),
            ("match: { match: '(?<time>.+)', parent: 'x' }", "no parent", "kind: incremental"),
            ("match: { match: '(?<time>.+)', kind: incremental, parent: '${tim}' }", "'tim'", "'time'"),
            ("match: { match: '(?<time>.+)', kind: incremental, parent: '${time' }", "'}'", "${series}"),
            (
                "match: { match: '(?<time>.+)', kind: incremental, parent: '../${time}' }", "same directory",
                "vault's top"
            ),
            ("match: '(?<time>.+)-(?<parent>.+)'", "no parent", "kind: incremental"),
            ("match: { match: '(?<time>.+)', complete-when: { inside: x } }", "directories", "unit: directory"),
            ("match: { match: '(?<time>.+)', complete-when: done }", "'done'", "end-mark"),
            ("match: { match: '(?<time>.+)', complete-when: { beside: a/b } }", "not a valid name", "beside"),
            ("time-from: mtime\n    keep: all\n    match: 'x.+'", ":7:12:", "(?<series>"),
            (
                "time-from: mtime\n    keep: all\n    match: { match: '(?<time>.+)', time-format: '%s' }",
                "mtime", "one of the two"
            ),
        ])
    func mistakes(yaml: String, message: String, hint: String) throws {
        let fault = try #require(#expect(throws: Fault.self) { try load("    " + yaml) })
        #expect(fault.code == .configuration)
        #expect(fault.message.contains(message), "\(fault.message)")
        #expect(fault.message.contains("reprieve.yaml:"), "\(fault.message)")
        #expect(fault.hint?.contains(hint) == true, "\(fault.hint ?? "no hint") does not say '\(hint)'")
    }

    @Test("more than fifty are refused")
    func bound() {
        let many = (0...50).map { "'(?<time>\($0).+)'" }.joined(separator: ", ")
        #expect(throws: Fault.self) { try load("    match: [\(many)]") }
    }

    @Test("another match is another policy, and so is another time-format; without any the policy's text has none")
    func policy() throws {
        let policies = try [
            "    keep: all", "    match: '(?<time>.+)a'", "    match: '(?<time>.+)b'",
            "    match: { match: '(?<time>.+)b', time-format: '%s' }",
        ].map { try load($0).policy(zone: .utc) }
        #expect(Set(policies.map(\.hash)).count == policies.count)
        #expect(policies[0].names == nil && !policies[0].text.contains("names"))
        #expect(VaultPolicy(text: policies[3].text) == policies[3])
    }
}
