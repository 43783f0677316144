/// Files with several names, as they were when first met in one look at a vault.
///
/// Of 300 hard-linked trees of 10,000 files nearly every entry is a file that the tree before showed already. A listing
/// names the inode, and asking the kernel for it costs five times what the listing costs. It is for *one* look: the
/// next one, a quiet period later, begins with an empty memory, or nothing would ever seem to change.
package struct LinkMemory: Sendable {
    private let limit: Int
    private var table = InodeTable()
    private var entries: [TreeMeasure.Entry] = []

    /// At most `limit` files of 40 to 50 bytes each are remembered; others are asked for each time.
    package init(limit: Int = 250_000) { self.limit = limit }

    package var count: Int { table.count }

    subscript(inode: UInt64) -> TreeMeasure.Entry? {
        guard limit > 0, let number = table.number(of: inode) else { return nil }
        return entries[number]
    }

    mutating func remember(_ entry: TreeMeasure.Entry) {
        guard table.count < limit, table.number(of: entry.inode) == nil else { return }
        _ = table.insert(entry.inode)
        entries.append(entry)
    }
}
