import Foundation
import Testing

/// Outputs that are closed, full or broken: the work goes on, and the exit status stays true.
@Suite struct OutputTests {
    /// Runs the command with its descriptors as this redirection says.
    private static func with(_ redirection: String) -> [String] {
        ["/bin/sh", "-c", "exec \"$@\" \(redirection)", "sh"]
    }

    /// Nobody will ever read what is written.
    private static let brokenPipe = [
        "/bin/sh", "-c", "rm -f p; mkfifo p; exec 3<>p 4>p 3>&-; exec \"$@\" >&4 4>&-", "sh",
    ]

    private static let reports = [
        ["list"], ["list", "--json"], ["status"], ["plan"], ["cleanup", "-n"], ["purge", "-n"],
        ["explain", "app/orders-\(CLIFixture.day(3)).dump"], ["names", "dumps"], ["audit", "verify"],
        ["retention", "show"], ["config", "check"], ["hooks"],
        ["preserve", "-n", "app/orders-\(CLIFixture.day(3)).dump", "--reason", "x"],
    ]

    @Test("a report that could not be written is exit 1, whatever the command")
    func reports() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        try house.settle()
        for command in Self.reports {
            let outcome = try house.run(command, under: Self.with(">/dev/full"))
            #expect(outcome.status == 1, "\(command): \(outcome.status) \(outcome.error)")
            #expect(outcome.error.contains("No space left on device"), "\(command): \(outcome.error)")
        }
        for wrapper in [Self.with(">&-"), Self.with("<&- >&- 2>&-"), Self.brokenPipe] {
            let outcome = try house.run(["list"], under: wrapper)
            #expect(outcome.status == 1, "\(wrapper)")
            #expect(outcome.error.isEmpty || wrapper != Self.brokenPipe, "who closes a pipe has read enough")
        }
        for command in [["--help"], ["--version"], ["list", "--help"], ["help", "plan"]] {
            for wrapper in [Self.with(">/dev/full"), Self.with(">&- 2>&-")] {
                #expect(try CLIFixture.launch(wrapper + [CLIFixture.binary.path] + command).status == 1, "\(command)")
            }
        }
    }

    @Test("standard error that is closed or full changes no status", arguments: ["2>&-", "2>/dev/full"])
    func errors(redirection: String) throws {
        let house = try CLIFixture()
        try house.put("a-\(CLIFixture.day(9)).dump")
        #expect(try house.run(["list"], under: Self.with(redirection)).status == 0)
        #expect(try house.run(["list", "nothing"], under: Self.with(redirection)).status == 5)
        #expect(try house.run(["list", "nothing", "--json"], under: Self.with(redirection)).status == 5)
        #expect(try house.run(["list", "--nothing"], under: Self.with(redirection)).status == 64)
        #expect(try house.run(["list", "--wait", "x"], under: Self.with(redirection)).status == 64)
    }

    @Test(
        "a deed is done and says so by its status, whatever its outputs are",
        arguments: ["<&- >&- 2>&-", "broken pipe"])
    func deeds(redirection: String) throws {
        let wrapper = redirection == "broken pipe" ? Self.brokenPipe : Self.with(redirection)
        let house = try CLIFixture()
        try house.dailies(4)
        try house.settle()
        _ = try house.run(["plan"], under: wrapper)
        #expect(try house.run(["cleanup", "--approve"], under: wrapper).status == 0)
        #expect(house.names().count == 2)
        let gone = "app/orders-\(CLIFixture.day(1)).dump"
        #expect(try house.run(["restore", gone], under: wrapper).status == 0)
        #expect(house.exists(gone))
        #expect(try house.run(["preserve", gone, "--reason", "x", "--json"], under: wrapper).status == 0)
        #expect(try house.run(["undo", "--last", "--json"], under: wrapper).status == 0)
        #expect(house.names().count == 4)
        #expect(try house.run(["agent", "--once"], under: wrapper).status == 4, "held by the freeze of undo")
        try checkState(house)
    }

    @Test("an agent without standard descriptors works, and prints into no file of its own")
    func agent() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments =
            Self.with("<&- >&- 2>&-").dropFirst()
            + [CLIFixture.binary.path, "agent", "--config", house.config.path, "--state-dir", house.state.path]
        try process.run()
        defer { process.waitUntilExit() }
        defer { process.terminate() }
        try house.wait("the agent to have found both") {
            let status = try house.run("status", "--json")
            guard status.status == 0, let agent = try status.json()["agent"] as? [String: Any] else { return false }
            return try agent["running"] as? Bool == true && house.list().count == 2
        }
        try checkState(house)
    }

    /// What is printed begins no file of the state, and the log is whole.
    private func checkState(_ house: CLIFixture) throws {
        #expect(try house.run("audit", "verify").status == 0)
        let files = FileManager.default.enumerator(at: house.state, includingPropertiesForKeys: nil)
        for case let file as URL in files ?? .init() where !file.hasDirectoryPath {
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            #expect(
                !["info reprieve", "moved to the trash", "could not write"].contains { text.contains($0) },
                "\(file.path)")
        }
    }
}
