internal import Config
internal import Disk
internal import Foundation
internal import Model

extension Secret {
    /// Read each time: it may have been changed.
    func value() throws(Fault) -> String {
        switch source {
        case .text(let text): return text
        case .file(let path): return try Self.line(of: path, "could not read the secret '\(path.display)'")
        case .credential(let name):
            guard let credentials else {
                throw Fault(
                    .configuration, "there is no credential '\(name)': $CREDENTIALS_DIRECTORY is not set",
                    hint: "run it as a service with LoadCredential=\(name):…, or use { file: PATH }")
            }
            return try Self.line(of: credentials.appending(Bytes(name)), "could not read the credential '\(name)'")
        }
    }

    private static let mostBytes = 8192

    private static func line(of path: Bytes, _ what: String) throws(Fault) -> String {
        let bytes: Bytes
        do {
            bytes = try Directory.read(absolute: path, limit: mostBytes)
        } catch {
            throw Fault(error.code, "\(what): \(error.message)", hint: error.hint, path: path, errno: error.errno)
        }
        let line = Bytes(Array(bytes.storage.prefix { $0 != 0x0A && $0 != 0x0D }))
        guard let text = line.utf8, !text.isEmpty else {
            throw Fault(.configuration, "\(what): its first line is empty or no text", path: path)
        }
        return text
    }

    /// A text without it, and without any part of it that would give it away.
    static func hide(_ secret: String, in text: String) -> String {
        var parts = [secret]
        if let scheme = secret.range(of: "://") {
            // Everything behind the host: that is where tokens are; and who logs in.
            let rest = secret[scheme.upperBound...]
            if let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) {
                parts.append(String(rest[slash...].dropFirst()))
                parts += rest[slash...].split { "/?&=".contains($0) }.map(String.init).filter { $0.count >= 8 }
            }
            if let at = rest.prefix(while: { $0 != "/" }).lastIndex(of: "@") { parts.append(String(rest[..<at])) }
        }
        return parts.filter { $0.count >= 4 }.reduce(text) { $0.replacingOccurrences(of: $1, with: "…") }
    }
}
