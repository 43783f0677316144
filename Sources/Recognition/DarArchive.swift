package import Model

/// Archives of dar: `BASE.1.dar`, `BASE.2.dar`, … are the slices of one.
///
/// What an archive needs cannot be told from outside. A full, a differential and a decremental archive have the same
/// slice header and the same archive header, and `dar -l` says the same of them: which files are saved and which are
/// recorded as deleted stands in the catalogue, compressed and perhaps encrypted at the end of the last slice, and even
/// there a decremental archive looks like a differential one. And the two depend in opposite directions: a differential
/// archive needs an *older* one, a decremental one a *newer* one. So:
///
/// - A name that says `full`, `diff`, `differential`, `inc`, `incr` or `incremental` as a word of its own is taken at
///   its word, and the archive is left to the other recognisers.
/// - A name that says `dec`, `decr` or `decremental`, or nothing, makes the archive opaque, and with it every archive
///   of that directory: it may need any of them.
///
/// Who knows that unnamed archives are full ones says so with a recogniser of their own.
package struct DarArchive: Hashable, Sendable {
    package enum Kind: Sendable { case full, differential, incremental, decremental, unsaid }

    /// The name before the slice number.
    package var base: Bytes
    /// Names of the slices, by number.
    package var slices: [Bytes]
    package var kind: Kind { Self.kind(ofBase: base) }

    package static let tool = Repositories.Tool(
        name: "dar archive",
        prune: "rm BASE.*.dar, once `dar -l` shows that no other archive needs it; decremental ones oldest first")

    /// `nil`: no slice. The number may have leading zeros (`--min-digits`).
    package static func slice(_ name: Bytes) -> (base: Bytes, number: UInt64)? {
        guard name.hasSuffix(".dar") else { return nil }
        let rest = name.dropLast(4)
        guard let dot = rest.storage.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
        let digits = rest.storage[(dot + 1)...]
        guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy(\.isDigit) else { return nil }
        return (Bytes(rest.storage[..<dot]), digits.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) })
    }

    /// The word in a name that says it; two different ones say nothing.
    package static func kind(ofBase base: Bytes) -> Kind {
        let words = base.storage.split { !($0.isLetter && $0 < 0x80) }
        let said = Set(words.compactMap { kinds[Bytes($0.map { $0 | 0x20 })] })
        return said.count == 1 ? said.first ?? .unsaid : .unsaid
    }

    private static let kinds: [Bytes: Kind] = [
        "full": .full, "diff": .differential, "differential": .differential, "inc": .incremental,
        "incr": .incremental, "incremental": .incremental, "dec": .decremental, "decr": .decremental,
        "decremental": .decremental,
    ]

    /// The archives among the files of one directory that are to be left alone: none, or all.
    package static func opaque(among files: some Sequence<Bytes>) -> [DarArchive] {
        var found: [Bytes: [(number: UInt64, name: Bytes)]] = [:]
        for name in files {
            if let (base, number) = slice(name) { found[base, default: []].append((number, name)) }
        }
        let archives = found.map { base, slices in
            DarArchive(base: base, slices: slices.sorted { ($0.number, $0.name) < ($1.number, $1.name) }.map(\.name))
        }
        guard archives.contains(where: { $0.kind == .decremental || $0.kind == .unsaid }) else { return [] }
        return archives.sorted { $0.base < $1.base }
    }
}
