import ArgumentParser
internal import Foundation
internal import Model
internal import Synchronization

/// Prints for a person on standard output, as Swift's own does; and remembers what could not be written.
func print(_ text: String, terminator: String = "\n") { Output.write(PrintedCommands.complete(text) + terminator) }

/// Both outputs of a command. Neither can end its work (closed, full, without a reader), and deceptive characters are
/// escaped.
enum Output {
    private struct State {
        var waiting: [UInt8] = []
        var failure: Int32?
    }

    private static let state = Mutex(State())
    private static let mostWaiting = 65_536
    private static let isTerminal = isatty(1) == 1

    static func write(_ text: String) {
        state.withLock { state in
            state.waiting += text.readable.utf8
            if state.waiting.count >= mostWaiting || isTerminal { flush(&state) }
        }
    }

    /// Whether all that was printed was written. After a failure nothing more is written: a report with a gap would
    /// mislead.
    @discardableResult
    static func flush() -> Bool {
        state.withLock { state in
            flush(&state)
            return state.failure == nil
        }
    }

    private static func flush(_ state: inout State) {
        if state.failure == nil { state.failure = put(state.waiting, on: 1) }
        state.waiting = []
    }

    /// On standard error, after what was printed before. A failure to write there is ignored.
    static func warn(_ text: String) {
        flush()
        urgent(text)
    }

    /// The same at once: standard output may be what the command waits for.
    static func urgent(_ text: String) {
        _ = put(Array((text.readable + "\n").utf8), on: 2)
    }

    /// On one line of a terminal, again and again; `nil`: it is cleared.
    static func progress(_ text: String?) {
        guard isatty(2) == 1 else { return }
        _ = put(Array(("\r" + (text.map { Text.fit($0, 78).readable } ?? "") + "\u{1B}[K").utf8), on: 2)
    }

    static func warn(_ fault: Fault) { warn(Text.wrap(Reprieve.text(of: fault))) }

    /// The number of the error that stopped it.
    private static func put(_ bytes: [UInt8], on descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 {
                return EIO
            } else if errno == EAGAIN {
                var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&question, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }

    /// The status of a command that is over. A report that was not written is a failure; a deed that was done is done.
    static func end(_ status: ExitStatus, didChange: Bool) -> ExitStatus {
        guard !flush(), let failure = state.withLock({ $0.failure }) else { return status }
        // A reader that closed the pipe has read enough.
        if failure != EPIPE {
            warn(
                Fault(
                    .failed, "could not write to standard output: \(String(cString: strerror(failure)))",
                    hint: didChange ? "the command itself went on; `reprieve audit tail` shows what it did" : nil))
        }
        return status == .done && !didChange ? .failed : status
    }
}

/// A command that changes something. Its exit status is that of the deed, also where its report was lost.
protocol Deed: ParsableCommand {
    /// It only shows what it would do.
    var dryRun: Bool { get }
}

extension Deed {
    var dryRun: Bool { false }
}
