internal import Model

/// Virtual hard disks (`.vhd`), as Xen Orchestra keeps them: `xo-vm-backups/VM/vdis/JOB/VDI/20261123T010000Z.vhd`.
///
/// A disk begins with a copy of its footer, which holds its own UUID, and a header with that of its parent. A
/// differencing disk (type 4) is an incremental one. (From the VHD image format specification.) What describes a whole
/// virtual machine, `xo-vm-backups/VM/20261123T010000Z.json`, stays: Xen Orchestra removes it with the disks.
struct VirtualHardDisk: Layout {
    let guide = LayoutGuide(
        tool: "Xen Orchestra", names: "xo-vm-backups/VM/vdis/JOB/VDI/20261123T010000Z.vhd, xo-vm-backups/VM/….xva",
        kind: "the disk's type in its header: dynamic is full, differencing is incremental",
        chain: "the disk with the parent's UUID", prunes: "Reprieve; the `.json` of a machine: Xen Orchestra")

    // MARK: Names

    func claim(in listing: inout Listing) {
        if listing.directory.parent.lastComponent == "xo-vm-backups" { return claimMachine(&listing) }
        guard listing.directory.components.contains("vdis") else { return }
        for index in listing.entries.indices where listing.isOpen(index) {
            guard listing.entries[index].name.hasSuffix(".alias.vhd") else { continue }
            listing.leave(index, "Xen Orchestra keeps this disk in many files elsewhere, which only it can remove")
        }
    }

    /// `.xva` is a whole machine, and its `.json` and `.checksum` go with it.
    private func claimMachine(_ listing: inout Listing) {
        for index in listing.entries.indices where listing.isUnclaimed(index) && listing.entries[index].isFile {
            var tail = NameTail(listing.entries[index].name)
            let isRecord = tail.drop(".json")
            guard isRecord || tail.drop(".xva.checksum") else { continue }
            if let machine = listing.index(of: Bytes(tail.rest) + ".xva"), listing.isOpen(machine) {
                listing.claim(index, as: .member(of: machine))
            } else if isRecord {
                listing.leave(index, "Xen Orchestra's description of a backup whose disks lie in 'vdis'")
            }
        }
    }

    // MARK: Contents

    private static let footer = Array("conectix".utf8)
    private static let header = Array("cxsparse".utf8)

    func read(_ unit: UnitContents) -> Contents? {
        let head = unit.head
        guard !unit.isDirectory, head.starts(with: Self.footer), unit.name.hasSuffix(".vhd") else { return nil }
        let tool = unit.directory.components.contains("xo-vm-backups") ? name : "VHD"
        guard head.count >= 84, let type = Self.number(head, 60, 4), let offset = Self.number(head, 16, 8) else {
            return .unread(tool, unit.name, "is cut off in its header")
        }
        var contents = Contents(tool: tool, file: unit.name.display)
        contents.provides = [Token("uuid", Self.uuid(head[68..<84]))]
        switch type {
        case 2, 3: (contents.kind, contents.said) = (.full, "a whole disk")
        case 4:
            guard offset <= 1024, let start = Int(exactly: offset), head.count >= start + 56,
                head[start...].starts(with: Self.header)
            else { return .unread(tool, unit.name, "has no header where it should name its parent") }
            let parent = Self.uuid(head[(start + 40)..<(start + 56)])
            contents.kind = .incremental
            contents.needs = [.exactly(Token("uuid", parent))]
            contents.said = "the difference to disk \(parent)"
        default: return .unread(tool, unit.name, "is of an unknown type (\(type))")
        }
        return contents
    }

    /// Big endian; `nil`: it does not reach so far.
    private static func number(_ bytes: [UInt8], _ at: Int, _ count: Int) -> UInt64? {
        guard at + count <= bytes.count else { return nil }
        return bytes[at..<(at + count)].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func uuid(_ bytes: ArraySlice<UInt8>) -> String {
        let text = Bytes(bytes).hexadecimal
        var words: [Substring] = []
        var rest = text[...]
        for count in [8, 4, 4, 4, 12] {
            words.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return words.joined(separator: "-")
    }
}
