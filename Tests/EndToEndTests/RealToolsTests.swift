import Foundation
import Testing

/// Real tools write backups over simulated weeks, Reprieve cleans up after every night under three policies, and each
/// tool restores what stayed: `Tests/Labs/tools/restorable`, which also says what it checks.
@Suite("the real tools restore what stays")
struct RealToolsTests {
    private static let lab = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Labs/tools/restorable").standardizedFileURL

    /// Ten weeks in the long form.
    private static let length =
        ProcessInfo.processInfo.environment["REPRIEVE_TESTS"] == "all" ? ["--weeks", "10"] : []

    @Test("every backup that stays is restored by the tool that wrote it", .enabled(if: getuid() == 0))
    func restorable() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [Self.lab.path, "--reprieve", CLIFixture.binary.path] + Self.length
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // Read to its end: a full pipe would stop the lab.
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        print(text)
        #expect(process.terminationStatus == 0, "\(text.suffix(4000))")
        let policies = text.split(separator: "\n").filter { $0.contains(" restored, 0 broken") }
        #expect(policies.count >= 3 * 14 || text.contains("SKIPPED"), "fourteen tools under three policies")
    }
}
