internal import Crypto
package import Model

extension BackupID {
    /// DESIGN: the first 16 hexadecimal digits of SHA-256(vault id ‖ object), and four of SHA-256(path in the vault)
    /// where the object has several links.
    package init(vault: VaultID, object: ObjectID, links: UInt32, path: Bytes) {
        self.init(
            object: UInt64(Self.prefix(Array((vault.text + object.text).utf8), 8)),
            link: links > 1 ? UInt16(Self.prefix(path.storage, 2)) : nil)
    }

    private static func prefix(_ bytes: [UInt8], _ count: Int) -> UInt64 {
        SHA256.hash(data: bytes).prefix(count).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
