import Audit
import Foundation
import Model
import Support
import Testing

@Suite("heads of the audit log in syslog")
struct HeadsInSyslogTests {
    /// A `/dev/log` of the test's own.
    private final class Listener {
        let path: Bytes
        private let socket: Int32

        init(_ directory: Bytes) throws {
            path = directory.appending("log")
            socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let room = MemoryLayout.size(ofValue: address.sun_path)
            try #require(path.count < room)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.storage) }
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(bound == 0)
        }

        deinit { close(socket) }

        /// All that came.
        func lines() -> [String] {
            var lines: [String] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let n = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard n > 0 else { return lines }
                lines.append(String(decoding: buffer[..<n], as: UTF8.self))
            }
        }
    }

    @Test("every thousand records, and when asked to, syslog is told number and hash of the last")
    func told() throws {
        let scratch = try Scratch()
        let listener = try Listener(scratch.path)
        let house = try AuditHouse(syslog: listener.path)
        try house.append(999)
        #expect(listener.lines().isEmpty)
        try house.append(3)
        let lines = listener.lines()
        let last = try #require(try house.log.verify().last)
        #expect(lines.count == 1 && last.seq == 1002)
        #expect(lines[0].hasPrefix("<85>Nov 23 0") || lines[0].hasPrefix("<85>Nov 22 "))
        #expect(lines[0].contains(" reprieve[1]: audit log head: record 1002, hash \(last.hash), '"))
        try house.append(2500)
        #expect(listener.lines().count == 1)
        try house.log.announceHead(at: house.moment)
        #expect(listener.lines().first?.contains("record 3502, hash") == true)
    }

    @Test("nobody there, or nobody who reads: nothing waits, nothing fails")
    func nobody() throws {
        let house = try AuditHouse(syslog: "/nowhere/log")
        try house.append(2000)
        let scratch = try Scratch()
        let listener = try Listener(scratch.path)
        let full = try AuditHouse(syslog: listener.path)
        try full.append(10)
        for _ in 0..<2000 { try full.log.announceHead(at: full.moment) }
        try full.append(1000)
        #expect(!listener.lines().isEmpty)
    }
}
