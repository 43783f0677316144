internal import Disk
internal import Foundation
package import Model

/// A small JSON file of the state directory, changed under a lock and replaced in one step.
package struct StateFile<Value: Codable & Sendable>: Sendable {
    let directory: Bytes
    let name: Bytes
    /// It can be made anew: one that cannot be read counts for nothing.
    var isCache = false
    /// Numbers that nobody wrote on purpose: such a file cannot be read.
    var isPossible: @Sendable (Value) -> Bool = { _ in true }
    /// Where commands go on without a file that cannot be read: it counts for nothing, is recorded here and left as it
    /// is. `nil`: it is a fault.
    var damage: Damage?
    var mode: UInt32 = 0o640

    package init(
        directory: Bytes, name: Bytes, isCache: Bool = false,
        isPossible: @escaping @Sendable (Value) -> Bool = { _ in true }, damage: Damage? = nil, mode: UInt32 = 0o640
    ) {
        self.directory = directory
        self.name = name
        self.isCache = isCache
        self.isPossible = isPossible
        self.damage = damage
        self.mode = mode
    }

    var path: Bytes { directory.appending(name) }
    /// Whether it could not be read, and the work went on without it.
    var isDamaged: Bool { damage?.contains(path) ?? false }

    /// `nil`: there is none. One that cannot be read is a fault: it is never silently begun anew.
    package func read() throws(Fault) -> Value? { try read(in: try Directory.open(absolute: directory)) }

    private func read(in opened: Directory) throws(Fault) -> Value? {
        do {
            return try decoded(in: opened)
        } catch {
            guard let damage else { throw error }
            damage.add(error, path)
            return nil
        }
    }

    private func decoded(in opened: Directory) throws(Fault) -> Value? {
        var why = ""
        do {
            guard let bytes = try opened.ownFiles.read(name, limit: 1 << 26) else { return nil }
            if let value = try? Self.decoder.decode(Value.self, from: Data(bytes.storage)), isPossible(value) {
                return value
            }
        } catch {
            guard error.code == .unsafe || error.code == .damaged else { throw error }
            why = " (\(error.message))"
        }
        if isCache { return nil }
        throw Fault(
            .damaged, "'\(path.display)' cannot be read\(why)", hint: "look at it; moved away, it is begun anew",
            path: path)
    }

    /// Reads, changes and replaces it, alone.
    @discardableResult
    package func change<T>(_ body: (inout Value?) throws(Fault) -> T) throws(Fault) -> T {
        let opened = try Directory.open(absolute: directory)
        let lock = try FileLock.take(name + ".lock", in: opened, holder: "reprieve", waitSeconds: 10)
        defer { withExtendedLifetime(lock) {} }
        var value = try read(in: opened)
        let answer = try body(&value)
        // For a person to look at, who may know more than we do.
        guard !isDamaged else { return answer }
        guard let value, let data = try? Self.encoder.encode(value) else { return answer }
        try opened.ownFiles.replace(name, with: Bytes(Array(data) + [0x0A]), mode: mode)
        return answer
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
