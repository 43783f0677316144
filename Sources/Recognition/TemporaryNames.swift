package import Model

/// Names under which writers hide what they have not finished. They settle never.
package enum TemporaryNames {
    package static func isTemporary(_ name: Bytes) -> Bool {
        // Nearly every name is told by its first and last byte.
        guard let last = name.storage.last, name.storage[0] == UInt8(ascii: ".") || mayEnd(last) else { return false }
        if endings.contains(where: { name.hasSuffix($0) }) || beginnings.contains(where: { name.hasPrefix($0) }) {
            return true
        }
        if directories.contains(name) || isRsync(name.storage) || isNumbered(name.storage) { return true }
        return name.hasPrefix("vzdump-") && (name.hasSuffix(".dat") || name.hasSuffix(".tmp"))
    }

    /// What the name will be when its writer is done, where that can be told.
    package static func finalName(of name: Bytes) -> Bytes {
        if isRsync(name.storage) { return name.dropFirst(1).dropLast(7) }
        for ending in endings where name.hasSuffix(ending) && name.count > ending.count {
            return name.dropLast(ending.count)
        }
        return name
    }

    private static let endings: [Bytes] = [
        ".partial", ".part", ".filepart", ".crdownload", ".tmp", ".incomplete", ".inprogress", ".pending",
    ]
    /// Of ``endings``, of `.dat` (vzdump's), and digits.
    private static func mayEnd(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "t"), UInt8(ascii: "l"), UInt8(ascii: "d"), UInt8(ascii: "p"), UInt8(ascii: "e"),
            UInt8(ascii: "s"), UInt8(ascii: "g"):
            true
        default: byte.isDigit
        }
    }
    private static let beginnings: [Bytes] = [".nfs", ".fuse_hidden", ".~"]
    private static let directories: Set<Bytes> = [".~tmp~", ".rsync-partial"]

    /// rsync's `.NAME.XXXXXX`.
    private static func isRsync(_ name: [UInt8]) -> Bool {
        guard name.first == UInt8(ascii: "."), name.count > 8, name[name.count - 7] == UInt8(ascii: ".") else {
            return false
        }
        return name.suffix(6).allSatisfy { $0.isDigit || ($0.isLetter && $0 < 0x80) }
    }

    /// `NAME-tmp-123`.
    private static func isNumbered(_ name: [UInt8]) -> Bool {
        let head = name[..<(name.lastIndex { !$0.isDigit }.map { $0 + 1 } ?? 0)]
        return head.count < name.count && Bytes(head).hasSuffix("-tmp-")
    }
}
