import ArgumentParser
internal import Engine
internal import JSONText
internal import Model

struct Forget: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Forget a vault that has been removed from the configuration.",
        discussion: Help.text(
            "Remove the vault from the configuration first. From then on no alarm names it. Its directory, "
                + "its trash and the marks of its backups stay as they are. To forget one of several disks: `adopt "
                + "PATH --forget DISK`.",
            examples: [
                ("reprieve forget dumps", "by its name"), ("reprieve forget /srv/backups/dumps", "by its path"),
            ],
            exits: ["0 forgotten", "5 nothing of that name"]))

    @Argument(help: ArgumentHelp("The vault's path or name.", valueName: "vault"), completion: Completion.vaults)
    var vault: String
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be forgotten.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let path = try session.engine.adoption.forgettable(vault)
        if !dryRun { try session.engine.adoption.forget(path) }
        if dryRun { session.tellDryRun() }
        session.tell("'\(path.display)' is forgotten. Its directory, its .trash and its marks stay as they are.")
        if session.json {
            session.emit("forget", [.init("dry_run", .bool(dryRun)), .init("path", .string(path.display))])
        }
    }
}
