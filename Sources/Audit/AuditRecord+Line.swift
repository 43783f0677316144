internal import Crypto
internal import JSONText
internal import Model

extension AuditRecord {
    /// Its line in the log with the end of it, to the end of `text`. `actor`: as JSON. Answers the line's hash, which
    /// covers the bytes before `,"hash":`.
    func write(seq: Int, time: String, actor: [UInt8], prev: String, to text: inout [UInt8]) -> String {
        let start = text.count
        text += #"{"seq":"#.utf8
        text += String(seq).utf8
        text.add("time", time)
        text.add("event", event.name.rawValue)
        if let run { text.add("run", .integer(Int64(run))) }
        if let vault { text.add("vault", vault) }
        if let vaultID { text.add("vault_id", vaultID.text) }
        if let series { text.add("series", series) }
        if let backup { text.add("backup", backup.text) }
        if let batch { text.add("batch", batch) }
        if let path { text.add("path", path) }
        if let reason { text.add("reason", reason) }
        text += #","actor":"#.utf8
        text += actor
        for field in event.fields { text.add(field.key, field.value) }
        text.add("prev", prev)
        let hash = text.withUnsafeBytes { AuditLog.hash(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        text.add("hash", hash)
        text += "}\n".utf8
        return hash
    }
}

extension [UInt8] {
    fileprivate mutating func add(_ key: String, _ value: String) {
        open(key)
        JSON.quote(value, to: &self)
    }

    fileprivate mutating func add(_ key: String, _ value: JSON) {
        open(key)
        value.write(to: &self)
    }

    fileprivate mutating func add(_ key: String, _ value: Bytes) {
        if let text = value.utf8 { return add(key, text) }
        for field in [JSON.Field](path: value, key: key) { add(field.key, field.value) }
    }

    /// Keys are words of ours, and need no escapes.
    private mutating func open(_ key: String) {
        self += ",\"".utf8
        self += key.utf8
        self += "\":".utf8
    }
}

extension AuditLog {
    static func hash(_ bytes: UnsafeRawBufferPointer) -> String {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        return hasher.finalize().withUnsafeBytes { Bytes(Array($0)).hexadecimal }
    }
}
