internal import Model

/// A snapshot repository on a file system: `index-N` and `index.latest` name the snapshots, `snap-ID.dat` and
/// `meta-ID.dat` are of each, and the files in `indices/` are shared. OpenSearch writes the same.
///
/// Two of the four signs: `index.latest` may be switched off, `index-N` comes only with the end of the first snapshot,
/// and the last deleted snapshot leaves no `.dat`. Source: `BlobStoreRepository`.
extension Repository {
    static let elasticsearch = Repository(
        "Elasticsearch repository", names: "`index-12`, `index.latest`, `indices/`, `snap-ID.dat`, `meta-ID.dat`",
        prunes: "DELETE /_snapshot/REPOSITORY/SNAPSHOT, or a snapshot lifecycle policy"
    ) { place in
        let plain = place.count(of: ["index.latest", "indices"])
        if plain == 2 { return true }
        let isNumbered = place.holdsNumbered("index-")
        guard plain == 1 || isNumbered else { return false }
        return plain + (isNumbered ? 1 : 0) + (place.contains(where: isSnapshot) ? 1 : 0) >= 2
    }

    /// `snap-` or `meta-`, a UUID in base64 (22 characters), `.dat`.
    private static func isSnapshot(_ name: Bytes) -> Bool {
        guard name.count == 31, name.hasPrefix("snap-") || name.hasPrefix("meta-"), name.hasSuffix(".dat") else {
            return false
        }
        return name.storage[5..<27].allSatisfy {
            $0.isDigit || ($0.isLetter && $0 < 0x80) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }
}
