internal import Model

/// Lists of files (`dlist`), and blocks with their indexes, which many backups share. The prefix is the user's, `.aes`
/// or `.gpg` may stand behind. Source: Duplicati's manual, "Storage format".
extension Repository {
    static let duplicati = Repository(
        "duplicati", names: "`duplicati-20261123T010000Z.dlist.zip.aes`, `….dblock.zip.aes`, `….dindex.zip.aes`",
        prunes: "Duplicati's --keep-time or --retention-policy, or its command delete", signs: kinds,
        file: { volume($0) != nil }
    ) { place in
        var first: Bytes?
        for name in place.names {
            guard let kind = volume(name) else { continue }
            if first.map({ $0 != kind }) ?? false { return true }
            first = kind
        }
        return first != nil && place.holdsOnly { volume($0) != nil }
    }

    private static let kinds: [Bytes] = [".dlist", ".dblock", ".dindex"]
    private static let ciphers: [Bytes] = [".aes", ".gpg"]
    private static let archives: [Bytes] = [".zip", ".7z"]

    /// The word before `.zip` or `.7z`; `nil`: no volume of it.
    private static func volume(_ name: Bytes) -> Bytes? {
        guard name.count > 12 else { return nil }
        // Most names are told by their last two bytes.
        switch (name.storage[name.count - 2], name.storage[name.count - 1]) {
        case (UInt8(ascii: "i"), UInt8(ascii: "p")), (UInt8(ascii: "7"), UInt8(ascii: "z")),
            (UInt8(ascii: "e"), UInt8(ascii: "s")), (UInt8(ascii: "p"), UInt8(ascii: "g")):
            break
        default: return nil
        }
        let plain = ciphers.first { name.hasSuffix($0) }.map { name.dropLast($0.count) } ?? name
        guard let archive = archives.first(where: { plain.hasSuffix($0) }) else { return nil }
        let stem = plain.dropLast(archive.count)
        return kinds.first { stem.hasSuffix($0) }
    }
}
