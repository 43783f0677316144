internal import CLinux
internal import Foundation
internal import Glibc
package import Model

/// A process of ours and its two pipes. Its number is its own, and so is its group's, until it is reaped.
package struct ChildProcess: Sendable {
    private let pid: pid_t
    /// -1: closed.
    private var input: Int32
    private var output: Int32

    package enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
        case unknown
    }

    /// Starts it: no shell, no environment and no descriptors but these, at `/`, in a process group of its own.
    package init(_ path: Bytes, _ arguments: [String], _ environment: [String: String]) throws(Fault) {
        let (toChild, fromChild) = (try Self.pipe(), try Self.pipe())
        defer {
            close(toChild.read)
            close(fromChild.write)
        }
        (input, output) = (toChild.write, fromChild.read)
        let name = path.withCString { strdup($0) }
        let words = [name] + arguments.map { strdup($0) } + [nil]
        let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        pid = cl_spawn(name, words, variables, toChild.read, fromChild.write)
        guard pid > 0 else {
            close(input)
            close(output)
            throw .system("run", path, -pid)
        }
    }

    /// Ours; the child gets copies. Neither end makes us wait.
    private static func pipe() throws(Fault) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        let answer = cl_pipe(&ends)
        guard answer == 0 else { throw .system("make", "a pipe", -answer) }
        return (ends[0], ends[1])
    }

    /// Asked without reaping it.
    package var hasEnded: Bool {
        var found = siginfo_t()
        return waitid(P_PID, id_t(pid), &found, WEXITED | WNOWAIT | WNOHANG) == 0
            && found._sifields._sigchld.si_pid != 0
    }

    /// It and what it started, as far as that stayed with it.
    package struct Group: Hashable, Sendable {
        fileprivate let number: pid_t

        /// Not after its leader was reaped.
        package func kill() { Glibc.kill(-number, SIGKILL) }
    }

    package var group: Group { Group(number: pid) }

    package func wait(milliseconds: Int32) {
        var questions = [
            pollfd(fd: input, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
        ]
        poll(&questions, 2, milliseconds)
    }

    private static func isReady(_ descriptor: Int32, for events: Int32) -> Bool {
        var question = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return descriptor >= 0 && poll(&question, 1, 0) > 0
    }

    /// As much as it takes now, and no more.
    package mutating func send(_ bytes: [UInt8], _ sent: inout Int) {
        while sent < bytes.count, Self.isReady(input, for: POLLOUT) {
            // What is ready takes this much without waiting.
            let part = min(Int(PIPE_BUF), bytes.count - sent)
            let n = bytes[sent...].withUnsafeBytes { write(input, $0.baseAddress, part) }
            if n < 0, errno == EINTR { continue }
            // To close its input unread is its right.
            guard n > 0 else {
                sent = bytes.count
                break
            }
            sent += n
        }
        guard sent == bytes.count, input >= 0 else { return }
        close(input)
        input = -1
    }

    /// What is there now, for a while at most: it may write faster than we read.
    package mutating func receive(_ kept: inout [UInt8], most: Int) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        for _ in 0..<16 where Self.isReady(output, for: POLLIN) {
            let n = read(output, &chunk, chunk.count)
            if n < 0, errno == EINTR { continue }
            guard n > 0 else {
                close(output)
                output = -1
                return
            }
            kept += chunk[..<min(n, max(0, most - kept.count))]
        }
    }

    /// How it ended.
    package mutating func reap() -> Ending {
        closePipes()
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { return .unknown }
        }
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    /// Somebody else waits for it, for as long as it takes.
    package mutating func leave() {
        closePipes()
        let pid = self.pid
        Thread {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        }.start()
    }

    private mutating func closePipes() {
        if input >= 0 { close(input) }
        if output >= 0 { close(output) }
        (input, output) = (-1, -1)
    }
}
