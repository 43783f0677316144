package import Model

/// A snapshot repository of Elasticsearch or OpenSearch on a file system: `index-N` and `index.latest`, which name the
/// snapshots, `snap-ID.dat` and `meta-ID.dat` of each, and `indices/`, whose files many snapshots share. A file removed
/// by hand breaks snapshots that nobody touched.
package enum ElasticsearchRepository {
    package static let tool = Repositories.Tool(
        name: "Elasticsearch repository",
        prune: "DELETE /_snapshot/REPOSITORY/SNAPSHOT, or a snapshot lifecycle policy")

    /// Two of the four signs: `index.latest` may be switched off, `index-N` comes only with the end of the first
    /// snapshot, and the last deleted snapshot leaves no `.dat`.
    package static func isOne(_ names: Set<Bytes>) -> Bool {
        let signs = [
            names.contains("index.latest"),
            names.contains("indices"),
            names.contains(where: isIndex),
            names.contains(where: isSnapshot),
        ]
        return signs.count { $0 } >= 2
    }

    /// `index-12`: the generation.
    private static func isIndex(_ name: Bytes) -> Bool {
        name.hasPrefix("index-") && name.count > 6 && name.storage.dropFirst(6).allSatisfy(\.isDigit)
    }

    /// `snap-` or `meta-`, a UUID in base64 (22 characters), `.dat`.
    private static func isSnapshot(_ name: Bytes) -> Bool {
        guard name.hasPrefix("snap-") || name.hasPrefix("meta-"), name.hasSuffix(".dat"), name.count == 31 else {
            return false
        }
        return name.storage[5..<27].allSatisfy {
            $0.isDigit || ($0.isLetter && $0 < 0x80) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }
}
