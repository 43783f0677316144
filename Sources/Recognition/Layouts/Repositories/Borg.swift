internal import Model

/// Borg's repositories of version 1 grew out of Attic's: the same names, but for `integrity.N` (from 1.1 on) and
/// `nonce`, and other words in `README` and `config`. Seen with Borg 1.2; Attic's `repository.py`; for version 2 "Data
/// structures and file formats" of the manual.
extension Repository {
    static let borg = Repository(
        "borg", names: "`README`, `config`, `data/`, `hints.5`, `index.5`, `integrity.5`, `nonce`", prunes: "borg prune"
    ) { SegmentStore($0)?.writer == .borg }

    static let attic = Repository(
        "attic", names: "`README`, `config`, `data/`, `hints.5`, `index.5`", prunes: "attic prune"
    ) { SegmentStore($0)?.writer == .attic }

    /// Where nothing tells them apart.
    static let borgOrAttic = Repository(
        "Borg or Attic repository", names: "`config`, `data/`, `hints.5`, `index.5`",
        prunes: "borg prune, or attic prune"
    ) { SegmentStore($0)?.writer == .either }

    /// Here `config` is a directory.
    static let borg2 = Repository(
        "Borg 2 repository", names: "`archives/`, `cache/`, `config/`, `data/` or `packs/`, `keys/`, `locks/`",
        prunes: "borg prune and borg compact"
    ) { place in
        guard place.holds(4, of: ["archives", "cache", "config", "data", "index", "keys", "locks", "packs"]) else {
            return false
        }
        if place.has("config") {
            return Set(place.names(in: "config")).intersection(["readme", "id", "version", "manifest"]).count >= 2
        }
        return place.has("archives") && place.has("keys") && place.has("locks")
    }
}

/// What Borg 1 and Attic keep: segments below `data/`, and an index of them that counts its transactions.
private struct SegmentStore {
    enum Writer { case borg, attic, either }

    let writer: Writer

    init?(_ place: PlaceNames) {
        let plain = place.count(of: ["README", "config", "data", "nonce"])
        guard plain >= 2, place.has("config") || place.has("data"), !place.hasDirectory("config") else { return nil }
        let hasIntegrity = place.holdsNumbered("integrity.")
        let numbered = [hasIntegrity, place.holdsNumbered("hints."), place.holdsNumbered("index.")].count { $0 }
        guard numbered >= 1, plain + numbered >= 4 else { return nil }
        let told = Self.told(place)
        guard numbered >= 2 || told != nil else { return nil }
        writer = hasIntegrity || place.has("nonce") ? .borg : told ?? .either
    }

    private static func told(_ place: PlaceNames) -> Writer? {
        if place.says("Borg", in: "README") { return .borg }
        if place.says("Attic", in: "README") { return .attic }
        guard place.says("[repository]", in: "config") else { return nil }
        return place.says("append_only", in: "config") ? .borg : .attic
    }
}
