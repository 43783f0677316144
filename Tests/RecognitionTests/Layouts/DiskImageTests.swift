import Model
import Recognition
import Testing

@Suite("virtual hard disks, as Xen Orchestra keeps them")
struct VirtualHardDiskTests {
    /// As the VHD image format specification has it.
    private static func disk(type: UInt8, own: UInt8, parent: UInt8 = 0) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: 1024)
        head.replaceSubrange(0..<8, with: Array("conectix".utf8))
        (head[22], head[63]) = (2, type)
        head.replaceSubrange(68..<84, with: Array(repeating: own, count: 16))
        head.replaceSubrange(512..<520, with: Array("cxsparse".utf8))
        head.replaceSubrange(552..<568, with: Array(repeating: parent, count: 16))
        return head
    }

    private static let name: Bytes = "20261123T010000Z.vhd"

    private func said(_ head: [UInt8]) -> Contents? {
        Layouts.read(MadeContents.file(Self.name, in: "xo-vm-backups/vm/vdis/job/vdi", head: head))
    }

    @Test("a differencing disk needs its parent")
    func parent() {
        let base = said(Self.disk(type: 3, own: 0x11)), child = said(Self.disk(type: 4, own: 0x22, parent: 0x11))
        #expect(base?.kind == .full && child?.kind == .incremental)
        #expect(child?.needs == base?.provides.map { .exactly($0) })
        #expect(base?.provides == [Token("uuid", "11111111-1111-1111-1111-111111111111")])
    }

    @Test("a header that is cut off or lies elsewhere is not a guess")
    func hostile() {
        let child = Self.disk(type: 4, own: 0x22, parent: 0x11)
        for length in 8..<1024 {
            let found = said(Array(child.prefix(length)))
            #expect(length < 568 ? found?.outcome == .unread : found?.kind == .incremental)
        }
        var far = child
        far.replaceSubrange(16..<24, with: Array(repeating: 0xFF, count: 8))
        #expect(said(far)?.outcome == .unread && said(Self.disk(type: 9, own: 1))?.outcome == .unread)
        #expect(said([]) == nil && said(Array("conecti".utf8)) == nil)
    }

    @Test("the description of a machine goes with its .xva, or stays")
    func machine() {
        let reading = read(
            [
                "20261122T010000Z.json", "20261123T010000Z.json", "20261123T010000Z.xva",
                "20261123T010000Z.xva.checksum", "vdis/",
            ], in: "xo-vm-backups/vm")
        #expect(reading.units.map(\.name) == ["20261123T010000Z.xva"])
        #expect(reading.units.first?.sideFiles.count == 2 && reading.why("20261122T010000Z.json") != nil)
        #expect(read(["20261123T010000Z.alias.vhd"], in: "xo-vm-backups/vm/vdis/j/d").units.isEmpty)
        #expect(read(["20261123T010000Z.json"], in: "other").units.count == 1)
    }
}

@Suite("qcow2 with a backing file")
struct Qcow2Tests {
    private static func image(_ backing: String, at offset: Int = 512, length: Int? = nil) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: 1024)
        head.replaceSubrange(0..<8, with: [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3])
        guard !backing.isEmpty else { return head }
        let count = length ?? backing.utf8.count
        (head[14], head[15]) = (UInt8(offset >> 8), UInt8(offset & 0xFF))
        (head[18], head[19]) = (UInt8(count >> 8), UInt8(count & 0xFF))
        let room = min(max(0, 1024 - offset), backing.utf8.count)
        head.replaceSubrange(min(offset, 1024)..<min(offset, 1024) + room, with: Array(backing.utf8).prefix(room))
        return head
    }

    private func said(_ head: [UInt8], in directory: Bytes = "vm/disks") -> Contents? {
        Layouts.read(MadeContents.file("web-2026-11-23.qcow2", in: directory, head: head))
    }

    @Test(
        "the backing file is found from the image's own directory",
        arguments: [
            ("web-2026-11-22.qcow2", "vm/disks/web-2026-11-22.qcow2"), ("../base/./web.qcow2", "vm/base/web.qcow2"),
            ("./a:b", "vm/disks/a:b"),
        ] as [(String, Bytes)])
    func paths(backing: String, path: Bytes) {
        let found = said(Self.image(backing))
        #expect(found?.kind == .incremental && found?.needs == [.exactly(.path(path))])
    }

    @Test(
        "where it leads out of the vault, everything back to the last full image counts",
        arguments: ["/var/lib/base.qcow2", "../../../x", "nbd://host/x", "json:{\"driver\":\"file\"}"])
    func outside(backing: String) {
        let found = said(Self.image(backing))
        #expect(found?.kind == .incremental && found?.needs == [] && found?.outcome == .unsaid)
    }

    @Test("no backing file is full; one that lies far off, or is cut off, is not a guess")
    func hostile() {
        #expect(said(Self.image(""))?.kind == .full)
        #expect(said(Self.image("x", at: 1023, length: 2))?.outcome == .unread)
        #expect(said(Self.image("x", length: 2000))?.outcome == .unread)
        #expect(said(Array(Self.image("x").prefix(23)))?.outcome == .unread)
        #expect(said([0x51, 0x46, 0x49, 0xFB] + Array(repeating: 0xFF, count: 100))?.outcome == .unread)
        for noise in MadeContents.noise(upTo: 40) { #expect(Layouts.read(MadeContents.file("a", head: noise)) == nil) }
    }
}
