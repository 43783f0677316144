internal import Model

/// Volumes of Bacula and Bareos under any label, such as `Vol-20261123` (`Label Format = "Vol-${Year}${Month}${Day}"`):
/// a volume is a file of blocks, and at byte 12 of each block stands `BB02` (before 1.31 `BB01`; `src/stored/block.h`,
/// `block_util.c`). The catalog alone knows which jobs are in one, and which volumes a job needs: it never goes.
struct BaculaVolume: Layout {
    let guide = LayoutGuide(
        tool: "Bacula or Bareos volume with a date in its label", names: "Vol-20261123, told by its first block",
        kind: "not known", chain: "known to the catalog alone", complete: "at rest; it is protected in any case",
        prunes: "purge volume and delete volume in bconsole")

    private static let ids: [[UInt8]] = [Array("BB02".utf8), Array("BB01".utf8)]

    func read(_ unit: UnitContents) -> Contents? {
        guard !unit.isDirectory, unit.head.count >= 24, Self.ids.contains(Array(unit.head[12..<16])) else { return nil }
        // A block has 24 bytes of its own at least, and 4 MB at most; a volume begins with its first one.
        let size = unit.head[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
        guard (24...4_194_304).contains(size), Int64(size) <= max(unit.size, 24) else { return nil }
        var contents = Contents(tool: "Bacula or Bareos", file: unit.name.display)
        contents.said = "a volume: what is in it stands in the catalog alone"
        contents.protectedBy = "a volume of Bacula or Bareos: purge volume and delete volume in bconsole remove it"
        return contents
    }
}
