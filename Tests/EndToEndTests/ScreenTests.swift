import Foundation
import Testing

/// What a person sees, in a day that is always the same: each screen is compared with a file of `Screens`.
@Suite("screens")
struct ScreenTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Screens")
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1"

    /// A user's own vault on 15 June 2035 at noon, whatever day it is.
    private final class Stage {
        private let root: URL
        var vault: URL { root.appending(path: "backups") }
        var config: URL { root.appending(path: "etc/reprieve/reprieve.yaml") }
        private var passed = Stage.noon.timeIntervalSinceNow
        private(set) var screens: [(name: String, text: String)] = []

        private static let noon = ISO8601DateFormatter().date(from: "2035-06-15T10:00:00Z")!
        private static let user = "65534"

        init() throws {
            // As long as the path that stands for it.
            root = URL(filePath: "/tmp/rs-\(String(format: "%08x", UInt32.random(in: 0 ... .max)))")
            for name in ["backups", "etc/reprieve", "var"] {
                try FileManager.default.createDirectory(
                    at: root.appending(path: name), withIntermediateDirectories: true)
            }
            try write(
                config,
                """
                timezone: Europe/Berlin
                vaults:
                  dumps:
                    path: \(vault.path)
                    keep: { last: 2, daily: 3 }
                    grace-period: 3d
                    \(CLIFixture.settings.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "\n    "))
                """)
            try pass(0)
        }

        deinit { try? FileManager.default.removeItem(at: root) }

        func write(_ url: URL, _ text: String) throws {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url, options: .atomic)
            #expect(try CLIFixture.launch(["/bin/chown", "-R", Self.user + ":" + Self.user, root.path]).status == 0)
        }

        func pass(_ seconds: Double) throws {
            passed += seconds
            try write(root.appending(path: "var/.reprieve-test-clock"), String(passed))
        }

        /// Days before noon.
        func put(_ series: String, _ days: ClosedRange<Int>, bytes: Int = 4000) throws {
            for ago in days {
                let date = Self.noon.addingTimeInterval(Double(-ago) * 86_400 - 30_000)
                let day = ISO8601DateFormatter().string(from: date).prefix(10)
                let file = vault.appending(path: "\(series)-\(day).dump")
                try write(file, String(repeating: "x", count: bytes + ago))
                try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file.path)
            }
        }

        /// Two looks and the quiet period between them, and the minimum age.
        func settle() throws {
            for _ in 0..<2 {
                _ = try run(["list"], width: 80)
                try pass(1.5)
            }
        }

        private func run(_ arguments: [String], width: Int) throws -> CLIFixture.Outcome {
            try CLIFixture.launch(
                ["/usr/bin/setpriv", "--reuid=" + Self.user, "--regid=" + Self.user, "--clear-groups", "--"]
                    + [CLIFixture.binary.path] + arguments,
                environment: [
                    "COLUMNS": String(width), "NO_COLOR": "1", "HOME": root.path,
                    "XDG_CONFIG_HOME": root.appending(path: "etc").path,
                    "XDG_STATE_HOME": root.appending(path: "var").path, "RUNTIME_DIRECTORY": root.path,
                ])
        }

        /// Runs a command as a person would type it, and keeps what it prints.
        func show(_ name: String, _ arguments: String..., width: Int = 80) throws {
            let outcome = try run(arguments, width: width)
            let words = arguments.map { $0.contains(" ") || $0.isEmpty ? "'\($0)'" : $0 }
            screens.append(
                (
                    name,
                    steady(
                        "$ reprieve \(words.joined(separator: " "))\n\(outcome.out)\(outcome.error)[exit status \(outcome.status)]\n"
                    )
                ))
        }

        /// Without what is another one each time, at the same width.
        private func steady(_ text: String) -> String {
            var text = text.replacing(root.path, with: "/tmp/rs-01234567")
            text.replace(/(?<day>203506\d\dT\d\d)[\d.]{8}Z/) { "\($0.day)0000.000Z" }
            text.replace(/(?<hour>[ ]\d\d):0\d(?<seconds>:\d\d)?(?<end>[ \n,.)])/) {
                "\($0.hour):00\($0.seconds == nil ? "" : ":00")\($0.end)"
            }
            // Objects and plans are told apart by what the kernel numbered them.
            text.replace(/\b[0-9a-f]{16}\b/, with: "0123456789abcdef")
            text.replace(/\b(?=[a-f]*\d)[0-9a-f]{8}\b/, with: "01234567")
            text.replace(/(?<before>\n|plan |PLAN |--approve )[0-9a-f]{4}(?<end>[ \n])/) { "\($0.before)0123\($0.end)" }
            // This machine, and its real day.
            text.replace(/\n\S+: (?<agent>no agent running.*?) {2,}/) { "\nhost: \($0.agent)   " }
            text.replace(/\n\/ .* of .*\n/, with: "\n/     1 of 2 GiB\n")
            text.replace(/known {6}since .*/, with: "known      since  (the real day)")
            return text
        }
    }

    private func compare(_ screens: [(name: String, text: String)]) throws {
        for (name, text) in screens {
            let file = Self.directory.appending(path: name + ".txt")
            if Self.isRecording {
                try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            let recorded = try? String(contentsOf: file, encoding: .utf8)
            #expect(text == recorded, "\(name) (RECORD_SNAPSHOTS=1 records it)")
        }
    }

    @Test("the life of backups")
    func life() throws {
        let stage = try Stage()
        try stage.put("app/orders", 0...8)
        try stage.put("app/users", 0...8, bytes: 900)
        try stage.put("web", 0...2)
        try stage.write(stage.vault.appending(path: "notes.txt"), "not a backup")
        try stage.settle()
        try stage.show("status-first", "status")
        try stage.show("list", "list")
        try stage.show("list-series", "list", "orders")
        try stage.show("plan", "plan")
        try stage.show("cleanup-held", "cleanup")
        try stage.show("cleanup-approved", "cleanup", "--approve")
        try stage.show("status-after", "status")
        try stage.show("list-trash", "list", "--trash")
        try stage.show("explain-kept", "explain", "app/orders-2035-06-15.dump")
        try stage.show("explain-trashed", "explain", "app/orders-2035-06-07.dump")
        try stage.show("restore-dry-run", "restore", "app/orders-2035-06-07.dump", "-n")
        try stage.show("restore", "restore", "app/orders-2035-06-07.dump")
        try stage.show("undo-dry-run", "undo", "--last", "-n")
        try stage.show("preserve", "preserve", "app/users-2035-06-07.dump", "--reason", "audit")
        try stage.show("freeze", "freeze", "web", "--reason", "moving disks")
        try stage.show("explain-preserved", "explain", "app/users-2035-06-07.dump")
        try stage.show("unfreeze", "unfreeze", "web")
        try stage.show("condemn", "condemn", "web-2035-06-13.dump", "--reason", "test data")
        try stage.show("error-in-trash", "condemn", "app/users-2035-06-08.dump", "--reason", "test data")
        try stage.show("purge-not-due", "purge")
        try stage.pass(4 * 86_400)
        try stage.show("purge-dry-run", "purge", "-n")
        try stage.show("purge", "purge")
        try stage.show("audit", "audit", "tail", "-n", "3")
        try compare(stage.screens)
    }

    @Test("what goes wrong")
    func errors() throws {
        let stage = try Stage()
        try stage.show("error-empty-vault", "list")
        try stage.put("app/orders", 0...3)
        try stage.settle()
        try stage.show("error-unknown-name", "restore", "ordres")
        try stage.show("error-unknown-option", "list", "--tarsh")
        try stage.show("error-no-reason", "preserve", "orders", "--reason", " ")
        try stage.show("error-bad-time", "list", "orders", "--since", "yesterdayish")
        try stage.show("error-nothing-to-undo", "undo")
        let text = try String(contentsOf: stage.config, encoding: .utf8)
        try stage.write(stage.config, text.replacing("grace-period: 3d", with: "grace-perod: 3d"))
        try stage.show("error-unknown-key", "status")
        try stage.write(stage.config, text.replacing("3d", with: "3 moons"))
        try stage.show("error-bad-value", "config", "check")
        try stage.write(stage.config, text)
        try FileManager.default.moveItem(
            at: stage.vault, to: stage.vault.appendingPathExtension("elsewhere"))
        try stage.show("error-vault-away", "cleanup")
        try stage.show("status-vault-away", "status")
        try compare(stage.screens)
    }
}
