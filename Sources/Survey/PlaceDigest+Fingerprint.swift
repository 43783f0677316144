internal import Crypto
package import Disk
package import Model

extension PlaceDigest {
    /// Of all that a listing and one look at each entry say (``Directory/fingerprint(_:)``).
    package init(of place: Directory) throws(Fault) {
        var hash = SHA256()
        try DirectoryFingerprint.read(place) { hash.update(bufferPointer: $0) }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for (n, byte) in hash.finalize().prefix(16).enumerated() {
            if n < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        self.init(high: high, low: low)
    }

    /// With names outside of the directory that its reading depends on.
    package func mixed(with names: Set<Bytes>) -> PlaceDigest {
        guard !names.isEmpty else { return self }
        var hash = FNV()
        for name in names.sorted() {
            hash.add(name)
            hash.add(UInt8(0))
        }
        return PlaceDigest(high: high ^ hash.value, low: low)
    }
}
