import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import State

struct Adopt: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Say that the disk at a vault's path belongs to that vault.",
        discussion: Help.text(
            "Use it for a disk of another host, a copy, a directory that was made anew, and disks that take "
                + "turns. Disks that were adopted for a path before stay known, each with its own backups and "
                + "marks. The command asks first.",
            examples: [
                ("reprieve adopt /mnt/offsite", "the disk that is mounted now"),
                ("reprieve adopt /mnt/offsite --forget usb-B", "this disk will not come back"),
            ],
            exits: ["0 adopted, or adopted before", "5 nothing of that name", "11 another process holds the vault"]))

    @Argument(help: ArgumentHelp("The vault's path or name.", valueName: "path"), completion: .directory) var path:
        String
    @Option(
        help: ArgumentHelp("Adopt nothing, but forget this disk, which is away: its id or label.", valueName: "disk"))
    var forget: String?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        guard
            let vault = session.engine.configuration.vaults.first(where: {
                $0.path == Configuration.absolute(path) || $0.label == path
            })
        else {
            throw Fault(
                .notFound, "no vault is configured at '\(path)'",
                hint: "add it to the configuration first: reprieve init \(shell: path)")
        }
        if let forget {
            let disk = try session.engine.adoption.forget(forget, of: vault)
            session.tell("\(vault.label): \(disk.name) is forgotten; mounted again, it waits for `reprieve adopt`")
            if session.json {
                session.emit(
                    "adopt", [.init("vault", .string(vault.label)), .init("forgotten", .string(disk.id.text))])
            }
            return
        }
        if let question = try session.engine.adoption.whatToAdopt(vault) {
            guard try session.isMeant(question, yes: yes) else { return }
        }
        let opened = try session.engine.adoption.adopt(vault)
        session.tell("\(vault.label): adopted, its id is \(opened.id.text)")
        if session.json {
            session.emit("adopt", [.init("vault", .string(vault.label)), .init("id", .string(opened.id.text))])
        }
    }
}
