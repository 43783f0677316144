import Model

/// Takes a name apart from its end, where tools put what varies: extensions, numbers, times. Each step costs what it
/// takes off and no more, so that a layout can try it on a million names.
struct NameTail {
    let bytes: [UInt8]
    /// What is left ends here.
    private(set) var end: Int

    init(_ name: Bytes) {
        bytes = name.storage
        end = bytes.count
    }

    var rest: ArraySlice<UInt8> { bytes[..<end] }

    /// Takes this off; `false`: what is left does not end like this.
    mutating func drop(_ suffix: Bytes) -> Bool {
        let start = end - suffix.count
        guard start >= 0 else { return false }
        var at = suffix.count
        while at > 0 {
            at -= 1
            if bytes[start + at] != suffix.storage[at] { return false }
        }
        end = start
        return true
    }

    /// Takes the first of these off with which what is left ends.
    @discardableResult
    mutating func drop(oneOf suffixes: [Bytes]) -> Bytes? { suffixes.first { drop($0) } }

    /// Takes off all digits at the end, if there are as many as that.
    mutating func digits(_ count: ClosedRange<Int>) -> Range<Int>? {
        var start = end
        while start > 0, bytes[start - 1].isDigit { start -= 1 }
        guard count.contains(end - start) else { return nil }
        defer { end = start }
        return start..<end
    }

    /// Takes off `20261123_010000`; with another joint `20261123T010000`.
    mutating func dateAndTime(joint: UInt8 = UInt8(ascii: "_")) -> (civil: CivilTime, range: Range<Int>)? {
        let start = end - 15
        guard start >= 0, bytes[start + 8] == joint, start == 0 || !bytes[start - 1].isDigit,
            let date = CivilTime(digits: bytes[start..<(start + 8)] + bytes[(start + 9)..<end])
        else { return nil }
        defer { end = start }
        return (date, start..<end)
    }

    /// A number of digits that were counted before: at most 18.
    func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 &* 10 &+ UInt64($1 &- 0x30) } }
}

extension CivilTime {
    /// `20261123`, `202611230100` or `20261123010000`; `nil`: not written so, or in no calendar.
    init?(digits: some Collection<UInt8>) {
        let digits = Array(digits)
        guard [8, 12, 14].contains(digits.count), digits.allSatisfy(\.isDigit) else { return nil }
        func number(_ at: Int, _ count: Int) -> Int {
            guard at < digits.count else { return 0 }
            return digits[at..<(at + count)].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        self.init(
            year: number(0, 4), month: number(4, 2), day: number(6, 2), hour: number(8, 2), minute: number(10, 2),
            second: number(12, 2))
        guard isPossible, (1990...2099).contains(year) else { return nil }
    }
}

extension Listing {
    /// Whether a layout may claim this file: nobody did, or it was taken for a side file of one that nobody claimed.
    func isUnclaimed(_ index: Int) -> Bool {
        if case .member(let owner)? = claims[index] { return isOpen(owner) }
        return isOpen(index)
    }

    /// The key of a series of this directory: this and what varies behind it.
    func key(of stem: some Sequence<UInt8>, then pattern: Bytes) -> Bytes {
        key(SeriesKey.escaped(Bytes(stem)) + pattern)
    }
}

extension ArraySlice<UInt8> {
    /// Where these bytes come first.
    func first(of wanted: Bytes) -> Int? {
        guard let byte = wanted.storage.first, count >= wanted.count else { return nil }
        var at = startIndex
        while at <= endIndex - wanted.count {
            if self[at] == byte, self[at...].starts(with: wanted.storage) { return at }
            at += 1
        }
        return nil
    }
}
