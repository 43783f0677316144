internal import Model

/// duplicity: volumes, a manifest and signatures of one time are one backup, and the names say what it needs:
/// `duplicity-inc.START.to.END.…` needs what ends at START. Times are UTC; old versions wrote
/// `2026-11-23T01:00:00+01:00`. The manifest comes last. A name may begin with a prefix (`--file-prefix`), and then it
/// is another series. (From duplicity's `file_naming.py`.)
///
/// Names of `--short-filenames` (`df.thzl0a.m`) carry their times in base 36 and are left alone.
struct Duplicity: Layout {
    let guide = LayoutGuide(
        tool: "duplicity",
        names: "duplicity-full.20261123T010000Z.vol1.difftar.gpg, duplicity-inc.….to.….manifest.gpg, "
            + "duplicity-full-signatures.….sigtar.gpg",
        kind: "`full`, `inc` in the name", chain: "inc: the backup of its first time, in its directory",
        complete: "its manifest and all volumes are there, none of them a `.part`",
        prunes: "Reprieve; short file names: `duplicity remove-older-than`")

    private struct Piece {
        enum What { case volume(Int), manifest, signatures }
        var prefix: ArraySlice<UInt8>
        var what: What
        /// Of an incremental one, the time of what it needs.
        var start: Timestamp?
        var time: Timestamp
        var isPart = false

        var set: Bytes { Bytes(prefix) + "\0\(start.map { String($0.seconds) } ?? "full") \(time.seconds)" }
    }

    var signs: [Bytes] { ["duplicity-", "df.", "di.", "dfs.", "dns."] }

    func claim(in listing: inout Listing) {
        var sets: [Bytes: [(index: Int, piece: Piece)]] = [:]
        var short: Int?
        for index in listing.entries.indices where listing.entries[index].isFile && listing.isUnclaimed(index) {
            let name = listing.entries[index].name
            switch name.storage.last {
            case UInt8(ascii: "g"), UInt8(ascii: "z"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "m"),
                UInt8(ascii: "p"):
                break
            default: continue
            }
            if let piece = Self.piece(name.storage[...]) {
                sets[piece.set, default: []].append((index, piece))
            } else if Self.isShort(name) {
                leaveShort(index, &short, &listing)
            }
        }
        for pieces in sets.values { claim(pieces, &listing) }
    }

    private func claim(_ pieces: [(index: Int, piece: Piece)], _ listing: inout Listing) {
        var parts: [(index: Int, part: Listing.SetPart)] = []
        var others: [Int] = []
        var (hasManifest, hasPart) = (false, false)
        let set = pieces[0].piece
        let found = found(set, listing)
        for (index, piece) in pieces {
            hasPart = hasPart || piece.isPart
            if case .volume(let number) = piece.what {
                parts.append((index, .init(set: set.set, number: number, found: found)))
            } else {
                others.append(index)
                if case .manifest = piece.what { hasManifest = true }
            }
        }
        guard let volume = parts.first?.index else {
            for index in others { listing.leave(index, "a file of a duplicity backup whose volumes are not here") }
            return
        }
        if hasPart || !hasManifest {
            let why = hasPart ? "one of its files is a .part" : "it has no manifest, which duplicity writes last"
            for n in parts.indices {
                parts[n].part.found.contents.outcome = .running
                parts[n].part.found.contents.why = why
            }
        }
        listing.claimSets(parts, countingFrom: 1)
        for index in others { listing.claim(index, as: .member(of: volume)) }
    }

    private func found(_ piece: Piece, _ listing: Listing) -> Claim.Found {
        // The times of both forms that names have are one.
        func token(_ time: Timestamp) -> Token {
            let stem = listing.directory.appending(Bytes(piece.prefix) + "duplicity")
            return Token("duplicity", "\(stem.display) \(Self.text(time))")
        }
        var contents = Contents(tool: name)
        contents.provides = [token(piece.time)]
        if let start = piece.start { contents.needs = [.exactly(token(start))] }
        return .init(
            series: listing.key(of: piece.prefix, then: "duplicity-*"), time: piece.time, by: name,
            kind: piece.start == nil ? .full : .incremental, contents: contents)
    }

    // MARK: Names

    private static let kinds: [(word: Bytes, isFull: Bool, isSignatures: Bool)] = [
        ("full-signatures.", true, true), ("full.", true, false), ("inc.", false, false),
        ("new-signatures.", false, true),
    ]

    private static func piece(_ name: ArraySlice<UInt8>) -> Piece? {
        guard let at = name.first(of: "duplicity-") else { return nil }
        let behind = name[(at + 10)...]
        guard let kind = kinds.first(where: { behind.starts(with: $0.word.storage) }) else { return nil }
        var words = behind.dropFirst(kind.word.count)
            .split(separator: UInt8(ascii: "."), maxSplits: 8, omittingEmptySubsequences: false)[...]
        guard let first = words.popFirst().flatMap({ time($0) }) else { return nil }
        var piece = Piece(prefix: name[..<at], what: .signatures, time: first)
        if !kind.isFull {
            guard words.popFirst()?.elementsEqual("to".utf8) == true, let end = words.popFirst().flatMap({ time($0) })
            else { return nil }
            (piece.start, piece.time) = (first, end)
        }
        guard let what = words.popFirst() else { return nil }
        if kind.isSignatures {
            guard what.elementsEqual("sigtar".utf8) else { return nil }
        } else if what.elementsEqual("manifest".utf8) {
            piece.what = .manifest
        } else {
            let digits = what.dropFirst(3)
            guard what.starts(with: "vol".utf8), (1...9).contains(digits.count), digits.allSatisfy(\.isDigit),
                words.popFirst()?.elementsEqual("difftar".utf8) == true
            else { return nil }
            piece.what = .volume(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        for word in words {
            guard word.elementsEqual("part".utf8) else {
                guard ["gz", "gpg"].contains(Bytes(word)) else { return nil }
                continue
            }
            piece.isPart = true
        }
        return piece
    }

    /// `20261123T010000Z`.
    private static func text(_ time: Timestamp) -> String {
        let civil = CivilTime(localSeconds: time.seconds)
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        let (date, clock) = ([civil.month, civil.day], [civil.hour, civil.minute, civil.second])
        return "\(civil.year)\(date.map(two).joined())T\(clock.map(two).joined())Z"
    }

    /// `20261123T010000Z`, or `2026-11-23T01:00:00+01:00`, whose colons another file system may want otherwise.
    private static func time(_ text: ArraySlice<UInt8>) -> Timestamp? {
        let bytes = Array(text)
        func isT(_ at: Int) -> Bool { bytes[at] | 0x20 == UInt8(ascii: "t") }
        func isZ(_ at: Int) -> Bool { bytes[at] | 0x20 == UInt8(ascii: "z") }
        if bytes.count == 16, isT(8), isZ(15) {
            return CivilTime(digits: bytes[..<8] + bytes[9..<15]).map { Timestamp(seconds: $0.localSeconds) }
        }
        guard bytes.count == 20 || bytes.count == 25, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            isT(10), !bytes[13].isDigit, bytes[16] == bytes[13]
        else { return nil }
        let digits = bytes[..<4] + bytes[5..<7] + bytes[8..<10] + bytes[11..<13] + bytes[14..<16] + bytes[17..<19]
        guard let civil = CivilTime(digits: digits) else { return nil }
        if bytes.count == 20 { return isZ(19) ? Timestamp(seconds: civil.localSeconds) : nil }
        let offset = bytes[20..<22] + bytes[23..<25]
        guard offset.allSatisfy(\.isDigit), let sign = [43: 1, 45: -1][Int(bytes[19])] as Int64? else { return nil }
        let number = offset.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        return Timestamp(seconds: civil.localSeconds - sign * (number / 100 * 3600 + number % 100 * 60))
    }

    // MARK: Short names

    /// `df.thzl0a.1.dt.g`, `dns.thzl0a.ti1bz2.st.z`.
    private static func isShort(_ name: Bytes) -> Bool {
        guard name.storage.first == UInt8(ascii: "d") else { return false }
        var words = name.storage.split(separator: UInt8(ascii: "."), maxSplits: 8, omittingEmptySubsequences: false)[
            ...]
        let isDigit = { (byte: UInt8) in byte.isDigit || (0x61...0x7A).contains(byte) }
        guard let kind = words.popFirst().map({ Bytes($0) }), ["df", "di", "dfs", "dns"].contains(kind) else {
            return false
        }
        for _ in 0..<(kind == "di" || kind == "dns" ? 2 : 1) {
            guard let time = words.popFirst(), (6...7).contains(time.count), time.allSatisfy(isDigit) else {
                return false
            }
        }
        let isSignatures = kind == "dfs" || kind == "dns"
        if !isSignatures, words.count > 1, words.dropFirst().first?.elementsEqual("dt".utf8) == true {
            words.removeFirst()
        }
        guard let what = words.popFirst().map({ Bytes($0) }),
            isSignatures ? what == "st" : what == "m" || what == "dt"
        else { return false }
        return words.allSatisfy { ["p", "g", "z"].contains(Bytes($0)) }
    }

    private func leaveShort(_ index: Int, _ first: inout Int?, _ listing: inout Listing) {
        if let first { return listing.claim(index, as: .member(of: first)) }
        first = index
        listing.claim(index, as: .skippedEntries(.managed(tool: name, prune: "duplicity remove-older-than")))
    }

    // MARK: The manifest

    /// A manifest that is not encrypted names the volumes. A larger one than is read, or an encrypted one, leaves it to
    /// the numbers in the names.
    func read(_ unit: UnitContents) -> Contents? {
        guard !unit.isDirectory, let first = Self.piece(unit.name.storage[...]), case .volume = first.what else {
            return nil
        }
        var contents = Contents(tool: name)
        guard
            let manifest = unit.members.first(where: { $0.hasSuffix(".manifest") && Self.piece($0.storage[...]) != nil }
            ),
            case .text(let text)? = unit.read(manifest)
        else { return contents }
        let listed = text.storage.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
            .count { $0.starts(with: "Volume ".utf8) }
        guard listed > 0 else { return .unread(name, manifest, "names no volumes") }
        let here =
            1
            + unit.members.count { member in
                if case .volume? = Self.piece(member.storage[...])?.what { true } else { false }
            }
        contents.file = manifest.display
        contents.said =
            "\(first.start == nil ? "full" : "incremental"), \(listed) \(listed == 1 ? "volume" : "volumes")"
        if here < listed {
            (contents.outcome, contents.why) = (.lacking, "its manifest names \(listed) volumes, and \(here) are here")
        }
        return contents
    }
}
