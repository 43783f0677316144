internal import Model

/// btrbk with a raw target: a btrfs send stream a file, and beside it `.info`, which says what it was sent relative to.
///
/// RECEIVED_PARENT_UUID is the RECEIVED_UUID of the one that it needs; a full one has none. The last INCOMPLETE counts:
/// 1 until the stream has ended well. Where the shell's `echo` knows no options, `-e -n ` stands before the first line
/// of what btrbk wrote. Before version 0.27 the name said both: `home.20261123T0100--UUID@PARENT.btrfs`.
struct Btrbk: Layout {
    let guide = LayoutGuide(
        tool: "btrbk (raw target)", names: "home.20261123T0100.btrfs.gz, home.20261123T0100.btrfs.gz.info",
        kind: "`RECEIVED_PARENT_UUID` in the `.info` file", chain: "the stream whose `RECEIVED_UUID` that is",
        complete: "`INCOMPLETE=0` comes last in the `.info` file")

    private static let tool = "btrbk"

    private struct Stream {
        /// Before the time.
        var subvolume: ArraySlice<UInt8>
        var civil: CivilTime
        var offset: Int64?
        var uuid: String?
        var parent: String?
        var isInfo = false
        /// Of a stream that was split.
        var part: Int?
        /// The name without `.info` and `.split_aa`.
        var whole: Bytes
    }

    var signs: [Bytes] { [".btrfs"] }

    func claim(in listing: inout Listing) {
        var streams: [(index: Int, stream: Stream)] = []
        for index in listing.entries.indices where listing.entries[index].isFile && listing.isUnclaimed(index) {
            if let stream = Self.stream(listing.entries[index].name) { streams.append((index, stream)) }
        }
        guard !streams.isEmpty else { return }
        let infos = Dictionary(streams.filter(\.stream.isInfo).map { ($0.stream.whole, $0.index) }) { first, _ in first
        }
        let known = Set(streams.filter(\.stream.isInfo).map { Bytes($0.stream.subvolume) })
        var owners: [Bytes: Int] = [:]
        var parts: [(index: Int, part: Listing.SetPart)] = []
        for (index, stream) in streams where !stream.isInfo {
            guard infos[stream.whole] != nil || stream.uuid != nil else {
                if known.contains(Bytes(stream.subvolume)) {
                    listing.leave(index, "btrbk does not know it: it has no .info file beside it")
                }
                continue
            }
            owners[stream.whole] = index
            parts.append((index, .init(set: stream.whole, number: stream.part, found: found(stream, &listing))))
        }
        listing.claimSets(parts, countingFrom: 0)
        for (whole, index) in infos {
            if let owner = owners[whole] {
                listing.claim(index, as: .member(of: owner))
            } else {
                listing.leave(index, "the .info file of a btrbk stream that is not here")
            }
        }
    }

    private func found(_ stream: Stream, _ listing: inout Listing) -> Claim.Found {
        var contents = Contents(tool: Self.tool)
        if let uuid = stream.uuid { contents.provides = [Token("uuid", uuid)] }
        if let parent = stream.parent { contents.needs = [.exactly(Token("uuid", parent))] }
        let time =
            stream.offset.map { Timestamp(seconds: stream.civil.localSeconds - $0) }
            ?? listing.instant(of: stream.civil)
        return .init(
            series: listing.key(of: stream.subvolume, then: ".*.btrfs"), time: time, by: Self.tool,
            kind: stream.parent == nil ? .full : .incremental, contents: contents)
    }

    // MARK: Names

    private static let packers: [Bytes] = [".gz", ".bz2", ".xz", ".lzo", ".lz4", ".zst"]
    private static let ciphers: [Bytes] = [".gpg", ".encrypted"]

    private static func stream(_ name: Bytes) -> Stream? {
        var tail = NameTail(name)
        let isInfo = tail.drop(".info")
        let wholeEnd = tail.end
        var part: Int?
        if !tail.drop(".btrfs") {
            let split = isInfo ? nil : splitNumber(&tail)
            part = split
            tail.drop(oneOf: ciphers)
            tail.drop(oneOf: packers)
            guard tail.drop(".btrfs") else { return nil }
        }
        guard let dot = tail.rest.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
        var stamp = tail.rest[(dot + 1)...]
        var uuids: (String, String?)?
        if let dashes = stamp.first(of: "--") {
            guard let found = Self.uuids(stamp[(dashes + 2)...]) else { return nil }
            uuids = found
            stamp = stamp[..<dashes]
        }
        guard let (civil, offset) = time(stamp) else { return nil }
        let whole = tail.bytes[..<wholeEnd]
        let end = part == nil ? wholeEnd : whole.lastIndex(of: UInt8(ascii: ".")) ?? wholeEnd
        return Stream(
            subvolume: tail.rest[..<dot], civil: civil, offset: offset, uuid: uuids?.0, parent: uuids?.1,
            isInfo: isInfo, part: part, whole: Bytes(whole[..<end]))
    }

    /// `.split_aa` is 0; split goes on with `zaaa` behind `yz`.
    private static func splitNumber(_ tail: inout NameTail) -> Int? {
        let joint = UInt8(ascii: "_")
        guard let count = [2, 4].first(where: { tail.end > $0 && tail.bytes[tail.end - $0 - 1] == joint }) else {
            return nil
        }
        let letters = tail.rest.suffix(count)
        var probe = tail
        guard letters.allSatisfy({ (0x61...0x7A).contains($0) }), probe.drop(Bytes(letters)), probe.drop(".split_")
        else {
            return nil
        }
        tail = probe
        let number = letters.reduce(0) { $0 * 26 + Int($1 - 0x61) }
        return count == 2 ? number : number - 25 * 26 * 26 * 26 + 25 * 26
    }

    /// `20261123`, `20261123T0100`, `20261123T010000+0100`, each with `_1` behind it on a clash.
    private static func time(_ text: ArraySlice<UInt8>) -> (CivilTime, Int64?)? {
        var text = text
        if let clash = text.lastIndex(of: UInt8(ascii: "_")) {
            let digits = text[(clash + 1)...]
            guard (1...9).contains(digits.count), digits.allSatisfy(\.isDigit) else { return nil }
            text = text[..<clash]
        }
        var digits = Array(text)
        guard digits.count > 8 else { return CivilTime(digits: digits).map { ($0, nil) } }
        guard digits.remove(at: 8) == UInt8(ascii: "T") else { return nil }
        guard digits.count > 12 else { return CivilTime(digits: digits).map { ($0, nil) } }
        guard digits.count > 14, let civil = CivilTime(digits: digits[..<14]) else { return nil }
        let zone = digits[15...]
        switch digits[14] {
        case UInt8(ascii: "Z"): return zone.isEmpty ? (civil, 0) : nil
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard zone.count == 4, zone.allSatisfy(\.isDigit) else { return nil }
            let number = zone.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
            let offset = number / 100 * 3600 + number % 100 * 60
            return (civil, digits[14] == UInt8(ascii: "+") ? offset : -offset)
        default: return nil
        }
    }

    /// `UUID`, `UUID@PARENT`.
    private static func uuids(_ text: ArraySlice<UInt8>) -> (String, String?)? {
        let words = text.split(separator: UInt8(ascii: "@"), maxSplits: 2, omittingEmptySubsequences: false)
        let found = words.compactMap { uuid(String(decoding: $0, as: UTF8.self)) }
        guard found.count == words.count, found.count <= 2, let own = found.first else { return nil }
        return (own, found.count == 2 ? found[1] : nil)
    }

    private static func uuid(_ text: String) -> String? {
        let words = text.split(separator: "-", omittingEmptySubsequences: false)
        guard words.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        guard words.allSatisfy({ $0.utf8.allSatisfy { $0.isDigit || (0x61...0x66).contains($0 | 0x20) } }) else {
            return nil
        }
        return text.lowercased()
    }

    // MARK: .info

    func read(_ unit: UnitContents) -> Contents? {
        guard !unit.isDirectory, let stream = Self.stream(unit.name), !stream.isInfo else { return nil }
        let file = stream.whole + ".info"
        guard let found = unit.read(file) else { return nil }
        guard case .text(let text) = found else {
            guard case .unread(let why) = found else { return nil }
            return .unread(Self.tool, file, why)
        }
        guard let values = KeyValues(text) else { return .unread(Self.tool, file, "is binary") }
        // What was added last is behind the shell's own words, if anything is.
        func value(_ key: String) -> String? { values["-e -n " + key] ?? values[key] }
        guard value("TYPE") == "raw", let own = value("RECEIVED_UUID").flatMap(Self.uuid) else {
            return .unread(Self.tool, file, "names no TYPE=raw with a RECEIVED_UUID")
        }
        var contents = Contents(tool: Self.tool, file: file.display)
        contents.provides = [Token("uuid", own)]
        (contents.kind, contents.said) = (.full, "full, \(own)")
        if let parent = value("RECEIVED_PARENT_UUID"), parent != "-" {
            guard let parent = Self.uuid(parent) else {
                return .unread(Self.tool, file, "has a RECEIVED_PARENT_UUID that is not a UUID")
            }
            contents.kind = .incremental
            contents.needs = [.exactly(Token("uuid", parent))]
            contents.said = "incremental, relative to \(parent)"
        }
        switch value("INCOMPLETE") {
        case nil:
            // btrbk writes it behind what the stream needs: what ends before it may lack that too.
            guard text.storage.starts(with: "#btrbk-v".utf8) else { break }
            return .unread(Self.tool, file, "ends before it says INCOMPLETE")
        case "0": contents.outcome = .finished
        default:
            (contents.outcome, contents.why) = (
                .failed, "'\(file.display)' says INCOMPLETE: the stream has not ended well"
            )
        }
        return contents
    }
}
