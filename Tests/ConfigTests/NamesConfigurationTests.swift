@testable import Config
import Engine
import Foundation
import Model
import Recognition
import Retention
import Support
import Testing

@Suite("names, exclude and include in the configuration")
struct NamesConfigurationTests {
    private func load(_ vault: String, defaults: String = "{}") throws -> VaultConfiguration {
        let scratch = try Scratch()
        try scratch.write("reprieve.yaml", "defaults: \(defaults)\nvaults:\n  a:\n    path: /srv/x\n\(vault)\n")
        let configuration = try Configuration.load(
            Overrides(
                config: scratch.url.appending(path: "reprieve.yaml").path, stateDirectory: "/tmp/reprieve-none",
                adHoc: nil, environment: [:]))
        return try #require(configuration.vaults.first)
    }

    @Test("a template alone, a mapping, and a list of both; they come before match")
    func shapes() throws {
        let vault = try load(
            """
                match: '(?<time>\\d{8})x'
                names:
                  - '{series}_%Y-%m-%d.sql'
                  - { names: '{series}-%Y%m%d.tar', kind: incremental, unit: file, complete-when: { beside: .sha256 } }
            """)
        #expect(vault.settings.names.map { $0.origin?.line } == [7, 8])
        #expect(vault.recognisers.custom.map(\.pattern).last == "(?<time>\\d{8})x")
        #expect(vault.recognisers.custom.count == 3)
        let options = vault.settings.names[1].value.options
        #expect(options.kind == .incremental && options.shape == .file && options.completeWhen == .beside(".sha256"))
        #expect(try load("    names: '{series}-%Y%m'").settings.names.count == 1)
    }

    @Test("exclude and include are lists of patterns, and each knows its line")
    func rules() throws {
        let vault = try load("    exclude: [ '*.log', '!keep.log' ]\n    include:\n      - /scans/\n      - '*.pdf'")
        #expect(vault.recognisers.excluded.rules.map(\.text) == ["*.log", "!keep.log"])
        #expect(vault.recognisers.excluded.rules.map(\.origin) == ["reprieve.yaml:5", "reprieve.yaml:5"])
        #expect(vault.recognisers.included.rules.map(\.origin) == ["reprieve.yaml:7", "reprieve.yaml:8"])
        let own = try load("    exclude: 'x/**'", defaults: "{ exclude: '*.a', include: '*.b' }")
        #expect(own.recognisers.excluded.rules.map(\.text) == ["x/**"])
        #expect(own.recognisers.included.rules.map(\.text) == ["*.b"])
    }

    @Test(
        "mistakes are refused with line, column and a way out",
        arguments: [
            ("names: '{series}_%Q'", ":5:22:", "%Y"),
            ("names: '{sereis}_%Y%m'", ":5:13: in the template '{sereis}_%Y%m': unknown field", "{series}"),
            ("names: '{series}''{series}_%Y%m'", ":5:23:", "leave one"),
            ("names: {series}_%Y%m", ":5:20:", "quotes"),
            ("names: '{any}'", "empty name", "{series}"),
            ("names: '{any}-%Y%m%d'", ":5:13:", "{id}"),
            ("names: '{series}'", ":5:12: vault 'a' takes times from names", "%Y-%m-%d"),
            ("names: [ '{series}-%Y%m%d', '{series}-full-%Y%m%d' ]", ":5:33:", "leave one"),
            ("names: [ '{series}-%Y%m%d', '{series}-full-%Y%m%d' ]", "both read 'a-full-20261123'", "leave one"),
            ("names: []", "empty", "{series}"),
            ("names: { kind: full }", "no template", "names:"),
            ("names: { names: '{series}.{part}-%Y%m', unit: directory }", "'{part}'", "leave"),
            ("names: { names: '{series}-%Y%m', unit: sets }", "'sets'", "'set'"),
            ("names: { names: '{series}-%Y%m', time-format: x }", "'time-format'", "known here"),
            ("exclude: '[a'", ":5:15:", "*.log"),
            ("exclude: [ a, '#b' ]", ":5:20:", "\\#"),
            ("exclude: []", "empty", "*.log"),
            ("include: '.git/'", "repository", "include:"),
            ("include: 'a/b/.svn'", "repository", "include:"),
        ])
    func mistakes(yaml: String, message: String, hint: String) throws {
        let fault = try #require(#expect(throws: Fault.self) { try load("    " + yaml) })
        #expect(fault.code == .configuration)
        #expect(fault.message.contains(message), "\(fault.message)")
        #expect(fault.message.contains("reprieve.yaml:"), "\(fault.message)")
        #expect(fault.hint?.contains(hint) == true, "\(fault.hint ?? "no hint") does not say '\(hint)'")
    }

    @Test("templates of files and of directories may share a name")
    func shapesApart() throws {
        let vault = try load(
            "    names: [ { names: '{series}-%Y%m', unit: file }, { names: 'a-%Y%m', unit: directory } ]")
        #expect(vault.settings.names.count == 2)
    }

    @Test("by mtime a template tells series, so rules that count are fine")
    func byMtime() throws {
        let vault = try load("    time-from: mtime\n    keep: { daily: 7 }\n    names: '{series}-{id}.tar'")
        #expect(vault.recognisers.timeFrom == .mtime && vault.recognisers.custom.count == 1)
    }

    @Test("each of these makes another policy; the line on which it stands does not")
    func policy() throws {
        let policies = try [
            "    keep: all", "    names: '{series}-%Y%m'", "    names: '{series}_%Y%m'", "    exclude: '*.a'",
            "    include: '*.a'", "    exclude: '*.b'",
        ].map { try load($0).policy(zone: .utc) }
        #expect(Set(policies.map(\.hash)).count == policies.count)
        #expect(try load("\n\n    exclude: '*.b'").policy(zone: .utc).hash == policies[5].hash)
        #expect(VaultPolicy(text: policies[3].text) == policies[3])
    }
}
