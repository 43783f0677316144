/// What can be told from the text of a regular expression before it is used.
package struct PatternText: Sendable {
    /// The names of its groups, in order.
    package private(set) var groups: [String] = []
    /// Where a `/` stands that is part of the path, and no member of a class: offsets in UTF-8.
    private var slashes: [(at: Int, isOutside: Bool)] = []
    /// A part that may repeat without end, of parts that may repeat without end, with nothing fixed between them:
    /// some names would take years (`(a+)+`).
    package private(set) var isEndless = false
    private let bytes: [UInt8]

    package init(_ text: String) {
        bytes = Array(text.utf8)
        scan()
    }

    /// Whether it speaks of the path in the vault, and not of the name alone.
    package var isOfPath: Bool { !slashes.isEmpty }

    /// Its beginnings that end before a `/`, with the group `group` in them: so directories on the way are called.
    package func beginnings(with group: String) -> [String] {
        slashes.filter(\.isOutside).map { String(decoding: bytes[..<$0.at], as: UTF8.self) }
            .filter { PatternText($0).groups.contains(group) }
    }

    private struct Open {
        /// Repeats without end somewhere in it.
        var isUnbounded = false
        /// Something must stand in it that does not repeat.
        var isFixed = false
    }

    private mutating func scan() {
        var open = [Open()]
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            var atom: Open?
            switch byte {
            case UInt8(ascii: "\\"):
                at += 2
                atom = Open(isFixed: true)
            case UInt8(ascii: "["):
                at = endOfClass(at)
                atom = Open(isFixed: true)
            case UInt8(ascii: "("):
                at = header(at)
                open.append(Open())
            case UInt8(ascii: ")"):
                at += 1
                if open.count > 1 { atom = open.removeLast() }
            case UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "$"): at += 1
            default:
                if byte == UInt8(ascii: "/") { slashes.append((at, open.count == 1)) }
                at += 1
                atom = Open(isFixed: true)
            }
            if let atom { quantify(atom, &at, &open[open.count - 1]) }
        }
    }

    /// Reads the quantifier behind an atom, and says what the atom is for the group around it.
    private mutating func quantify(_ atom: Open, _ at: inout Int, _ around: inout Open) {
        let (isUnbounded, isOptional, end) = quantifier(at)
        if isUnbounded, atom.isUnbounded, !atom.isFixed { isEndless = true }
        around.isUnbounded = around.isUnbounded || isUnbounded || atom.isUnbounded
        if !isUnbounded, !isOptional, atom.isFixed { around.isFixed = true }
        at = end
    }

    private func quantifier(_ at: Int) -> (isUnbounded: Bool, isOptional: Bool, end: Int) {
        guard at < bytes.count else { return (false, false, at) }
        var end = at + 1
        var (isUnbounded, isOptional) = (false, false)
        switch bytes[at] {
        case UInt8(ascii: "*"), UInt8(ascii: "+"): isUnbounded = true
        case UInt8(ascii: "?"): isOptional = true
        case UInt8(ascii: "{"):
            guard let close = bytes[at...].firstIndex(of: UInt8(ascii: "}")) else { return (false, false, at) }
            isUnbounded = bytes[close - 1] == UInt8(ascii: ",")
            isOptional = bytes[at + 1] == UInt8(ascii: "0")
            end = close + 1
        default: return (false, false, at)
        }
        if end < bytes.count, bytes[end] == UInt8(ascii: "?") || bytes[end] == UInt8(ascii: "+") { end += 1 }
        return (isUnbounded, isOptional, end)
    }

    private func endOfClass(_ start: Int) -> Int {
        var (at, depth) = (start, 0)
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\\"): at += 1
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return at + 1 }
            default: break
            }
            at += 1
        }
        return bytes.count
    }

    /// The end of `(`, `(?:`, `(?<name>`, `(?<=` and the like.
    private mutating func header(_ start: Int) -> Int {
        var at = start + 1
        guard at < bytes.count, bytes[at] == UInt8(ascii: "?") else { return at }
        at += 1
        if at < bytes.count, bytes[at] == UInt8(ascii: "P") { at += 1 }
        guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "<"), bytes[at + 1].isLetter,
            let end = bytes[at...].firstIndex(of: UInt8(ascii: ">"))
        else {
            while at < bytes.count, [":", "=", "!", "<", ">", "|", "#"].contains(Unicode.Scalar(bytes[at])) { at += 1 }
            return at
        }
        groups.append(String(decoding: bytes[(at + 1)..<end], as: UTF8.self))
        return end + 1
    }
}
