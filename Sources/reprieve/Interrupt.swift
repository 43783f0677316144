internal import Dispatch
internal import Foundation
internal import Model

/// Ctrl-C on a command that moves backups: how far it got, and how to go on. It may stop anywhere; what it leaves half
/// done, the next command sets right.
enum Interrupt {
    nonisolated(unsafe) private static var source: (any DispatchSourceSignal)?  // set once, at a command's start

    /// `deed`: what happens to each backup: `moved to the trash`. `back`: how all of it is taken back.
    static func watch(_ deed: String, back: String? = nil) {
        // The default would end us before the source is asked.
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler {
            Output.warn(text(deed, back))
            signal(SIGINT, SIG_DFL)
            kill(getpid(), SIGINT)
        }
        source.resume()
        self.source = source
    }

    /// An option stays one: its name is plain, its value may be anything.
    private static func quoted(_ argument: String) -> String {
        guard argument.hasPrefix("-") else { return "\(shell: argument)" }
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return parts.count == 2 ? "\(parts[0])=\(shell: parts[1])" : argument
    }

    private static func text(_ deed: String, _ back: String?) -> String {
        let count = Progress.done
        let again = (["reprieve"] + CommandLine.arguments.dropFirst().map(quoted)).joined(separator: " ")
        var lines = [
            count == 0
                ? "reprieve: interrupted, and nothing was \(deed)"
                : "reprieve: interrupted: \(Text.plural(count, "backup was", "backups were")) \(deed); the others are where they were"
        ]
        lines.append("HINT: to go on:  \(again)")
        if count > 0, let back { lines.append("  to take it back:  \(back)") }
        return lines.map { Text.wrap($0) }.joined(separator: "\n")
    }
}
