package import Model

/// The key of a series: directory and name with `*` where times were. A star or backslash of their own is escaped, so
/// that a directory called `*` is never taken for a date.
package enum SeriesKey {
    private static let star = UInt8(ascii: "*")
    private static let escape = UInt8(ascii: "\\")

    package static func escaped(_ name: Bytes) -> Bytes {
        guard name.storage.contains(where: { $0 == star || $0 == escape }) else { return name }
        var key = Bytes()
        append(name.storage[...], to: &key.storage)
        return key
    }

    /// The series of what has no time in its name: its directory.
    package static func ofDirectory(_ directory: Bytes) -> Bytes { directory.isEmpty ? "." : escaped(directory) }

    /// A name with `*` for each of the ranges, which are in order and do not overlap.
    static func pattern(_ name: [UInt8], without ranges: some Sequence<Range<Int>>) -> Bytes {
        var key = Bytes()
        key.storage.reserveCapacity(name.count)
        var at = 0
        for range in ranges {
            append(name[at..<range.lowerBound], to: &key.storage)
            key.storage.append(star)
            at = range.upperBound
        }
        append(name[at...], to: &key.storage)
        return key
    }

    private static func append(_ bytes: ArraySlice<UInt8>, to key: inout [UInt8]) {
        for byte in bytes {
            if byte == star || byte == escape { key.append(escape) }
            key.append(byte)
        }
    }
}
