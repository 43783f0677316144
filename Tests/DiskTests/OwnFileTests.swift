import Disk
import Foundation
import Glibc
import Model
import Support
import Synchronization
import Testing

/// What others can put at the name of a file that we write and believe: it is refused at once, and nothing behind it is
/// read, written, or changed.
@Suite("files of ours")
struct OwnFileTests {
    enum Kind: String, CaseIterable, Sendable {
        case pipe, socket, device, link, danglingLink, hardLink, directory, otherUsers

        func make(at path: String, victim: String) throws {
            switch self {
            case .pipe: try #require(mkfifo(path, 0o666) == 0)
            case .socket: try #require(mknod(path, S_IFSOCK | 0o666, 0) == 0)
            // /dev/zero: it never ends.
            case .device: try #require(mknod(path, S_IFCHR | 0o666, 0x105) == 0)
            case .link: try #require(symlink(victim, path) == 0)
            case .danglingLink: try #require(symlink(victim + "-not-there", path) == 0)
            case .hardLink: try #require(Glibc.link(victim, path) == 0)
            case .directory: try #require(mkdir(path, 0o755) == 0)
            case .otherUsers:
                _ = FileManager.default.createFile(atPath: path, contents: Data("theirs".utf8))
                try #require(chown(path, 12345, 12345) == 0)
            }
        }
    }

    @Test("one that is replaced while it is opened is read whole, as it was or as it is")
    func replaced() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        let contents = [Bytes("old, and whole"), Bytes("new")]
        try root.ownFiles.replace("state.json", with: contents[0], mode: 0o640)
        let isOver = Atomic(false)
        let writer = Thread {
            for n in 0..<2000 where !isOver.load(ordering: .relaxed) {
                do { try root.ownFiles.replace("state.json", with: contents[n % 2], mode: 0o640) } catch { break }
            }
        }
        writer.start()
        defer { isOver.store(true, ordering: .relaxed) }
        while !writer.isFinished {
            let read = try root.ownFiles.read("state.json", limit: 100)
            #expect(read.map(contents.contains) == true)
        }
    }

    @Test(
        "whatever else stands at its name is refused at once", .enabled(if: geteuid() == 0, "SKIPPED: needs root"),
        .timeLimit(.minutes(10)), arguments: Kind.allCases)
    func kinds(_ kind: Kind) throws {
        let scratch = try Scratch()
        let victim = try scratch.write("elsewhere/victim", "precious").path
        try scratch.write("own/other", "")
        let root = try scratch.open().open("own")
        let path = scratch.url.appending(path: "own/state.json").path
        try kind.make(at: path, victim: victim)
        let before = try #require(try root.sighting(of: "state.json"))
        let fresh = Bytes("0123")
        let attempts: [(String, () throws -> Void)] = [
            ("read", { _ = try root.ownFiles.read("state.json", limit: 1 << 20) }),
            ("lock", { _ = try FileLock.take("state.json", in: root, holder: "test", waitSeconds: 5) }),
            ("overwrite", { try root.ownFiles.overwrite("state.json", with: fresh) }),
        ]
        for (name, attempt) in attempts {
            let fault = #expect(throws: Fault.self, "\(name)") { try attempt() }
            #expect(fault?.code == .unsafe, "\(name): \(fault?.message ?? "")")
            #expect(fault?.message.contains("state.json") == true && fault?.hint != nil)
        }
        // What is new never goes through an old name.
        #expect(throws: Fault.self) { try root.ownFiles.create("state.json", fresh, mode: 0o600) }
        let after = try #require(try root.sighting(of: "state.json"))
        #expect(
            (after.object, after.mode, after.uid, after.size) == (before.object, before.mode, before.uid, before.size))
        if kind == .directory {
            #expect(throws: Fault.self) { try root.ownFiles.replace("state.json", with: fresh, mode: 0o640) }
        } else {
            try root.ownFiles.replace("state.json", with: fresh, mode: 0o640)
            #expect(try root.ownFiles.read("state.json", limit: 10) == fresh)
        }
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
        #expect(access(victim + "-not-there", F_OK) != 0)
        #expect(Set(try root.entries().map(\.name)) == ["other", "state.json"], "no temporary file stays")
    }

    @Test("a temporary name cannot be taken before, and what a crash left of one goes after an hour")
    func temporaries() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        try #require(mkfifo(scratch.url.appending(path: "marks.json.new").path, 0o666) == 0)
        try root.ownFiles.replace("marks.json", with: "1", mode: 0o640)
        let first = OwnFiles.temporaryName(for: "marks.json")
        #expect(OwnFiles.temporaryName(for: "marks.json") != first)
        #expect(OwnFiles.name(ofTemporary: first) == "marks.json")
        for name: Bytes in [
            "marks.json.new", ".new", ".marks.json.new", ".x.0123456789abcdeg.new", ".hidden-backup.new",
        ] {
            #expect(OwnFiles.name(ofTemporary: name) == nil, "\(name.display)")
        }
        try root.ownFiles.create(first, "half", mode: 0o600)
        let (linked, theirs) = (OwnFiles.temporaryName(for: "a"), OwnFiles.temporaryName(for: "b"))
        try root.ownFiles.create(linked, "", mode: 0o600)
        try #require(link(scratch.url.path + "/" + linked.display, scratch.url.path + "/second") == 0)
        try root.makeDirectory(theirs, mode: 0o700)
        let now = try #require(try root.sighting(of: first)).ctime
        try root.ownFiles.sweepTemporaries(at: Timestamp(seconds: now.seconds + 60))
        #expect(try root.sighting(of: first) != nil)
        try root.ownFiles.sweepTemporaries(at: Timestamp(seconds: now.seconds + 3700))
        #expect(Set(try root.entries().map(\.name)) == ["marks.json", "marks.json.new", linked, "second", theirs])
    }
}
