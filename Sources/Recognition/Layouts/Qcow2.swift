internal import Model

/// Disk images of QEMU: a `qcow2` with a backing file holds what differs from it and is worth nothing without it.
///
/// The header is big endian: magic, version, then the offset and the length of the backing file's name, which is
/// relative to the image's directory. (From QEMU's `docs/interop/qcow2.txt`.) What is not a path in the vault (an
/// absolute one, `nbd://…`, `json:…`) cannot be followed, and then everything back to the last full image counts.
struct Qcow2: Layout {
    let guide = LayoutGuide(
        tool: "qcow2", names: "any image with a date in its name",
        kind: "a backing file in its header makes it incremental", chain: "its backing file")

    private static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xFB]

    func read(_ unit: UnitContents) -> Contents? {
        let head = unit.head
        guard !unit.isDirectory, head.starts(with: Self.magic) else { return nil }
        guard head.count >= 24 else { return .unread(name, unit.name, "is cut off in its header") }
        func number(_ at: Int, _ count: Int) -> UInt64 { head[at..<(at + count)].reduce(0) { $0 << 8 | UInt64($1) } }
        var contents = Contents(tool: name, file: unit.name.display)
        let (offset, length) = (number(8, 8), number(16, 4))
        guard offset != 0, length != 0 else {
            (contents.kind, contents.said) = (.full, "an image without a backing file")
            return contents
        }
        guard length <= 1023, offset <= UInt64(head.count), offset + length <= UInt64(head.count) else {
            return .unread(name, unit.name, "has the name of its backing file where it is not looked for")
        }
        let file = Bytes(head[Int(offset)..<Int(offset + length)])
        contents.kind = .incremental
        contents.said = "the difference to '\(String(file.display.prefix(200)))'"
        if let path = Self.path(of: file, in: unit.directory) { contents.needs = [.exactly(.path(path))] }
        return contents
    }

    /// The path in the vault; `nil`: it leads out of it, or is none.
    private static func path(of file: Bytes, in directory: Bytes) -> Bytes? {
        guard file.storage.first != UInt8(ascii: "/"), !file.storage.contains(0) else { return nil }
        // `json:{…}`, `nbd://…`: a protocol; a file whose name has a colon is written `./…`.
        if let colon = file.storage.firstIndex(of: UInt8(ascii: ":")),
            !file.storage[..<colon].contains(UInt8(ascii: "/"))
        {
            return nil
        }
        var steps = directory.components
        for step in file.components {
            switch step {
            case ".": continue
            case "..":
                guard steps.popLast() != nil else { return nil }
            default: steps.append(step)
            }
        }
        return steps.reduce(Bytes()) { $0.appending($1) }
    }
}
