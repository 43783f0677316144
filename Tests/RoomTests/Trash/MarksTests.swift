import Disk
import Foundation
import Glibc
import Model
import Testing
import Trash

@Suite("marks in two copies (invariant 10)")
struct MarksTests {
    private let now = Timestamp(seconds: 1_790_000_000)

    private func mark(_ kind: Mark.Kind, _ counter: Int, released: Bool = false, until: Timestamp? = nil) -> Mark {
        Mark(
            kind: kind, target: "t", counter: counter, released: released, reason: "r", actor: "a", at: now,
            until: until)
    }

    private func holds(_ kind: Mark.Kind, state: [Mark]?, vault: [Mark]?) -> Bool {
        Marks(state: state, vault: vault).mark(kind, "t", at: now) != nil
    }

    @Test("one copy missing: the other counts")
    func oneMissing() {
        #expect(holds(.preserved, state: [mark(.preserved, 1)], vault: nil))
        #expect(holds(.preserved, state: nil, vault: [mark(.preserved, 1)]))
        #expect(!holds(.preserved, state: nil, vault: nil))
    }

    @Test("a protection in either copy holds, unless the state's copy has its release")
    func releases() {
        let (protection, release) = (mark(.preserved, 1), mark(.preserved, 2, released: true))
        #expect(!holds(.preserved, state: [release], vault: [protection]))
        // Only the vault says that it was released: somebody may have edited it.
        #expect(holds(.preserved, state: [protection], vault: [release]))
        // Protected again elsewhere after our release: newer by the counter.
        #expect(holds(.preserved, state: [release], vault: [mark(.preserved, 3)]))
        #expect(!holds(.preserved, state: nil, vault: [release]))
    }

    @Test("the freeze after an undo holds under its policies only, and stands beside another one")
    func undone() {
        var freeze = Mark(kind: .frozen, target: Mark.undoneTarget, reason: "undone run 1", actor: "a", at: now)
        freeze.policies = ["then", "now"]
        var marks = Marks(state: nil, vault: [freeze])  // another host wrote it
        #expect(marks.frozen(at: now, policy: "now") != nil && marks.frozen(at: now, policy: "then") != nil)
        #expect(marks.frozen(at: now, policy: "changed") == nil)
        marks.say(Mark(kind: .frozen, target: Mark.vaultTarget, reason: "stop", actor: "a", at: now))
        #expect(marks.frozen(at: now, policy: "changed")?.reason == "stop")
        for target in [Mark.vaultTarget, Mark.undoneTarget] {
            marks.say(Mark(kind: .frozen, target: target, released: true, reason: "", actor: "a", at: now))
        }
        #expect(marks.frozen(at: now, policy: "now") == nil)
        #expect(marks.all.values.map(\.counter).sorted() == [2, 3], "each word is newer than all before")
    }

    @Test("a mark that only the vault knows can keep, never condemn")
    func onlyTheVault() {
        #expect(holds(.frozen, state: [], vault: [mark(.frozen, 1)]))
        #expect(!holds(.approved, state: [], vault: [mark(.approved, 1)]))
        #expect(!holds(.approved, state: nil, vault: [mark(.approved, 9)]))
        #expect(holds(.approved, state: [mark(.approved, 1)], vault: []))
    }

    @Test("a mark ends when it said it would")
    func ends() {
        #expect(!holds(.preserved, state: [mark(.preserved, 1, until: now)], vault: nil))
        #expect(holds(.preserved, state: [mark(.preserved, 1, until: now.adding(seconds: 1))], vault: nil))
    }

    @Test("both copies are written, and one that cannot be read freezes")
    func store() throws {
        let (state, vault) = (try Scratch(), try Scratch())
        let trash = try TrashDirectory.make(in: try vault.open())
        let store = MarkStore(stateDirectory: state.path)
        let id = VaultID(text: "v")
        var marks = try store.read(id, trash: trash)
        marks.say(mark(.preserved, 0, until: now.adding(seconds: 60)))
        try store.write(marks, id, trash: trash)
        let empty = try Scratch()
        #expect(try MarkStore(stateDirectory: empty.path).read(id, trash: trash).all == marks.all)
        #expect(try store.read(id, trash: nil).all == marks.all)
        try vault.write(".trash/marks.json", "{ torn")
        let fault = #expect(throws: Fault.self) { try store.read(id, trash: trash) }
        #expect(fault?.code == .frozen)
    }
}

@Suite("the trash directory")
struct TrashDirectoryTests {
    @Test("a link, or a directory that everybody may write, is refused")
    func refused() throws {
        let scratch = try Scratch()
        let other = try Scratch()
        symlink(other.url.path, scratch.url.appending(path: ".trash").path)
        #expect(throws: Fault.self) { try TrashDirectory.make(in: try scratch.open()) }
        let open = try Scratch()
        _ = try TrashDirectory.make(in: try open.open())
        chmod(open.url.appending(path: ".trash").path, 0o777)
        let fault = #expect(throws: Fault.self) { try TrashDirectory.open(in: try open.open()) }
        #expect(fault?.code == .unsafe)
    }

    @Test("a batch without a manifest that can be read is left alone, an unfilled one is cleared away")
    func recovery() throws {
        let scratch = try Scratch()
        let trash = try TrashDirectory.make(in: try scratch.open())
        try scratch.write(".trash/20260101T000000.000Z/files/app/precious-2026-01-01.tar", "1")
        try scratch.write(".trash/20260101T000000.000Z/manifest.json", "")
        try scratch.write(".trash/20260102T000000.000Z/manifest.json", "{ torn")
        let recovery = Recovery(trash: trash)
        let done = try recovery.run { _ in false }
        #expect(scratch.exists(".trash/20260101T000000.000Z/files/app/precious-2026-01-01.tar"))
        #expect(!scratch.exists(".trash/20260102T000000.000Z"))
        #expect(done.count == 2)
        // Idempotent: what was cleared away waits for the unlink walk, the unreadable one stays.
        _ = try recovery.run { _ in false }
        #expect(scratch.exists(".trash/20260101T000000.000Z/files/app/precious-2026-01-01.tar"))
    }
}
