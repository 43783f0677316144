/// The thing itself, whatever its name: its file handle, else its inode number and birth time.
///
/// A device number is in no identity: it changes from boot to boot. An inode number alone is none either: ext4 gives it
/// to the next file at once, while the handle carries a generation.
package struct ObjectID: Hashable, Sendable, Comparable {
    /// `h:TYPE:HEX` of a handle, or `i:INODE:BIRTH`.
    package let text: String

    package init(text: String) { self.text = text }
    package init(handleType: Int32, handle: Bytes) {
        text = "h:" + String(handleType) + ":" + handle.hexadecimal
    }

    /// Whether it is a file handle, which is never given to another object.
    package var isHandle: Bool { text.hasPrefix("h:") }

    package init(inode: UInt64, birth: Int64) { text = "i:\(inode):\(birth)" }

    package static func < (a: ObjectID, b: ObjectID) -> Bool { a.text < b.text }
}

/// Names a vault for good: 128 random bits in hexadecimal, drawn at first sight of its path.
package struct VaultID: Hashable, Sendable, Comparable, Codable {
    package let text: String

    package init(text: String) { self.text = text }
    package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package static func < (a: VaultID, b: VaultID) -> Bool { a.text < b.text }
}

/// Names a backup: 16 hexadecimal digits from its vault and its object, and `~` with four more from its path where the
/// object has several links. It survives rename, condemn, restore, a rebuilt catalog and another host.
package struct BackupID: Hashable, Sendable, Comparable {
    package let object: UInt64
    /// Which link of the object; for display and choice only. Marks protect every link.
    package let link: UInt16?

    package init(object: UInt64, link: UInt16? = nil) {
        self.object = object
        self.link = link
    }

    package init?(text: String) {
        let parts = text.split(separator: "~", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts[0].utf8.count == 16, let object = UInt64(parts[0], radix: 16) else { return nil }
        self.object = object
        guard parts.count == 2 else {
            link = nil
            return
        }
        guard parts[1].utf8.count == 4, let link = UInt16(parts[1], radix: 16) else { return nil }
        self.link = link
    }

    package var objectText: String { Self.hex(object, 16) }
    package var text: String { objectText + (link.map { "~" + Self.hex(UInt64($0), 4) } ?? "") }

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    package static func < (a: BackupID, b: BackupID) -> Bool {
        (a.object, a.link.map(Int.init) ?? -1) < (b.object, b.link.map(Int.init) ?? -1)
    }
}
