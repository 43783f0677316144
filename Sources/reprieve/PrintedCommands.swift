import ArgumentParser
internal import Config
internal import Model

/// Completes printed commands: they repeat the options that say which configuration and state are meant, and with
/// `--vault` those that no file holds.
enum PrintedCommands {
    /// The options as this command line has them, each word quoted: ` --vault /srv/backups --keep-daily 7`, or nothing.
    private static let options = text(of: CommandLine.arguments.dropFirst())

    private static let always: Set<String> = ["--config", "--state-dir"]
    /// A printed command that has one of these has all that it needs.
    private static let given = always.union(["--vault"])
    private static let withVault: Set<String> = ["--vault", "--semantics", "--time-from", "--grace-period"]

    private static func text(of arguments: some Sequence<String>) -> String {
        let hasVault = arguments.contains { $0 == "--vault" || $0.hasPrefix("--vault=") }
        var found: [String] = []
        var isValue = false
        for argument in arguments.prefix(while: { $0 != "--" }) {
            let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? argument
            if isValue {
                found.append(Bytes(argument).shellWord)
                isValue = false
            } else if hasVault, argument == "--\(SystemDirectory.key)" {
                found.append(argument)
            } else if always.contains(name) || hasVault && (withVault.contains(name) || name.hasPrefix("--keep-")) {
                found.append(Bytes(argument).shellWord)
                isValue = name == argument
            }
        }
        return found.map { " " + $0 }.joined()
    }

    /// The same text, with these options behind the name of each command. Applied twice it changes nothing more.
    static func complete(_ text: String) -> String {
        guard !options.isEmpty, text.contains(program) else { return text }
        var result = ""
        var rest = text[...]
        while let found = rest.firstRange(of: program) {
            result += rest[..<found.upperBound]
            let isWord = rest[..<found.lowerBound].last.map { " \n`(".contains($0) } ?? true
            rest = rest[found.upperBound...]
            guard isWord, let command = command(rest) else { continue }
            result += command
            rest = rest.dropFirst(command.count)
            // A line that was folded behind the command's name has them on the next one.
            let line = rest.drop { $0.isWhitespace }.prefix { $0 != "\n" && $0 != "`" }
            if !given.contains(where: { line.contains($0) }) { result += options }
        }
        return result + rest
    }

    private static let program = "reprieve "

    /// `retention show`, where a command of ours begins the text.
    private static func command(_ text: Substring) -> String? {
        var command: any ParsableCommand.Type = Reprieve.self
        var words: [Substring] = []
        for word in text.prefix(60).split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).prefix(2) {
            let name = word.prefix { $0.isLetter || $0 == "-" }
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == name }) else { break }
            command = next
            words.append(name)
            guard name.count == word.count else { break }
        }
        // It takes directories, and writes what others read.
        return words.isEmpty || words == ["init"] ? nil : words.joined(separator: " ")
    }
}
