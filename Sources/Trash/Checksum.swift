internal import Crypto
package import Disk
package import Model

/// What a side file says of its backup's content: `db.dump.sha256` beside `db.dump`.
package enum Checksum: Hashable, Sendable {
    case matches(Bytes)
    /// The side file, what it says, and what the content is.
    case differs(Bytes, expected: String, found: String)

    private static let sideLimit = 1 << 16
    /// Of a name, in bytes: beside a longer one no side file can stand.
    private static let longestName = 255

    /// Compares a file with the side files beside it, the strongest first; one is enough. `nil`: none says anything of
    /// it, or it is no file. It reads the whole file; whoever ends the process meanwhile loses nothing.
    package static func compare(_ name: Bytes, in directory: Directory) throws(Fault) -> Checksum? {
        guard let seen = try directory.sighting(of: name), seen.kind == .file else { return nil }
        for method in Method.allCases {
            let side = name + Bytes("." + method.rawValue)
            guard side.count <= longestName, let beside = try directory.sighting(of: side), beside.kind == .file,
                beside.size <= sideLimit,
                let text = try directory.readAny(side, limit: sideLimit),
                let expected = expected(text, of: name, digits: method.digits)
            else { continue }
            guard let found = try method.digest(of: name, in: directory) else { return nil }
            return found == expected ? .matches(side) : .differs(side, expected: expected, found: found)
        }
        return nil
    }

    private enum Method: String, CaseIterable {
        case sha512, sha256, sha1, md5

        var digits: Int {
            switch self {
            case .sha512: 128
            case .sha256: 64
            case .sha1: 40
            case .md5: 32
            }
        }

        func digest(of name: Bytes, in directory: Directory) throws(Fault) -> String? {
            switch self {
            case .sha512: try Self.digest(SHA512(), name, directory)
            case .sha256: try Self.digest(SHA256(), name, directory)
            case .sha1: try Self.digest(Insecure.SHA1(), name, directory)
            case .md5: try Self.digest(Insecure.MD5(), name, directory)
            }
        }

        private static func digest(
            _ function: some HashFunction, _ name: Bytes, _ directory: Directory
        ) throws(Fault) -> String? {
            var function = function
            let isRead = try FileLook(name, in: directory).forEachChunk { function.update(bufferPointer: $0) }
            return isRead ? Bytes(Array(function.finalize())).hexadecimal : nil
        }
    }

    /// The digits in a line of `sha256sum` (`HEX  NAME`, `HEX *NAME`), of BSD (`SHA256 (NAME) = HEX`), or alone. Of
    /// several lines the one that names the file; of a single one its name does not matter: the file may have been
    /// renamed with it.
    static func expected(_ text: Bytes, of name: Bytes, digits: Int) -> String? {
        let lines = text.storage.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).map { Bytes($0) }
        let found = lines.compactMap { line in parse(line, digits).map { (line: line, digest: $0) } }
        if found.count == 1 { return found[0].digest }
        return found.first { names($0.line, name) }?.digest
    }

    private static func parse(_ line: Bytes, _ digits: Int) -> String? {
        let words = line.storage.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
        // The first or the last word; GNU puts a backslash before the digits of an escaped name.
        let candidates = [words.first.map { $0.first == 0x5C ? $0.dropFirst() : $0 }, words.last].compactMap { $0 }
        guard let digest = candidates.first(where: { isDigest($0, digits) }) else { return nil }
        return String(decoding: digest, as: UTF8.self).lowercased()
    }

    private static func isDigest(_ word: ArraySlice<UInt8>, _ digits: Int) -> Bool {
        word.count == digits
            && word.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
            }
    }

    private static func names(_ line: Bytes, _ name: Bytes) -> Bool {
        guard let at = line.storage.lastIndex(of: UInt8(ascii: "(")), line.hasPrefix("SHA") || line.hasPrefix("MD5")
        else {
            return [" ", "*", "/"].contains { (before: Bytes) in line.hasSuffix(before + name) }
        }
        return Bytes(line.storage[(at + 1)...]).hasPrefix(name + ")")
    }
}
