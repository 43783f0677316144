import ArgumentParser
internal import Model

/// What is wrong with a command line that cannot be read: a fault as any other, with what was probably meant.
struct ParseFault {
    private let arguments: [String]
    /// The command as far as it is known, and its words.
    private var command: any ParsableCommand.Type = Reprieve.self
    private var words: [String] = []
    /// Where a command should stand, and none of that name is.
    private var unknown: String?

    init(_ arguments: [String]) {
        self.arguments = arguments
        for argument in arguments.first == "help" ? arguments.dropFirst() : arguments[...] {
            let children = Self.children(of: command)
            guard !children.isEmpty, !argument.hasPrefix("-") else { return }
            guard let child = children.first(where: { Self.names(of: $0).contains(argument) }) else {
                if command.configuration.defaultSubcommand == nil || arguments.first == "help" { unknown = argument }
                return
            }
            command = child
            words.append(argument)
        }
    }

    /// A negative number behind an option is its value and no option: then the option says what it takes.
    static func joined(_ arguments: [String]) -> [String] {
        var result: [String] = []
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        for argument in arguments[..<end] {
            if argument.first == "-", argument.dropFirst().first?.isNumber == true, let last = result.last,
                last.hasPrefix("-"), last.count > 1, !last.contains("=")
            {
                result[result.count - 1] = "\(last)=\(argument)"
            } else {
                result.append(argument)
            }
        }
        return result + arguments[end...]
    }

    /// `help staus` is a mistake, too.
    func checkHelp() throws {
        if arguments.first == "help", unknown != nil { throw fault(message: "") }
    }

    /// `message`: what the parser says of it; `details`: that, and the help of the option or argument.
    func fault(message: String, details: String = "") -> Fault {
        let help = (["reprieve"] + words + ["--help"]).joined(separator: " ")
        if let unknown {
            let known = Self.children(of: command).flatMap(Self.names)
            let name = (words + [Bytes(unknown).display]).joined(separator: " ")
            return Fault(
                .usage, "there is no command '\(name)'", hint: unknown.didYouMean(known) + "all commands: \(help)")
        }
        // Where a value was asked for, it stands behind its option by now.
        if let number = arguments.first(where: {
            $0.first == "-" && $0.count > 1 && $0.dropFirst().allSatisfy(\.isNumber)
        }) {
            return Fault(
                .usage, "'\(number)' is not a valid id or run",
                hint: "an id or a run number has no minus sign: see \(help)")
        }
        let parts = message.split(separator: "'", omittingEmptySubsequences: false)
        if message.hasPrefix("Unknown option '"), parts.count > 2 {
            let option = String(parts[1].prefix { $0 != "=" })
            return Fault(
                .usage, "there is no option '\(Bytes(option).display)'",
                hint: option.didYouMean(options) + "all options: \(help)")
        }
        let about =
            details.split(separator: "\n").first { $0.hasPrefix("Help:") }
            .map { $0.dropFirst("Help:".count).drop { $0 == " " } + "\n" } ?? ""
        if parts.count > 4, message.hasPrefix("The value '") {
            return Fault(
                .usage, "'\(Bytes(String(parts[1])).display)' is not a valid value for '\(parts[3])'",
                hint: about + "see \(help)")
        }
        let text = message.replacing("Missing expected argument", with: "missing argument")
        return Fault(.usage, text.prefix(1).lowercased() + text.dropFirst(), hint: about + "see \(help)")
    }

    /// Of the command, hidden ones too.
    private var options: [String] {
        Reprieve.helpMessage(for: command, includeHidden: true)
            .split { !($0.isLetter || $0.isNumber || $0 == "-") }.map(String.init).filter { $0.hasPrefix("--") }
    }

    private static func children(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        command.configuration.subcommands
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }
}
