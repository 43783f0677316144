import Foundation
import Testing

/// What others do to a vault and its trash behind our back: nothing outside is touched, nothing that is kept is lost,
/// and what happened is said.
@Suite(
    "attacked", .enabled(if: Tracing.isPossible && Disk.canMount, "SKIPPED: needs root, and a strace that may trace"))
struct AttackTests {
    // MARK: Mounts

    /// A house whose vault is a disk of its own (what is mounted in it goes with it), a tree outside, and three
    /// directories of which one is to go.
    private static func withOutside(_ body: (DiskFixture, CLIFixture, URL) throws -> Void) throws {
        try DiskFixture.with { rack, house in
            try rack.mount(try rack.disk("usb-A"), house.vault.path)
            try house.configure(keep: "{ last: 2 }", grace: "1s")
            let outside = house.root.appending(path: "outside")
            for name in ["precious", "deep/data"] { try house.write(outside.appending(path: name), "canary \(name)") }
            for day in 1...3 {
                for name in ["index", "deep/data", "more/data"] {
                    try house.put("web/site-\(CLIFixture.day(day))/\(name)")
                }
            }
            try house.settle()
            try house.run("plan")
            try body(rack, house, outside)
            let left = Dictionary(uniqueKeysWithValues: ContentRecord.files(below: outside))
            #expect(left == ["precious": "canary precious", "deep/data": "canary deep/data"])
        }
    }

    @Test("a file system mounted inside a backup: it is not condemned, and the place is named")
    func mountInBackup() throws {
        try Self.withOutside { rack, house, outside in
            let place = "web/site-\(CLIFixture.day(1))/deep"
            try rack.mount("--bind", outside.path, house.vault.appending(path: place).path)
            let refused = try house.run("cleanup", "--approve")
            #expect(refused.said.contains("mounted"), "\(refused.said)")
            #expect(
                refused.said.contains(place) || refused.said.contains("site-\(CLIFixture.day(1))"), "\(refused.said)")
            #expect(house.batches().isEmpty && house.exists("web/site-\(CLIFixture.day(1))/index"))
            try rack.unmount(house.vault.appending(path: place).path)
            try house.settle()
            try house.run("plan")
            #expect(try house.run("cleanup", "--approve").status == 0)
            #expect(!house.exists("web/site-\(CLIFixture.day(1))") && house.batches().count == 1)
        }
    }

    @Test("a file system mounted in the trash, or in .purging-* under the purge: it is left, said, and purged later")
    func mountInTrash() throws {
        for isUnderPurge in [false, true] {
            try Self.withOutside { rack, house, outside in
                #expect(try house.run("cleanup", "--approve").status == 0)
                try house.pass(1.2)
                let batch = try #require(house.batches().first)
                let purged: CLIFixture.Outcome
                if isUnderPurge {
                    // Right behind the rename of the one item, or the first name that is unlinked.
                    let stopped = try StoppedCommand(house, ["purge"], at: .init(call: "unlinkat", n: 1))
                    #expect(stopped.isStopped)
                    let deep = try #require(
                        Self.find("deep", below: house.trash) ?? Self.find("more", below: house.trash))
                    try rack.mount("--bind", outside.path, deep.path)
                    purged = try stopped.goOn()
                } else {
                    let deep = ".trash/\(batch)/files/web/site-\(CLIFixture.day(1))/deep"
                    try rack.mount("--bind", outside.path, house.vault.appending(path: deep).path)
                    purged = try house.run("purge")
                }
                let places = try Self.mounts(below: house.vault)
                #expect(places.count == 1, "\(places)")
                #expect(purged.status == 3 || purged.status == 1, "\(purged.status) \(purged.said)")
                #expect(purged.said.contains(".purging-") || purged.said.contains("mount"), "\(purged.said)")
                let again = try house.run("purge")
                #expect(again.status != 0, "it is still there: \(again.said)")
                for place in places { try Disk.run(["umount", place]) }
                let last = try house.run("purge")
                #expect(last.status == 0, "\(last.said)")
                #expect(house.purging().isEmpty && house.batches().isEmpty)
            }
        }
    }

    private static func find(_ name: String, below root: URL) -> URL? {
        let all = FileManager.default.enumerator(atPath: root.path)?.allObjects as? [String] ?? []
        return all.first { $0.hasSuffix("/" + name) }.map { root.appending(path: $0) }
    }

    private static func mounts(below root: URL) throws -> [String] {
        try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).split(separator: "\n").compactMap { line in
            let place = line.split(separator: " ")[4]
            return place.hasPrefix(root.path + "/") ? String(place) : nil
        }
    }

    // MARK: Another trash

    /// What stands at `.trash` instead, what a purge then says, and whether the vault is frozen from then on.
    private static let replacements: [(name: String, script: String, says: [String], isFrozen: Bool)] = [
        ("a link", "mv .trash $ASIDE/t; cp -a $ASIDE/t $OUTSIDE/t; ln -s $OUTSIDE/t .trash", [".trash"], false),
        ("a file", "mv .trash $ASIDE/t; echo x > .trash", [".trash"], false),
        ("another user's", "mv .trash $ASIDE/t; mkdir .trash/x -p; chown 12345 .trash", ["belongs to", "mv "], false),
        ("another user's, empty", "mv .trash $ASIDE/t; mkdir .trash; chown 12345 .trash", ["missing"], true),
        ("one of everybody's", "chmod 0777 .trash", ["everybody may write"], false),
        ("a copy", "mv .trash $ASIDE/t; cp -a $ASIDE/t .trash", [], true),
        ("an empty one", "mv .trash $ASIDE/t; mkdir .trash", ["missing"], true),
        ("none", "mv .trash $ASIDE/t", ["missing"], true),
        ("another vault's", "mv .trash $ASIDE/t; cp -a ../$OTHER/.trash .trash", ["another vault is there"], false),
    ]

    @Test("another thing at .trash: refused, or missing and frozen; nothing is purged", .timeLimit(.minutes(60)))
    func replacedTrash() throws {
        let terrace = try ManyVaults(.ext4, .due, atOnce: Self.replacements.count + 1)
        let house = terrace.house
        let other = try terrace.next()
        for replacement in Self.replacements {
            let plot = try terrace.next()
            let (aside, outside) = (plot.beside("aside"), plot.beside("outside"))
            for place in [aside, outside] {
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            }
            let script = "set -e; cd '\(plot.root.path)'; \(replacement.script)"
            let made = try CLIFixture.launch(
                ["/bin/bash", "-c", script],
                environment: ["ASIDE": aside.path, "OUTSIDE": outside.path, "OTHER": other.label])
            #expect(made.status == 0, "\(made.error)")
            let before = try ContentRecord.whole(outside)
            let roots = FileManager.default.fileExists(atPath: aside.path + "/t") ? [plot.root, aside] : [plot.root]
            for command in ["purge", "cleanup", "purge"] {
                let outcome = try house.run(command, plot.label)
                let what = "\(replacement.name), \(command): \(outcome.status) \(outcome.said)"
                #expect([1, 3, 4].contains(outcome.status), "\(what)")
                for word in replacement.says where command == "purge" || !replacement.isFrozen {
                    #expect(outcome.said.contains(word) || outcome.said.contains("frozen"), "\(what)")
                }
                #expect(try ContentRecord.whole(outside) == before, "\(what)")
                let found = plot.ledger.places(in: roots)
                for name in plot.ledger.paths.values {
                    #expect(found[name]?.isEmpty == false, "\(name) is lost: \(what)")
                    if !ManyVaults.going.contains(name) { #expect(found[name] == [name], "\(what)") }
                }
            }
            let status = try house.run("status", plot.label).said
            #expect(status.contains("FROZEN") == replacement.isFrozen, "\(replacement.name): \(status)")
            let isOther = ["a copy", "an empty one"].contains(replacement.name)
            #expect(status.contains("another directory than ours") == isOther, "\(replacement.name): \(status)")
            guard isOther else { continue }
            // It was put there on purpose: a word ends it, and it stays so.
            _ = try house.run("unfreeze", plot.label)
            let after = try house.run("status", plot.label).said
            #expect(!after.contains("another directory than ours"), "\(replacement.name): \(after)")
        }
        #expect(try house.run("purge", other.label).status == 0)
    }

    // MARK: Other tools

    @Test("rsync --delete and find -delete over a vault: missing, frozen, and nothing more is purged")
    func otherTools() throws {
        for tool in ["rsync", "find"] {
            let house = try CLIFixture(keep: "{ last: 2 }", grace: "1s")
            try house.dailies(5)
            try house.settle()
            try house.run("plan")
            // What is to go looks old to find, one thing of it does not.
            let old = [.modificationDate: Date().addingTimeInterval(-5 * 86_400)] as [FileAttributeKey: Any]
            for day in 1...2 {
                let path = house.vault.appending(path: "app/orders-\(CLIFixture.day(day)).dump").path
                try FileManager.default.setAttributes(old, ofItemAtPath: path)
            }
            try house.cleanup()
            let ledger = try ContentRecord(of: house.vault)
            #expect(house.batches().count == 1 && house.names().count == 2)
            let source = house.root.appending(path: "source").path
            try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
            let command =
                tool == "rsync"
                ? "cp -a '\(house.vault.path)/app' '\(source)/' && rsync -a --delete '\(source)/' '\(house.vault.path)/'"
                : "find '\(house.vault.path)' -mtime +0 -type f -delete"
            let done = try CLIFixture.launch(["/bin/bash", "-c", command])
            #expect(done.status == 0, "\(done.error)")
            try house.pass(1.2)
            let next = try house.run("purge")
            #expect(
                next.status == 4 && next.said.lowercased().contains("frozen"), "\(tool): \(next.status) \(next.said)")
            let status = try house.run("status")
            #expect(status.said.contains("FROZEN") && status.said.contains("missing"), "\(tool): \(status.said)")
            let missing = try house.events().filter { $0["event"] as? String == "backup.missing" }
            #expect(missing.count == (tool == "rsync" ? 3 : 2), "\(tool): \(missing)")
            for command in ["cleanup", "purge"] { #expect(try house.run(command).status == 4) }
            ledger.expectWhole(in: [house.vault], tool)
            if tool == "find" {
                #expect(
                    house.exists(
                        ".trash/\(try #require(house.batches().first))/files/app/orders-\(CLIFixture.day(3)).dump"))
            }
            #expect(!(try house.events().contains { $0["event"] as? String == "backup.deleted" }))
        }
    }

    // MARK: A hostile owner

    @Test(
        "the vault's owner swaps its directories and its trash all the time, and we are root", .timeLimit(.minutes(60)))
    func hostileOwner() throws {
        let seconds = CLIFixture.isLongForm ? 60.0 : 6
        let terrace = try ManyVaults(.ext4, .due, atOnce: 1)
        let (house, plot) = (terrace.house, try terrace.next())
        let (aside, outside) = (plot.beside("aside"), plot.beside("outside"))
        for name in plot.ledger.paths.values.flatMap({ [$0, "files/" + $0] }) {
            try house.write(outside.appending(path: name), "canary \(name)")
        }
        try FileManager.default.createDirectory(at: aside, withIntermediateDirectories: true)
        #expect(try CLIFixture.launch(["/bin/chown", "-R", "1000:1000", plot.root.path, aside.path]).status == 0)
        chmod(outside.path, 0o700)
        let before = try ContentRecord.whole(outside)
        let script = """
            cd "$1"; trap 'exit 0' TERM
            printf x > $'app/orders-\\n-2026-01-01.dump'; printf x > 'app/-rf'; printf x > 'app/$(reboot)-2026-01-01.sql'
            ln -s ../../../../../etc/passwd app/orders-2026-01-02.dump
            while :; do for name in app .trash web; do
                mv -T $name "$2/kept" && ln -s "$3/$name" $name
                [ -L $name ] && rm $name; mkdir $name 2>/dev/null; rmdir $name
                [ -e $name ] || mv -T "$2/kept" $name
            done; done
            """
        let owner = Process()
        owner.executableURL = URL(filePath: "/usr/bin/setpriv")
        owner.arguments = [
            "--reuid=1000", "--regid=1000", "--clear-groups", "/bin/bash", "-c", script, "bash", plot.root.path,
            aside.path, outside.path,
        ]
        owner.standardError = FileHandle.nullDevice
        owner.standardOutput = FileHandle.nullDevice
        try owner.run()
        defer {
            kill(owner.processIdentifier, SIGKILL)
            owner.waitUntilExit()
        }
        let end = Date().addingTimeInterval(seconds)
        var statuses: [Int32: Int] = [:]
        while Date() < end {
            // What is swapped away is missing: frozen, nothing would be tried any more.
            for command in ["unfreeze", "cleanup", "purge"] {
                let outcome = try house.run(command, plot.label)
                statuses[outcome.status, default: 0] += 1
                #expect([0, 1, 3, 4, 5, 11].contains(outcome.status), "\(command): \(outcome.status) \(outcome.said)")
                #expect(outcome.status == 0 || !outcome.said.isEmpty)
            }
        }
        #expect(owner.isRunning)
        kill(owner.processIdentifier, SIGKILL)
        owner.waitUntilExit()
        print("a hostile owner for \(seconds) s: \(statuses)")
        #expect(try ContentRecord.whole(outside) == before)
        plot.ledger.expectWhole(
            in: [plot.root, aside], going: ManyVaults.going, mayBeGone: ManyVaults.going, "hostile owner")
    }
}

extension ManyVaults.OneOfMany {
    /// A directory on the same disk, and not in the vault.
    func beside(_ name: String) -> URL {
        root.deletingLastPathComponent().appending(path: "\(label)-\(name)", directoryHint: .isDirectory)
    }
}

extension CLIFixture {
    var trash: URL { vault.appending(path: ".trash", directoryHint: .isDirectory) }
}
