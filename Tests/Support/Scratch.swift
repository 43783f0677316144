package import Disk
package import Foundation
package import Model

/// `Scripts/test --all`: the long forms.
package let isLongForm = ProcessInfo.processInfo.environment["REPRIEVE_TESTS"] == "all"

/// The repository, for what is compared with a file of it.
package let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// A directory of a test's own, removed with it.
package final class Scratch {
    package let url: URL
    package var path: Bytes { Bytes(url.path(percentEncoded: false)).dropLast(url.hasDirectoryPath ? 1 : 0) }

    package init() throws {
        url = FileManager.default.temporaryDirectory.appending(
            path: "reprieve-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))",
            directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    package func open() throws -> Directory { try Directory.open(absolute: path) }

    /// Writes a file, directories made as needed.
    @discardableResult
    package func write(_ name: String, _ content: String = "x", agedSeconds: Double? = nil) throws -> URL {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: file)
        return file
    }

    package func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: url.appending(path: name).path)
    }
}

/// A clock that a test sets.
package final class TestClock: @unchecked Sendable {
    // Tests use it from one thread.
    package var moment: Moment

    package init(_ text: String = "2026-11-23T04:00:00Z") {
        moment = Moment(wall: Timestamp(rfc3339: text)!, boot: 1_000_000_000_000, bootID: "boot-1")
    }

    /// What the kernel says of a time service; `nil`: nothing.
    package var isSynchronised: Bool?

    package var clock: Clock { Clock(now: { self.moment }, isSynchronised: { self.isSynchronised }) }

    /// Another boot, `seconds` later by the wall clock.
    package func reboot(afterSeconds seconds: Int64, up: Int64 = 3600) {
        moment.wall = moment.wall.adding(seconds: seconds)
        moment.boot = up * 1_000_000_000
        moment.bootID += "'"
    }

    package func pass(seconds: Int64) {
        moment.wall = moment.wall.adding(seconds: seconds)
        moment.boot += seconds * 1_000_000_000
    }
}

/// Two names change places in one step. Glibc's module does not import `renameat2`.
package func exchange(_ one: String, _ other: String) throws {
    typealias Call = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
    guard let symbol = dlsym(nil, "renameat2") else { throw POSIXError(.ENOSYS) }
    let renameExchange: UInt32 = 2
    let done = unsafeBitCast(symbol, to: Call.self)(AT_FDCWD, one, AT_FDCWD, other, renameExchange)
    guard done == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
