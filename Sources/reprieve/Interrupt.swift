internal import Dispatch
internal import Foundation
internal import Model

/// Ctrl-C on a command that moves backups: how far it got, and how to go on. It may stop anywhere; what it leaves half
/// done, the next command sets right.
enum Interrupt {
    nonisolated(unsafe) private static var source: (any DispatchSourceSignal)?  // set once, at a command's start

    /// `deed`: what happens to each backup: `moved to the trash`. `back`: how all of it is taken back.
    static func watch(_ deed: String, back: String? = nil) {
        // The default would end us before the source is asked. Where the signal was ignored (`reprieve … &` in a
        // script), it stays ignored.
        let before = unsafeBitCast(signal(SIGINT, SIG_IGN), to: Int.self)
        guard before != unsafeBitCast(SIG_IGN, to: Int.self) else { return }
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler {
            // A second Ctrl-C ends it, whatever the first one waits for.
            signal(SIGINT, SIG_DFL)
            Output.urgent(text(deed, back))
            // Dispatch has blocked it in every thread, and would hand it to this function again.
            var only = sigset_t()
            sigemptyset(&only)
            sigaddset(&only, SIGINT)
            pthread_sigmask(SIG_UNBLOCK, &only, nil)
            raise(SIGINT)
        }
        source.resume()
        self.source = source
    }

    private static func text(_ deed: String, _ back: String?) -> String {
        let count = Progress.done
        let again = (["reprieve"] + CommandLine.arguments.dropFirst().map { Bytes($0).shellWord }).joined(
            separator: " ")
        var lines = [
            count == 0
                ? "reprieve: interrupted, and nothing was \(deed)"
                : "reprieve: interrupted: \(Text.plural(count, "backup was", "backups were")) \(deed); the others are where they were"
        ]
        lines.append("HINT: to go on: \(again)")
        if count > 0, let back { lines.append("  to undo it: \(back)") }
        return lines.map { Text.wrap($0) }.joined(separator: "\n")
    }
}
