internal import Disk
internal import Model

/// The files of other programs' settings, read and never run. What is no regular file, is too large, is no text or does
/// not answer is passed over.
struct SearchedFiles {
    /// Below which `/etc` and the rest are looked for.
    let root: Bytes

    static let mostBytes = 256 << 10
    /// Of one directory; of what is over it the last names are left.
    static let mostEntries = 2000
    private static let seconds = 2.0

    struct Text: Sendable {
        var bytes: Bytes
        var isExecutable: Bool

        var lines: [(number: Int, text: Bytes)] {
            bytes.storage.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
                .map { ($0 + 1, Bytes($1).trimmed) }
        }

        /// What a shell would run: by its first line, or by having none that says otherwise.
        var isShell: Bool {
            let first = Bytes(bytes.storage.prefix { $0 != UInt8(ascii: "\n") })
            guard first.hasPrefix("#!") else { return true }
            let words = first.dropFirst(2).fields
            let program =
                words.first?.lastComponent == "env" ? words.dropFirst().first { !$0.hasPrefix("-") } : words.first
            return program?.lastComponent.hasSuffix("sh") ?? false
        }
    }

    private func real(_ path: Bytes) -> Bytes { root == "/" ? path : root + path }

    func text(_ path: Bytes) -> Text? {
        guard path.storage.first == UInt8(ascii: "/"), !path.storage.contains(0) else { return nil }
        return Reach.ask("read", of: real(path), seconds: Self.seconds) { Self.read($0) } ?? nil
    }

    /// No device and no pipe is ever opened: opening one can do something.
    private static func read(_ path: Bytes) -> Text? {
        guard let real = Surroundings.resolved(path),
            let directory = try? Directory.open(absolute: real.parent.isEmpty ? "/" : real.parent),
            directory.kind(behind: real.lastComponent) == .file,
            let seen = try? directory.sighting(of: real.lastComponent),
            let bytes = (try? directory.readAny(real.lastComponent, limit: mostBytes)) ?? nil,
            !bytes.storage.contains(0)
        else { return nil }
        return Text(bytes: bytes, isExecutable: seen.mode & 0o111 != 0)
    }

    /// The names in a directory, sorted; without those of editors and packages that no program reads.
    func names(_ path: Bytes) -> [Bytes] {
        let left: [Bytes] = [
            "~", ".bak", ".disabled", ".orig", ".swp", ",v", ".save", ".dpkg-old", ".dpkg-dist", ".dpkg-new",
        ]
        let names = (Reach.entries(of: real(path)) ?? []).map(\.name).filter { name in
            !name.hasPrefix(".") && !name.holds(".rpm") && !left.contains { name.hasSuffix($0) }
        }
        return Array(names.sorted().prefix(Self.mostEntries))
    }

    func files(_ directory: Bytes) -> [(path: Bytes, text: Text)] {
        names(directory).compactMap { name in
            let path = directory.appending(name)
            return text(path).map { (path, $0) }
        }
    }
}

extension Bytes {
    var trimmed: Bytes {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var rest = storage.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return Bytes(rest)
    }

    /// The words between blanks.
    var fields: [Bytes] { storage.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.map { Bytes($0) } }

    /// The rest behind so many words.
    func dropFields(_ count: Int) -> Bytes {
        var rest = storage[...]
        for _ in 0..<count {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            rest = rest.drop { $0 != 0x20 && $0 != 0x09 }
        }
        return Bytes(rest).trimmed
    }

    /// A comment, or nothing.
    var isComment: Bool { isEmpty || hasPrefix("#") || hasPrefix(";") }

    /// Without the quotes around it.
    var unquoted: Bytes {
        guard count >= 2, let first = storage.first, first == storage.last, first == 0x22 || first == 0x27 else {
            return self
        }
        return Bytes(storage.dropFirst().dropLast())
    }
}
