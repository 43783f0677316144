/// Finds where the parts of a template stand in one name. Open fields take as much as they can.
///
/// An open field that failed from one place is not tried again with the same ends, so a name costs about as many steps
/// as it has bytes, for each part.
struct TemplateSearch {
    private let parts: [NamePattern.Part]
    private let bytes: [UInt8]
    /// Where each part begins, and the end.
    private(set) var starts: [Int]
    /// The first end that an open field has been tried with in vain: all behind it failed as well.
    private var failedFrom: [Int]
    private var steps = 0

    /// A name of 255 bytes takes that many for sixty open fields, and that is less than a millisecond.
    private static let mostSteps = 16_384

    init(_ parts: [NamePattern.Part], _ bytes: [UInt8]) {
        self.parts = parts
        self.bytes = bytes
        starts = Array(repeating: bytes.count, count: parts.count + 1)
        failedFrom = Array(repeating: Int.max, count: parts.count)
    }

    /// The search was given up.
    var isExhausted: Bool { steps > Self.mostSteps }

    mutating func run() -> Bool { step(0, 0) }

    private mutating func step(_ part: Int, _ from: Int) -> Bool {
        steps += 1
        guard !isExhausted else { return false }
        guard part < parts.count else { return from == bytes.count }
        starts[part] = from
        switch parts[part] {
        case .literal(let literal):
            return begins(with: literal, at: from) && step(part + 1, from + literal.count)
        case .time(let field):
            var (values, end) = (TimeValues(), from)
            return values.read(field, bytes, &end, limit: bytes.count) && step(part + 1, end)
        case .open(_, let set, let first, let isOptional):
            return open(part, from, set: set, first: first, least: isOptional ? 0 : 1)
        case .words(_, let words, let foldsCase):
            for word in words where begins(with: word, at: from, foldsCase) && step(part + 1, from + word.count) {
                return true
            }
            return false
        case .run(_, let set, let count):
            var end = from
            while end < bytes.count, end - from < count.upperBound, set.contains(bytes[end]) { end += 1 }
            return end - from >= count.lowerBound && step(part + 1, end)
        }
    }

    private mutating func open(_ part: Int, _ from: Int, set: ByteSet, first: ByteSet, least: Int) -> Bool {
        var end = from
        if from < bytes.count, first.contains(bytes[from]) {
            repeat { end += 1 } while end < bytes.count && set.contains(bytes[end])
        }
        end = min(end, failedFrom[part] - 1)
        while end >= from + least {
            steps += 1
            if mayFollow(part, end), step(part + 1, end) { return true }
            failedFrom[part] = min(failedFrom[part], end)
            end -= 1
        }
        return false
    }

    /// Told by one byte, for nearly every place.
    private func mayFollow(_ part: Int, _ at: Int) -> Bool {
        guard part + 1 < parts.count else { return at == bytes.count }
        switch parts[part + 1] {
        case .literal(let literal): return at < bytes.count && bytes[at] == literal[0]
        case .time(let field) where field.digits != nil: return at < bytes.count && bytes[at].isDigit
        default: return true
        }
    }

    private func begins(with word: [UInt8], at from: Int, _ foldsCase: Bool = false) -> Bool {
        guard from + word.count <= bytes.count else { return false }
        for at in word.indices {
            let byte = bytes[from + at]
            let isUpper = foldsCase && byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            if (isUpper ? byte | 0x20 : byte) != word[at] { return false }
        }
        return true
    }
}
