package import Model

/// Whether two templates read the same name: then the name would have two series, or two times.
///
/// Both templates are made into automata of bytes, and the shortest name that both accept is searched for. Days and
/// hours are taken for any digits, and names of months for any letters; so the answer may be a name that is in no
/// calendar, but "no" is always true.
extension NamePattern {
    /// A name that both read; `nil`: there is none.
    package func commonName(with other: NamePattern) -> Bytes? {
        let isMixed = isOfPath != other.isOfPath
        let (a, b) = (
            NameAutomaton(self, inAnyDirectory: isMixed && !isOfPath),
            NameAutomaton(other, inAnyDirectory: isMixed && !other.isOfPath)
        )
        return a.shortestCommon(with: b).map { Bytes($0) }
    }
}

/// A nondeterministic automaton without empty steps. State 0 is the start.
private struct NameAutomaton {
    private struct Step {
        var set: ByteSet
        /// What stands for the set in an example.
        var example: UInt8
        var to: Int
    }
    private var steps: [[Step]] = [[]]
    /// The states that what comes next is reached from; in the end those that accept.
    private var ends: [Int] = [0]

    init(_ pattern: NamePattern, inAnyDirectory: Bool) {
        if inAnyDirectory {
            add(.all, example: UInt8(ascii: "d"), loops: true)
            add(.slash, example: UInt8(ascii: "/"))
        }
        for part in pattern.parts { add(part) }
    }

    private mutating func add(_ part: NamePattern.Part) {
        switch part {
        case .literal(let bytes): for byte in bytes { add(ByteSet([byte]), example: byte) }
        case .time(let field): add(field)
        case .open(_, let set, let first, let isOptional):
            let before = ends
            let example = first.contains(UInt8(ascii: "a")) ? UInt8(ascii: "a") : UInt8(ascii: "1")
            add(first, example: example)
            loop(set, example: example)
            if isOptional { ends += before }
        case .words(_, let words, let foldsCase): add(words, foldsCase)
        case .run(_, let set, let count):
            for _ in 0..<count.lowerBound { add(set, example: UInt8(ascii: "1")) }
            if count.upperBound > count.lowerBound { loop(set, example: UInt8(ascii: "1")) }
        }
    }

    private mutating func add(_ words: [[UInt8]], _ foldsCase: Bool) {
        let before = ends
        var all: [Int] = []
        for word in words {
            ends = before
            for byte in word {
                let isLetter = foldsCase && (0x61...0x7A).contains(byte)
                add(ByteSet(isLetter ? [byte, byte & 0xDF] : [byte]), example: byte)
            }
            all += ends
        }
        ends = all
    }

    private mutating func add(_ field: TimeField) {
        if field.digits != nil {
            for byte in field.example { add(.digits, example: byte) }
            return
        }
        let letters = ByteSet((0...255).filter { $0.isLetter })
        switch field {
        case .half:
            add(ByteSet("aApP".utf8), example: UInt8(ascii: "A"))
            add(ByteSet("mM".utf8), example: UInt8(ascii: "M"))
        case .zone:
            add(ByteSet("Z+-".utf8), example: UInt8(ascii: "Z"))
            loop(ByteSet("0123456789:".utf8), example: UInt8(ascii: "0"))
        case .fraction:
            add(.digits, example: UInt8(ascii: "0"))
            loop(.digits, example: UInt8(ascii: "0"))
        case .epoch:
            for byte in field.example { add(.digits, example: byte) }
            let ten = ends
            add(.digits, example: UInt8(ascii: "0"))
            ends += ten
        default:
            for byte in field.example { add(letters, example: byte) }
            loop(letters, example: UInt8(ascii: "a"))
        }
    }

    /// One more byte; `loops`: or more of them.
    private mutating func add(_ set: ByteSet, example: UInt8, loops: Bool = false) {
        let state = steps.count
        steps.append([])
        for end in ends { steps[end].append(Step(set: set, example: example, to: state)) }
        ends = [state]
        if loops { loop(set, example: example) }
    }

    private mutating func loop(_ set: ByteSet, example: UInt8) {
        for end in ends { steps[end].append(Step(set: set, example: example, to: end)) }
    }

    // MARK: Both at once

    /// Breadth first over pairs of states; each pair once.
    func shortestCommon(with other: NameAutomaton) -> [UInt8]? {
        let width = other.steps.count
        var came: [Int: (from: Int, byte: UInt8)] = [:]
        var seen = Array(repeating: false, count: steps.count * width)
        var waiting = [0]
        seen[0] = true
        var next = 0
        while next < waiting.count {
            let pair = waiting[next]
            next += 1
            if ends.contains(pair / width), other.ends.contains(pair % width) { return Self.name(pair, came) }
            for a in steps[pair / width] {
                for b in other.steps[pair % width] {
                    let to = a.to * width + b.to
                    guard !seen[to], let byte = Self.common(a, b) else { continue }
                    seen[to] = true
                    came[to] = (pair, byte)
                    waiting.append(to)
                }
            }
        }
        return nil
    }

    private static func common(_ a: Step, _ b: Step) -> UInt8? {
        let both = a.set.intersection(b.set)
        guard !both.isEmpty else { return nil }
        if both.contains(a.example) { return a.example }
        return both.contains(b.example) ? b.example : (0...255).first(where: both.contains)
    }

    private static func name(_ pair: Int, _ came: [Int: (from: Int, byte: UInt8)]) -> [UInt8] {
        var (name, at): ([UInt8], Int) = ([], pair)
        while let step = came[at] {
            name.append(step.byte)
            at = step.from
        }
        return name.reversed()
    }
}

extension TimeField {
    /// The 23rd of November 2026, 01:00:02.
    fileprivate var example: [UInt8] {
        let text =
            switch self {
            case .year, .weekYear: "2026"
            case .shortYear: "26"
            case .month: "11"
            case .day: "23"
            case .dayOfYear: "327"
            case .week: "48"
            case .hour, .hourOfTwelve: "01"
            case .minute: "00"
            case .second: "02"
            case .monthName, .fullMonthName: "Nov"
            case .epoch: "1795395602"
            case .half, .fraction, .zone: ""
            }
        return Array(text.utf8)
    }
}
