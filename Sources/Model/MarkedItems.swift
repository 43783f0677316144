/// The backups that one mark is about, where it is about many: 16 bytes for each, sorted by object.
package struct MarkedItems: Hashable, Sendable, Codable {
    package struct Item: Hashable, Sendable, Codable {
        package var object: UInt64
        /// Of its path, time and size: how it is found again on another disk. 0: it need not be.
        package var twin: UInt64

        package init(object: UInt64, twin: UInt64 = 0) {
            self.object = object
            self.twin = twin
        }
    }

    package private(set) var sorted: [Item]

    /// An object that is named twice counts once.
    package init(_ items: [Item]) {
        sorted = []
        sorted.reserveCapacity(items.count)
        for item in items.sorted(by: { $0.object < $1.object }) where sorted.last?.object != item.object {
            sorted.append(item)
        }
    }

    package func contains(_ object: UInt64) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = low + (high - low) / 2
            if sorted[middle].object < object { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low].object == object
    }

    package mutating func remove(_ isRemoved: (UInt64) -> Bool) { sorted.removeAll { isRemoved($0.object) } }

    /// Of everything that tells two backups apart but their objects; never 0.
    package static func twin(path: Bytes, time: Timestamp, size: Int64) -> UInt64 {
        var digest = FNV()
        digest.add(path)
        digest.add(UInt64(bitPattern: time.nanoseconds))
        digest.add(UInt64(bitPattern: size))
        return max(1, digest.value)
    }

    /// What a mark about these, said at this time, has for its target: two such marks never have the same.
    package func target(at: Timestamp) -> String {
        var digest = FNV()
        digest.add(UInt64(bitPattern: at.nanoseconds))
        for item in sorted { digest.add(item.object) }
        let text = String(digest.value, radix: 16)
        return "items:" + String(repeating: "0", count: 16 - text.utf8.count) + text
    }

    // MARK: As text

    /// In base64, each item as 16 bytes, most significant first.
    package var base64: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sorted.count * 16)
        for item in sorted {
            for number in [item.object, item.twin] {
                for shift in stride(from: 56, through: 0, by: -8) {
                    bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
                }
            }
        }
        return Bytes(bytes).base64
    }

    /// `nil`: it is not what ``base64`` writes.
    package init?(base64 text: String) {
        guard let bytes = Bytes(base64: text)?.storage, bytes.count % 16 == 0 else { return nil }
        var items: [Item] = []
        items.reserveCapacity(bytes.count / 16)
        for start in stride(from: 0, to: bytes.count, by: 16) {
            func number(_ from: Int) -> UInt64 { bytes[from..<(from + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
            items.append(Item(object: number(start), twin: number(start + 8)))
        }
        self.init(items)
    }
}
