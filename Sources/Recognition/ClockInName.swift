/// A time of day in a name without a date: `db-01h05m.sql`, `db-01:05.sql`, `01-05-30.tar`, `db_T0105.sql`. Digits
/// alone are none: `customer-1001` and `customer-1002` are two customers.
struct ClockInName {
    let range: Range<Int>
    let hour: Int
    let minute: Int
    let second: Int
    /// `01-05-30` may be three numbers as well.
    let mayBeNumbers: Bool

    /// The only one in the name; with two nobody can tell which is meant.
    init?(_ bytes: [UInt8]) {
        var found: ClockInName?
        var at = 0
        while at < bytes.count {
            guard bytes[at].isDigit, at == 0 || !bytes[at - 1].isDigit else {
                at += 1
                continue
            }
            if let clock = ClockInName(bytes, at: at) {
                guard found == nil else { return nil }
                found = clock
                at = clock.range.upperBound
            } else {
                at = bytes[at...].firstIndex { !$0.isDigit } ?? bytes.count
            }
        }
        guard let found else { return nil }
        self = found
    }

    private init?(_ bytes: [UInt8], at start: Int) {
        func isDigit(_ at: Int) -> Bool { at < bytes.count && bytes[at].isDigit }
        func byte(_ at: Int) -> UInt8 { at < bytes.count ? bytes[at] : 0 }
        func two(_ at: Int) -> Int? {
            guard isDigit(at), isDigit(at + 1) else { return nil }
            return Int(bytes[at] - 0x30) * 10 + Int(bytes[at + 1] - 0x30)
        }
        guard let hour = two(start), hour < 24 else { return nil }
        var (at, second) = (start + 2, 0)
        let joint = byte(at)
        let isBehindT = start > 0 && bytes[start - 1] == UInt8(ascii: "T") && !(start > 1 && bytes[start - 2].isLetter)
        if !isBehindT || !joint.isDigit {
            guard Array(":h-_".utf8).contains(joint) else { return nil }
            at += 1
        }
        guard let minute = two(at), minute < 60 else { return nil }
        at += 2
        let next = joint.isDigit ? at : joint == UInt8(ascii: "h") ? at + 1 : byte(at) == joint ? at + 1 : bytes.count
        if joint != UInt8(ascii: "h") || byte(at) == UInt8(ascii: "m"), let seconds = two(next), !isDigit(next + 2) {
            guard seconds < 60 else { return nil }
            (second, at) = (seconds, next + 2)
            if joint == UInt8(ascii: "h"), byte(at) == UInt8(ascii: "s") { at += 1 }
        } else {
            // `01-05` may be anything.
            guard joint != UInt8(ascii: "-"), joint != UInt8(ascii: "_"), !isDigit(at) else { return nil }
            if joint == UInt8(ascii: "h"), byte(at) == UInt8(ascii: "m") { at += 1 }
        }
        range = (isBehindT ? start - 1 : start)..<at
        (self.hour, self.minute, self.second) = (hour, minute, second)
        mayBeNumbers = joint == UInt8(ascii: "-") || joint == UInt8(ascii: "_")
    }
}
