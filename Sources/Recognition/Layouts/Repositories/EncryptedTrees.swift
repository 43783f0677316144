internal import Model

/// Trees whose files another program shows under their own names, decrypted: what they are is not seen from here, and
/// nothing in them may be removed but through that program.
extension Repository {
    private static let prunes = "what writes into the decrypted view of it"

    /// Each directory has a `gocryptfs.diriv`, the top one the configuration.
    static let gocryptfs = Repository(
        "gocryptfs tree", names: "`gocryptfs.conf`, `gocryptfs.diriv`", prunes: prunes
    ) { $0.holds(1, of: ["gocryptfs.conf", "gocryptfs.diriv"]) }

    static let encFS = Repository("EncFS tree", names: "`.encfs6.xml`", prunes: prunes) {
        $0.holds(1, of: [".encfs6.xml", ".encfs5", ".encfs4"])
    }

    static let cryFS = Repository("CryFS tree", names: "`cryfs.config`", prunes: prunes) { $0.has("cryfs.config") }

    static let cryptomator = Repository(
        "Cryptomator vault", names: "`masterkey.cryptomator`, `vault.cryptomator`, `d/`", prunes: prunes
    ) { $0.holds(1, of: ["masterkey.cryptomator", "vault.cryptomator"]) }

    /// Names in lower-case base 32, of whole blocks of 16 bytes: 26, 52, 77, 103 characters and so on.
    static let rcloneCrypt = Repository(
        "tree of encrypted names, such as of rclone crypt",
        names: "only names like `o3ma72he5fkn6dr3ii2nd4kb0s`", prunes: prunes
    ) { $0.names.count >= 4 && $0.holdsOnly(isEncrypted) }

    private static func isEncrypted(_ name: Bytes) -> Bool {
        let count = name.count
        guard count >= 26, (1...10).contains(where: { (16 * 8 * $0 + 4) / 5 == count }) else { return false }
        // Hexadecimal digits alone are a hash.
        return name.storage.allSatisfy { $0.isDigit || (0x61...0x76).contains($0) } && !name.isHexadecimal
    }
}
