import Disk
import Foundation
import Model
import Support
import Testing

@testable import Trash

/// What changed between the plan and the deed, looked at with few calls where many backups lie together.
@Suite("what changed since the plan drops out")
struct ConfirmTests {
    private func backup(_ path: Bytes, in root: Directory) throws -> Backup {
        let seen = try #require(try root.open(path.parent).sighting(of: path.lastComponent))
        let member = Backup.Member(
            path: path, object: seen.object, inode: seen.inode, isDirectory: false, size: seen.size, mtime: seen.mtime,
            ctime: seen.ctime)
        return Backup(
            id: BackupID(object: seen.inode), vault: TrashDrill.vault, series: "s", members: [member],
            time: seen.mtime, timeSource: .name, condition: .complete, note: "", size: 1, allocated: 1, mode: 0o640,
            uid: 0, gid: 0, observedSince: seen.mtime, changedBoot: 0, changedBootID: "")
    }

    @Test("marks of vzdump that came since are seen, where few and where many lie together", arguments: [3, 200])
    func protectedSince(count: Int) throws {
        let scratch = try Scratch()
        for n in 0..<count { try scratch.write("v/d/f\(n).vma") }
        let root = try scratch.open().open("v")
        let backups = try (0..<count).map { try backup(Bytes("d/f\($0).vma"), in: root) }
        try scratch.write("v/d/f1.vma.protected", "")
        // As a link, and one that only ends so.
        try FileManager.default.createSymbolicLink(
            atPath: scratch.url.appending(path: "v/d/f2.vma.protected").path, withDestinationPath: "nowhere")
        try scratch.write("v/d/xf0.vma.protected", "")
        var condemning = Condemning(trash: try TrashDirectory.make(in: root))
        let (still, dropped) = try condemning.confirm(
            backups.map { .init(backup: $0, decision: .init(retain: false, priority: "low", reasons: [])) })
        #expect(still.count == count - 2)
        #expect(Set(dropped.map(\.item.backup.path)) == ["d/f1.vma", "d/f2.vma"])
        #expect(dropped.allSatisfy { $0.why == "it is protected since the plan" })
    }

    @Test("rewritten, replaced, gone: each is told apart, also where size and modification time were put back")
    func changed() throws {
        let scratch = try Scratch()
        for name in ["same", "written", "replaced", "gone"] { try scratch.write("v/\(name)", "12345") }
        let root = try scratch.open().open("v")
        let backups = try ["same", "written", "replaced", "gone"].map { try backup($0, in: root) }
        func path(_ name: String) -> String { scratch.url.appending(path: "v/\(name)").path }
        func setBack(_ name: String, _ time: Timestamp) {
            let (seconds, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
            let times = Array(repeating: timespec(tv_sec: Int(seconds), tv_nsec: Int(rest)), count: 2)
            #expect(utimensat(AT_FDCWD, path(name), times, 0) == 0)
        }
        usleep(20_000)  // longer than the kernel's tick, by which it stamps
        try "54321".write(toFile: path("written"), atomically: false, encoding: .utf8)
        setBack("written", backups[1].primary.mtime)
        try scratch.write("v/other", "12345")
        try FileManager.default.removeItem(atPath: path("replaced"))
        #expect(rename(path("other"), path("replaced")) == 0)
        setBack("replaced", backups[2].primary.mtime)
        try FileManager.default.removeItem(atPath: path("gone"))
        var condemning = Condemning(trash: try TrashDirectory.make(in: root))
        #expect(
            backups.map { condemning.change(of: $0) } == [
                nil, "it has changed", "another object stands at its name", "it is not there any more",
            ])
    }
}
