import Disk
import Foundation
import Glibc
import Model
import Support
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
        marks.add(Mark(kind: .frozen, target: Mark.vaultTarget, reason: "stop", actor: "a", at: now))
        #expect(marks.frozen(at: now, policy: "changed")?.reason == "stop")
        for target in [Mark.vaultTarget, Mark.undoneTarget] {
            marks.add(Mark(kind: .frozen, target: target, released: true, reason: "", actor: "a", at: now))
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

    private func text(_ object: UInt64) -> String { BackupID(object: object).objectText }

    private func many(_ objects: [UInt64], _ counter: Int = 0, released: Bool = false) -> Mark {
        let items = MarkedItems(objects.map { .init(object: $0, twin: $0 + 1) })
        var mark = Mark(.reprieved, of: items, released: released, reason: "r", actor: "a", at: now)
        mark.counter = counter
        return mark
    }

    private func held(_ marks: Marks) -> [UInt64] {
        var held: [UInt64] = []
        marks.forEachHeld(.reprieved, at: now) { item, _ in held.append(item.object) }
        let single = (0..<40).filter { marks.mark(.reprieved, text(UInt64($0)), at: now) != nil }.map { UInt64($0) }
        #expect(held.sorted() == single, "one by one the same as all together")
        return single
    }

    @Test("a mark about many is one for each: the newest word counts, and one is released out of it")
    func items() {
        var marks = Marks()
        marks.add(many([30, 7, 7, 1]))
        #expect(marks.all.count == 1 && held(marks) == [1, 7, 30])
        let release = Mark(kind: .reprieved, target: text(7), released: true, reason: "", actor: "a", at: now)
        marks.add(release)
        #expect(held(marks) == [1, 30] && marks.newest(.reprieved, text(7))?.released == true)
        marks.add(many([7, 8]))
        #expect(held(marks) == [1, 7, 8, 30] && marks.all.count == 2, "what it replaces is not carried along")
        marks.add(many([1, 8, 30], released: true))
        #expect(held(marks) == [7] && marks.newest(.reprieved, text(8))?.released == true)
        #expect(marks.mark(.preserved, text(7), at: now) == nil, "of its kind only")
    }

    @Test("of a mark about many each copy protects every item, until the state's copy has the release")
    func itemsInCopies() {
        let mark = many([1, 2, 3], 5)
        let one = {
            var one = Mark(kind: .reprieved, target: self.text(2), released: true, reason: "", actor: "a", at: self.now)
            one.counter = 6
            return one
        }()
        // As one release leaves it: the item is taken out of the list.
        var rest = mark
        rest.items?.remove { $0 == 2 }
        #expect(
            held(Marks(state: nil, vault: [mark])) == [1, 2, 3] && held(Marks(state: [mark], vault: nil)) == [1, 2, 3])
        #expect(held(Marks(state: [mark], vault: [rest, one])) == [1, 2, 3], "stopped before the state's copy")
        #expect(held(Marks(state: [rest, one], vault: [mark])) == [1, 3], "the vault's copy could not be written")
        #expect(held(Marks(state: [many([1, 2, 3], 6, released: true)], vault: [mark])) == [])
        #expect(held(Marks(state: [many([1, 2, 3], 6, released: true)], vault: [mark, many([3], 7)])) == [3])
        #expect(held(Marks(state: [mark], vault: [many([1, 2, 3], 6, released: true)])) == [1, 2, 3])
        #expect(
            held(Marks(state: [], vault: [many([4], 5), many([6, 7], 5)])) == [4, 6, 7], "one counter, two marks")
    }

    @Test("60,000 in one mark are 1.3 MB, and not 20")
    func itemsAreSmall() throws {
        let scratch = try Scratch()
        let vault = try Scratch()
        let trash = try TrashDirectory.make(in: try vault.open())
        let store = MarkStore(stateDirectory: scratch.path)
        var marks = Marks()
        let objects = (0..<60_000).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        marks.add(many(objects))
        try store.write(marks, VaultID(text: "v"), trash: trash)
        let size = try Data(contentsOf: vault.url.appending(path: ".trash/marks.json")).count
        #expect(size < 1_400_000)
        #expect(try store.read(VaultID(text: "v"), trash: nil).all == marks.all)
    }

    @Test("both copies are written, and one that cannot be read freezes")
    func store() throws {
        let (state, vault) = (try Scratch(), try Scratch())
        let trash = try TrashDirectory.make(in: try vault.open())
        let store = MarkStore(stateDirectory: state.path)
        let id = VaultID(text: "v")
        var marks = try store.read(id, trash: trash)
        marks.add(mark(.preserved, 0, until: now.adding(seconds: 60)))
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
