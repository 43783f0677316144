/// A directory as it was when it was last read, in 16 bytes: equal digests, nothing to read again.
package struct PlaceDigest: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
