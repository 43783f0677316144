/// What the help of a command says below its first sentence. Paragraphs are one line each: the parser wraps them at the
/// width of the terminal.
enum Help {
    /// `examples`: a command, and what it is for. `exits`: a status, and what it means for this command.
    static func text(_ paragraphs: String..., examples: [(String, String)], exits: [String]) -> String {
        var parts = paragraphs
        parts.append("EXAMPLES\n" + examples.map { "  \($0.0)\n      \($0.1)" }.joined(separator: "\n"))
        let common = [1, 64, 78].filter { code in !exits.contains { $0.hasPrefix("\(code) ") } }.map(String.init)
        let others =
            "  \(common.dropLast().joined(separator: ", ")) and \(common[common.count - 1]) as for every command"
        parts.append("EXIT STATUS\n" + exits.map { "  \($0)" }.joined(separator: "\n") + "\n" + others)
        parts.append("Options that every command takes: reprieve --help")
        return parts.joined(separator: "\n\n")
    }

    /// `--version` belongs to the program: the help of a command leaves it out.
    static func ofCommand(_ text: String, _ arguments: [String]) -> String {
        guard text.hasPrefix("OVERVIEW: ") else { return text }
        let named = arguments.contains { !$0.hasPrefix("-") && $0 != "help" }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !named || !$0.hasPrefix("  --version ") }
            // Some lines the parser leaves as long as they are.
            .map { Text.folded($0, width: Text.terminalWidth) }
            .joined(separator: "\n")
    }

    static let root = """
        An argument after a command is a vault, a series, an id (or its beginning), a path, a batch or a run. \
        What no rule keeps goes into .trash of its vault; `restore` brings it back until its grace is over.

        WITHOUT ANY CONFIGURATION
          reprieve plan --vault DIRECTORY --keep-daily 7
          --keep-last N  --keep-hourly N  --keep-daily N
          --keep-weekly N  --keep-monthly N  --keep-yearly N
          --keep-within 30d  --time-from name|mtime
          --grace-period 14d

        OPTIONS THAT EVERY COMMAND TAKES
          --config FILE     the configuration; conf.d/*.yaml beside
                            it is read, too
          --state-dir DIR   where catalog, marks and plans are kept
          --wait 10s        how long to wait for a lock of another
                            process, or a hung file system
          --json            one JSON object instead of text
          -q, --quiet       print only errors and warnings
          --plain           plain text, no colour
          --vault PATH      this directory, without a configuration

        EXIT STATUS
          0 done             5 not found
          1 failed          11 another process holds the vault
          3 done in part    64 a mistake in the command line
          4 held            78 a mistake in the configuration

        EXAMPLES
          reprieve init /srv/backups
              look, propose a configuration, ask, write it
          reprieve undo --last
              bring back what the last cleanup took
        """
}
