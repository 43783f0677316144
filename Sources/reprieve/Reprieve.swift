internal import Agent
import ArgumentParser
internal import Foundation
internal import JSONText
internal import Model

@main
struct Reprieve: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "reprieve",
        abstract: "Deletes old backups for you, and lets you change your mind.",
        discussion: Help.root,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Look",
                subcommands: [
                    Status.self, List.self, PlanCommand.self, Explain.self, Names.self, AuditCommand.self,
                ]),
            CommandGroup(
                name: "Act",
                subcommands: [
                    Cleanup.self, Restore.self, Undo.self, Purge.self, Preserve.self, Release.self, Freeze.self,
                    Unfreeze.self, Accept.self, Bad.self,
                    Condemn.self, Retire.self,
                ]),
            CommandGroup(
                name: "Set up",
                subcommands: [
                    Init.self, Learn.self, Adopt.self, Forget.self, RetentionCommand.self, ConfigCommand.self,
                    HooksCommand.self,
                    Doctor.self, AgentCommand.self,
                ]),
        ])

    static func main() async {
        prepareProcess()
        let arguments = ParseFault.joined(Array(CommandLine.arguments.dropFirst()))
        var didChange = false
        var status = ExitStatus.done
        do {
            try ParseFault(arguments).checkHelp()
            var command = try parseAsRoot(arguments)
            didChange = (command as? any Deed)?.dryRun == false
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let fault as Fault {
            report(fault)
            status = fault.code.status
        } catch let ending as Ending {
            status = ending.status
        } catch {
            // Of the parser: help and the version too.
            status = ExitStatus(rawValue: exitCode(for: error).rawValue) ?? .failed
            if status == .done {
                print(Help.ofCommand(fullMessage(for: error), arguments))
            } else {
                report(
                    ParseFault(arguments).fault(
                        message: message(for: error), details: fullMessage(for: error, columns: 300)))
            }
        }
        if Degraded.tell(), status == .done { status = .partial }
        AfterWork.finish()
        Foundation.exit(Output.end(status, didChange: didChange).rawValue)
    }

    /// A fault on standard error. JSON where that was asked for.
    private static func report(_ fault: Fault) {
        guard CommandLine.arguments.contains("--json") else { return Output.warn(fault) }
        var fields: [JSON.Field] = [
            .init("code", .string(fault.code.rawValue)), .init("message", .string(fault.message)),
            .init("hint", JSON(fault.hint.map(PrintedCommands.complete))),
        ]
        if let path = fault.path { fields += [JSON.Field](path: path) } else { fields.append(.init("path", .null)) }
        Output.warn((["error": .object(fields)] as JSON).line)
    }

    static func text(of fault: Fault) -> String {
        "reprieve: \(fault.message)" + (fault.hint.map { "\nHINT: \($0)" } ?? "")
    }
}

/// Ends the process with a status after all was said.
struct Ending: Error {
    var status: ExitStatus

    /// Throws where the status is not *done*.
    static func with(_ status: ExitStatus) throws {
        if status != .done { throw Ending(status: status) }
    }
}
