internal import Model
internal import Retention
internal import Yams

/// A node of a configuration file that knows where it stands, so that every refusal can say it.
package struct ConfigurationNode {
    let node: Node
    let file: String

    var origin: Origin { Origin(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1) }

    func refuse(_ message: String, hint: String? = nil) -> Fault {
        let mark = node.mark
        return Fault(
            .configuration, "\(file):\(mark?.line ?? 1):\(mark?.column ?? 1): \(message)", hint: hint, path: Bytes(file)
        )
    }

    /// The text of a scalar, as written: YAML's own types are not asked (it reads `010` as 8, and `04:15` as 255).
    func text(_ what: String) throws(Fault) -> String {
        guard let scalar = node.scalar else { throw refuse("\(what) must be a single value") }
        return scalar.string
    }

    /// The pairs of a mapping. Every key must be one of `known`.
    func pairs(_ what: String, known: [String], later: [String] = []) throws(Fault) -> [(
        key: ConfigurationNode, name: String, value: ConfigurationNode
    )] {
        try pairs(what).map { pair throws(Fault) in
            guard !known.contains(pair.name) else { return pair }
            if later.contains(pair.name) {
                throw pair.key.refuse("'\(pair.name)' is not supported by this version", hint: "leave it out for now")
            }
            let nearest = Self.nearest(to: pair.name, in: known)
            throw pair.key.refuse(
                "unknown key '\(pair.name)' in \(what)",
                hint: nearest.map { "did you mean '\($0)'?" } ?? "known here: \(known.joined(separator: ", "))")
        }
    }

    /// The pairs of a mapping with free keys.
    func pairs(_ what: String) throws(Fault) -> [(key: ConfigurationNode, name: String, value: ConfigurationNode)] {
        guard let mapping = node.mapping else {
            throw refuse("\(what) must be a mapping", hint: "write `key: value` lines, or { key: value, … }")
        }
        var seen: Set<String> = []
        var found: [(ConfigurationNode, String, ConfigurationNode)] = []
        for (key, value) in mapping {
            let key = ConfigurationNode(node: key, file: file)
            let name = try key.text("a key")
            guard seen.insert(name).inserted else {
                throw key.refuse("duplicate key '\(name)' in \(what)", hint: "remove one of the two")
            }
            found.append((key, name, ConfigurationNode(node: value, file: file)))
        }
        return found
    }

    /// The known word that a typing error most likely meant.
    package static func nearest(to word: String, in known: [String]) -> String? {
        // As the options of the command line are called.
        if word.hasPrefix("keep-"), known.contains(String(word.dropFirst(5))) { return String(word.dropFirst(5)) }
        return word.nearest(of: known)
    }
}

// MARK: Values

extension ConfigurationNode {
    /// `dialect`: a peer's way to write it is taken as well, where the configuration names the peer.
    func span(_ what: String, fixed: Bool = true, dialect: Span.Dialect = .reprieve) throws(Fault) -> Span {
        let text = try text(what)
        let span: Span
        do {
            span = try Span(parsing: text, dialect: dialect)
        } catch {
            throw refuse(
                "'\(text)' is not a valid length of time for \(what): \(Self.why(error))", hint: Self.unitsHint)
        }
        guard fixed else { return span }
        guard span.isFixed else {
            throw refuse("\(what) must be a fixed length of time, not '\(text)'", hint: "count it in s, min, h, d or w")
        }
        guard !span.isTooLong else {
            throw refuse("'\(text)' is too long for \(what): it is over 1000 years", hint: Self.unitsHint)
        }
        return span
    }

    private static let unitsHint = "write it as 90s, 15min, 36h, 7d, 2w, 6mo or 1y"

    static func why(_ problem: Span.Problem) -> String {
        switch problem {
        case .empty: "it is empty"
        case .noUnit: "it has no unit"
        case .ambiguousMinuteOrMonth: "is 'm' a minute (min) or a month (mo)?"
        case .unknownUnit(let unit): unit.isEmpty ? "a number is missing" : "there is no unit '\(unit)'"
        case .zero: "it is zero"
        }
    }

    /// A count of a rule; 0 is refused, because it reads like "keep none".
    func count(_ what: String) throws(Fault) -> KeepCount {
        let text = try text(what)
        if text == "unlimited" { return .unlimited }
        guard let n = Int(text), text.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            if let range = KeepCount(text: text) { return range }
            if text == "-1" {
                throw refuse("'\(what): -1' means \"keep all\" in other tools", hint: "write `\(what): unlimited`")
            }
            if text.contains("-") {
                throw refuse(
                    "'\(what): \(text)' is not a valid range", hint: "write the smaller number first, from 1: `7-14`")
            }
            if (try? Span(parsing: text)) != nil {
                throw refuse(
                    "'\(what)' counts backups and has no unit: '\(text)'",
                    hint: "a length of time is `within: \(text)`; a count is `\(what): 7`")
            }
            throw refuse(
                "'\(text)' is not a valid number for '\(what)'", hint: "write a whole number from 1, or `unlimited`")
        }
        guard n > 0 else {
            throw refuse(
                "'\(what): 0' keeps nothing", hint: "write a number from 1, such as `\(what): 7`, or leave the rule out"
            )
        }
        guard n <= 1_000_000 else { throw refuse("'\(what): \(text)' is too large", hint: "write `unlimited`") }
        return .first(n)
    }

    func number(_ what: String, in range: ClosedRange<Int>) throws(Fault) -> Int {
        let text = try text(what)
        guard let n = Int(text), range.contains(n) else {
            throw refuse(
                "'\(what)' must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return n
    }

    /// `25%` or `25`.
    func percent(_ what: String) throws(Fault) -> Int {
        let text = try text(what)
        guard let n = Int(text.hasSuffix("%") ? String(text.dropLast()) : text), (1...100).contains(n) else {
            throw refuse("'\(what)' must be a percentage from 1% to 100%, not '\(text)'")
        }
        return n
    }

    /// A percentage; all of it and `off` are no limit.
    func share(_ what: String) throws(Fault) -> Int? {
        if try text(what) == "off" { return nil }
        let percent = try percent(what)
        return percent == 100 ? nil : percent
    }

    func absolute(_ what: String) throws(Fault) -> Bytes {
        let text = try text(what)
        guard text.hasPrefix("/"), !text.contains("\0") else {
            throw refuse("'\(what)' must be an absolute path, not '\(text)'", hint: "start it with /")
        }
        return Bytes(text).normalised
    }

    func word<T>(_ what: String, _ words: [(String, T)]) throws(Fault) -> T {
        let text = try text(what)
        guard let found = words.first(where: { $0.0 == text }) else {
            let known = words.map(\.0)
            let nearest = Self.nearest(to: text, in: known)
            throw refuse(
                "'\(text)' is not a valid value of '\(what)'",
                hint: (nearest.map { "did you mean '\($0)'? " } ?? "") + "known: \(known.joined(separator: ", "))")
        }
        return found.1
    }
}

extension Bytes {
    /// An absolute path without doubled, trailing and `.` parts; `..` is left for the kernel to resolve.
    var normalised: Bytes {
        Bytes("/") + components.filter { $0 != "." }.reduce(Bytes()) { $0.appending($1) }
    }
}
