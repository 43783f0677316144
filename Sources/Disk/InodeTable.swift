/// Numbers inodes in the order in which they are met: 0, 1, 2, … What is known of each stands in arrays beside it.
///
/// Open addressing, 8 bytes an inode and 4 a slot: a dictionary takes three times that, and asks a keyed hash for each
/// of millions of entries.
struct InodeTable: Sendable {
    private(set) var inodes: [UInt64] = []
    /// Number of an inode plus one; 0 is free. Its count is a power of two, and at most two thirds are taken.
    private var slots = [UInt32](repeating: 0, count: 1024)

    var count: Int { inodes.count }

    func number(of inode: UInt64) -> Int? {
        let slot = slots[place(of: inode)]
        return slot == 0 ? nil : Int(slot) - 1
    }

    /// Of an inode that is not there yet.
    mutating func insert(_ inode: UInt64) -> Int {
        if inodes.count * 3 >= slots.count * 2 { grow() }
        inodes.append(inode)
        slots[place(of: inode)] = UInt32(inodes.count)
        return inodes.count - 1
    }

    /// Where it is, or would be.
    private func place(of inode: UInt64) -> Int {
        let mask = slots.count - 1
        // Fibonacci hashing: inodes come in runs.
        var at = Int(truncatingIfNeeded: (inode &* 0x9E37_79B9_7F4A_7C15) >> 20) & mask
        while slots[at] != 0, inodes[Int(slots[at]) - 1] != inode { at = (at + 1) & mask }
        return at
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for number in inodes.indices { slots[place(of: inodes[number])] = UInt32(number + 1) }
    }
}
