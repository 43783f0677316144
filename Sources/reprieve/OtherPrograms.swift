import ArgumentParser
internal import Config
internal import Conflicts
internal import Foundation
internal import JSONText
internal import Model

/// How what other programs do to vaults is told: by `doctor` and by `init`.
struct OtherPrograms: ParsableArguments {
    @Option(help: ArgumentHelp("Below which directory crontabs and settings are looked for.", visibility: .hidden))
    var searchRoot = "/"

    var root: Bytes { Configuration.absolute(searchRoot) }
    var home: Bytes? { ProcessInfo.processInfo.environment["HOME"].map { Bytes($0) } }

    /// Under a heading of their own, numbered on where they are somebody's to mend.
    static func lines(_ deleters: [Deleter], from first: Int) -> [String] {
        guard !deleters.isEmpty else { return [] }
        var lines = ["", "OTHER PROGRAMS THAT DELETE HERE"]
        var number = first
        for deleter in once(deleters) {
            let sign = deleter.weight == .problem ? String(number) : "-"
            if deleter.weight == .problem { number += 1 }
            lines += [
                Text.wrap("\(sign) \(deleter.vault): \(deleter.message)."),
                Text.wrap("    \(deleter.file.display), line \(deleter.line):"),
                // As it stands there: a line that is folded cannot be found again.
                "      \(deleter.text)",
                Text.wrap("    \(deleter.change)\(deleter.instead == nil ? "." : "; or leave the trash alone with:")"),
            ]
            if let instead = deleter.instead { lines.append("      \(instead)") }
        }
        return lines
    }

    /// A line that reaches into several vaults is told once, with all of them.
    private static func once(_ deleters: [Deleter]) -> [Deleter] {
        var found: [Deleter] = []
        for deleter in deleters {
            let same = found.firstIndex {
                $0.file == deleter.file && $0.line == deleter.line && $0.message == deleter.message
            }
            if let same {
                found[same].vault += ", \(deleter.vault)"
            } else {
                found.append(deleter)
            }
        }
        return found
    }

    static func excludes(of vaults: [Bytes]) -> [String] {
        guard let vault = vaults.first else { return [] }
        let more = vaults.count > 1 ? " (the other vaults likewise)" : ""
        return ["", "Off-site copies leave the trash out\(more):"]
            + OffsiteExclude.all(for: vault).map { "    " + $0.command }
            + ["    restic and borg also by --exclude-caches: the trash has a CACHEDIR.TAG"]
    }

    static func json(_ deleters: [Deleter]) -> JSON {
        .array(
            deleters.map { deleter in
                [
                    "vault": .string(deleter.vault), "weight": .string(deleter.weight.rawValue),
                    "tool": .string(deleter.tool), "file": .string(deleter.file.display),
                    "line": .integer(Int64(deleter.line)), "text": .string(deleter.text),
                    "message": .string(deleter.message), "change": .string(deleter.change),
                    "instead": JSON(deleter.instead),
                ]
            })
    }

    static func json(excludesOf vaults: [Bytes]) -> JSON {
        .array(
            vaults.flatMap { vault in
                OffsiteExclude.all(for: vault).map { exclude in
                    .object(
                        [JSON.Field](path: vault) + [
                            .init("tool", .string(exclude.tool)), .init("command", .string(exclude.command)),
                        ])
                }
            })
    }
}
