import Disk
import Glibc
import Model
import Testing

@testable import Trash

/// Directories that somebody else made where ours is to be: neither owner nor mode of one is ever set.
@Suite("directories of others")
struct OthersDirectoriesTests {
    @Test("a directory that somebody makes while a restore does stays as they made it; ours is as it was")
    func restore() throws {
        let drill = try TrashDrill()
        for (path, mode) in [("vault/deep", 0o711), ("vault/deep/er", 0o705)] as [(Bytes, UInt32)] {
            drill.disk.putDirectory(path, uid: 77, mode: mode)
        }
        try drill.condemn(try drill.backups())
        drill.disk.drop("vault/deep")
        drill.disk.beforeMaking = { [disk = drill.disk] name in
            if name == "deep" { disk.putDirectory("vault/deep", uid: 12345, mode: 0o770) }
        }
        try drill.restore()
        drill.disk.beforeMaking = nil
        #expect(drill.disk.tree["vault/deep/er/c-1/one"] == "1")
        #expect(try #require(drill.disk.access("vault/deep")) == (12345, 12345, 0o770))
        let ours = try #require(drill.disk.access("vault/deep/er"))
        #expect(geteuid() != 0 || ours == (77, 77, 0o705))
    }

    @Test("another user's .trash that is empty gives way to ours; one with something in it is refused")
    func trash() throws {
        for (mode, isFilled) in [(0o755, false), (0o777, false), (0o755, true)] as [(UInt32, Bool)] {
            let disk = MemoryDisk()
            disk.put("vault/a-1.tar")
            disk.putDirectory("vault/.trash", uid: 12345, mode: mode)
            if isFilled { disk.put("vault/.trash/20261123T040000.000Z/manifest.json", "{}") }
            let root = try Directory.open(absolute: "vault", in: disk)
            if isFilled {
                for open in [{ _ = try TrashDirectory.open(in: root) }, { _ = try TrashDirectory.make(in: root) }] {
                    let fault = #expect(throws: Fault.self) { try open() }
                    #expect(fault?.code == .unsafe && fault?.hint?.contains("mv ") == true)
                }
                #expect(try #require(disk.access("vault/.trash")) == (12345, 12345, mode))
            } else {
                #expect(try TrashDirectory.open(in: root) == nil)
                #expect(try TrashDirectory.make(in: root).hasSpare())
                #expect(try #require(disk.access("vault/.trash")) == (0, 0, 0o750))
            }
            let names = try root.entries().map(\.name)
            #expect(Set(names) == ["a-1.tar", ".trash"], "\(names)")
        }
    }

    @Test("somebody fills .trash while ours is made: theirs stays, and nothing of ours is left behind")
    func race() throws {
        let disk = MemoryDisk()
        disk.put("vault/a-1.tar")
        disk.beforeMaking = { name in
            guard name == ".trash" else { return }
            disk.put("vault/.trash/theirs", "x")
            disk.putDirectory("vault/.trash", uid: 12345, mode: 0o755)
        }
        let root = try Directory.open(absolute: "vault", in: disk)
        let fault = #expect(throws: Fault.self) { try TrashDirectory.make(in: root) }
        #expect(fault?.code == .unsafe)
        #expect(disk.tree["vault/.trash/theirs"] == "x")
        #expect(try #require(disk.access("vault/.trash")) == (12345, 12345, 0o755))
        #expect(try root.entries().map(\.name).count == 2)
    }
}
