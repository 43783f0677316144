internal import JSONText
internal import Model

/// Backups of InfluxDB: all files of one UTC instant in a directory. 1.x (`influxd backup -portable`) writes
/// `T.meta` and `T.sN.tar.gz` for each shard, 2.x (`influx backup`) `T.bolt`, `T.sqlite` and `T.N.tar`, each with or
/// without `.gz`. `T.manifest` comes last and names the others (`cmd/influxd/backup_util`; influx-cli
/// `clients/backup`). Shards come and go with the weeks, so the directory is the series.
struct InfluxDB: Layout {
    let guide = LayoutGuide(
        tool: "InfluxDB", names: "20261123T010000Z.manifest, .meta, .s1.tar.gz …; .bolt.gz, .sqlite.gz, .101.tar.gz …",
        complete: "the manifest and all that it names are there; one that is not valid JSON names nothing")

    private static let pattern = NamePattern("%Y%m%dT%H%M%SZ.{rest}")
    private static let stores: Set<Bytes> = ["meta", "bolt", "bolt.gz", "sqlite", "sqlite.gz"]

    private struct Group {
        var time: Timestamp
        var manifest: Int?
        var store: Int?
        var others: [Int] = []
        var all: [Int] { ([store, manifest] + others).compactMap { $0 } }
    }

    /// A shard is a number, with an `s` before it or without.
    var signs: [Bytes] { ["Z.manifest", "Z.meta", "Z.bolt", "Z.sqlite", "Z.s1", "Z.1"] }

    func claim(in listing: inout Listing) {
        var groups: [Bytes: Group] = [:]
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            let name = listing.entries[index].finalName
            guard Self.isCandidate(name.storage), let match = Self.pattern.match(name), let time = match.time,
                let rest = match["rest"], rest == "manifest" || Self.stores.contains(rest) || Self.isShard(rest)
            else { continue }
            let key = Bytes(name.storage.prefix(16))
            var group = groups[key] ?? Group(time: Timestamp(seconds: time.localSeconds))
            if rest == "manifest", group.manifest == nil {
                group.manifest = index
            } else if Self.stores.contains(rest), group.store == nil {
                group.store = index
            } else {
                group.others.append(index)
            }
            groups[key] = group
        }
        // A name alone proves little: a manifest with something else, or what it would name.
        let isSure = groups.values.contains { $0.manifest != nil && $0.all.count > 1 }
        for group in groups.values where isSure || group.store != nil && !group.others.isEmpty {
            claim(group, &listing)
        }
    }

    private func claim(_ group: Group, _ listing: inout Listing) {
        let all = group.all
        var contents = Contents(tool: name)
        if group.manifest == nil {
            (contents.outcome, contents.why) = (.lacking, "its manifest is missing, which InfluxDB writes last")
        }
        let series = SeriesKey.ofDirectory(listing.directory)
        listing.claim(all[0], as: .backup(.init(series: series, time: group.time, by: name, contents: contents)))
        listing.markSet(all[0])
        for index in all.dropFirst() { listing.claim(index, as: .member(of: all[0])) }
    }

    private static func isCandidate(_ name: [UInt8]) -> Bool {
        name.count > 17 && name[15] == UInt8(ascii: "Z") && name[16] == UInt8(ascii: ".")
            && name[8] == UInt8(ascii: "T")
    }

    /// `s12.tar.gz`, `101.tar`.
    private static func isShard(_ rest: Bytes) -> Bool {
        let stem = rest.hasSuffix(".tar.gz") ? rest.dropLast(7) : rest.hasSuffix(".tar") ? rest.dropLast(4) : Bytes()
        let digits = stem.storage.first == UInt8(ascii: "s") ? stem.storage.dropFirst() : stem.storage[...]
        return !digits.isEmpty && digits.allSatisfy(\.isDigit)
    }

    // MARK: What the manifest names

    func read(_ unit: UnitContents) -> Contents? {
        guard !unit.isDirectory, Self.isCandidate(unit.name.storage) else { return nil }
        let manifest = Bytes(unit.name.storage.prefix(17)) + "manifest"
        guard let found = unit.read(manifest) else { return nil }
        var contents = Contents(tool: name, file: manifest.display)
        contents.signs = ["manifest"]
        let text: [UInt8]
        switch found {
        case .text(let whole):
            text = whole.storage
            guard Self.isText(text) else { return .unread(name, manifest, "is empty or binary") }
            do {
                try JSONReader.read(whole) { json throws(JSONReader.Malformed) in try json.skip() }
                contents.outcome = .finished
            } catch {
                guard !Self.beginsAsJSON(text) else {
                    return .unread(name, manifest, "is not the JSON of a manifest: \(error.text)")
                }
            }
        case .unread(let why):
            // Of thousands of shards it is long: what its beginning names has to be there, and that it is there counts.
            text = unit.head(of: manifest)
            guard text.count >= SmallFile.limit, Self.isText(text) else { return .unread(name, manifest, why) }
        }
        guard Self.beginsAsJSON(text) else {
            contents.said = "its manifest is not valid JSON: what it names is not known"
            return contents
        }
        let files = Set(unit.members).union([unit.name])
        let named = Self.fileNames(text)
        contents.said = "\(named.count) files"
        if let missing = named.first(where: { !files.contains($0) }) {
            contents.outcome = .lacking
            contents.why = "'\(missing.display)' is missing, which '\(manifest.display)' names"
        }
        return contents
    }

    private static func isText(_ bytes: [UInt8]) -> Bool { firstByte(bytes) != nil && !bytes.contains(0) }

    private static func beginsAsJSON(_ text: [UInt8]) -> Bool {
        firstByte(text).map { "{[\"".utf8.contains($0) } ?? false
    }

    /// That is no blank.
    private static func firstByte(_ text: [UInt8]) -> UInt8? { text.first { !" \t\r\n".utf8.contains($0) } }

    /// The values of each `"fileName"`, at any depth. In a string of JSON the quotes would be escaped.
    private static func fileNames(_ json: [UInt8]) -> [Bytes] {
        let key = Array("\"fileName\"".utf8), quote = UInt8(ascii: "\"")
        var names: [Bytes] = []
        var at = 0
        while let found = json[at...].firstIndex(of: quote) {
            at = found + 1
            guard json[found...].starts(with: key) else { continue }
            let rest = json[(found + key.count)...].drop { [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ":")].contains($0) }
            guard rest.first == quote, let end = rest.dropFirst().firstIndex(of: quote) else { continue }
            let value = rest[(rest.startIndex + 1)..<end]
            if !value.isEmpty { names.append(Bytes(value)) }
            at = end + 1
        }
        return names
    }
}
