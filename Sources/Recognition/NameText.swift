internal import Model

/// The bytes of a name, looked at by place: behind the end there is nothing.
struct NameText {
    let bytes: [UInt8]

    func byte(_ at: Int) -> UInt8? { at >= 0 && at < bytes.count ? bytes[at] : nil }

    /// Where the digits that begin there end.
    func digitsEnd(_ at: Int) -> Int {
        var end = at
        while end < bytes.count, bytes[end].isDigit { end += 1 }
        return end
    }

    func holds(_ text: StaticString, at: Int) -> Bool {
        guard at + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { $0.enumerated().allSatisfy { bytes[at + $0] == $1 } }
    }

    /// Of digits that were counted before: at most 18.
    func number(_ at: Int, _ digits: Int) -> Int {
        var value = 0
        for byte in bytes[at..<(at + digits)] { value = value * 10 + Int(byte - UInt8(ascii: "0")) }
        return value
    }

    /// At least so many digits.
    func isNumber(_ at: Int, _ digits: Int) -> Bool { digitsEnd(at) >= at + digits && at <= bytes.count }

    /// `Z` of UTC, and no word.
    func isZulu(_ at: Int) -> Bool {
        byte(at) == UInt8(ascii: "Z") && byte(at + 1).map { !$0.isLetter && !$0.isDigit } ?? true
    }

    /// Where the letters that begin there end; no word of a calendar is longer.
    func lettersEnd(_ at: Int) -> Int {
        var end = at
        while end < bytes.count, end - at < CalendarWords.longest, bytes[end].isLetter { end += 1 }
        return end
    }
}
