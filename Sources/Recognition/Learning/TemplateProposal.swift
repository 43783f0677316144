package import Model

/// A template that would read names which nobody reads, and what speaks for it. Nothing is read by it until a person
/// agrees.
package struct TemplateProposal: Hashable, Sendable {
    package let template: String
    /// Where names are written alike that mean another day: nobody can tell which is meant.
    package let alternatives: [String]
    /// How many of the names it reads, and of how many.
    package let reads: Int
    package let of: Int
    /// The first, one in the middle and the last of those that it reads.
    package let examples: [Bytes]
    /// What `{series}` takes of them.
    package let seriesNames: Set<Bytes>

    /// `reads 91 of 91`
    package var evidence: String { "reads \(reads) of \(of)" }

    /// The line of the configuration.
    package var line: String { ReadingLines.names(template) }

    /// How many series the names are of.
    package var series: Int { max(1, seriesNames.count) }

    /// Fewer names of one form tell nothing of what differs in them.
    package static let fewest = 3

    /// Proposals for the names of one directory, those that read most first. Names that differ in their letters are of
    /// different series. At least `fewest` names must be of one form.
    package static func proposals(for names: [Bytes], fewest: Int = fewest) -> [TemplateProposal] {
        let tokens = names.compactMap(NameTokens.init)
        var texts: [Guessed: Int] = [:]
        for (_, group) in Dictionary(grouping: tokens, by: \.form) where group.count >= fewest {
            guard let guessed = Guessed(group) else { continue }
            texts[guessed, default: 0] += group.count
        }
        return texts.keys.compactMap { TemplateProposal($0, names) }.sorted {
            ($0.reads, $1.template) > ($1.reads, $0.template)
        }
    }

    /// `nil`: it would not read what it was made from.
    private init?(_ guessed: Guessed, _ names: [Bytes]) {
        guard let pattern = try? NamePattern(template: guessed.texts[0]), pattern.hasTime else { return nil }
        let read = names.filter { pattern.match($0) != nil }.sorted()
        guard !read.isEmpty else { return nil }
        template = guessed.texts[0]
        alternatives = Array(guessed.texts.dropFirst())
        (reads, of) = (read.count, names.count)
        examples = Set([0, read.count / 2, read.count - 1]).sorted().map { read[$0] }
        seriesNames = Set(read.compactMap { pattern.match($0)?["series"] })
    }
}

/// The templates that names of one form may be written by; more than one where they mean different days.
private struct Guessed: Hashable {
    let texts: [String]

    /// More names of one form tell nothing new.
    private static let mostNames = 2000

    /// `nil`: no time is found in them.
    init?(_ group: [NameTokens]) {
        let group = group.sorted { Bytes($0.bytes) < Bytes($1.bytes) }
        let step = max(1, group.count / Self.mostNames)
        let sample = stride(from: 0, to: group.count, by: step).map { group[$0] }
        let numbers = sample[0].tokens.indices.filter {
            if case .digits = sample[0].tokens[$0].kind { true } else { false }
        }
        for (first, _) in numbers.enumerated() {
            let rest = Array(numbers[first...])
            let ways = Self.ways(sample, rest)
            guard !ways.isEmpty else { continue }
            texts = ways.map { Self.text(sample, rest, $0) }
            return
        }
        return nil
    }

    /// The first row of guesses by which every name has a time, and not always the same one.
    private static func ways(_ sample: [NameTokens], _ numbers: [Int]) -> [TimeGuess] {
        let digits = numbers.map { index in sample[0].tokens[index].range.count }
        for guesses in TimeGuess.all(digits) {
            let fitting = guesses.filter { guess in
                var times: Set<TimeFormat.Reading> = []
                for name in sample {
                    guard let time = guess.time(numbers.prefix(guess.fields.count).map(name.text)) else { return false }
                    times.insert(time)
                }
                return times.count > 1 || sample.count == 1
            }
            if !fitting.isEmpty { return fitting }
        }
        return []
    }

    /// What stands before the first thing that differs is the series.
    private static func text(_ sample: [NameTokens], _ numbers: [Int], _ guess: TimeGuess) -> String {
        let times = Dictionary(uniqueKeysWithValues: zip(numbers, guess.fields.indices))
        let open = openParts(sample, besides: Set(times.keys))
        var (text, literal) = ("", "")
        for index in sample[0].tokens.indices {
            guard let part = times[index].map(guess.text) ?? open[index] else {
                literal += NamePattern.escaped(sample[0].text(index).utf8 ?? "")
                continue
            }
            text += (text.isEmpty ? series(literal, isBeforeOpen: times[index] == nil) : literal) + part
            literal = ""
        }
        return text + literal
    }

    /// The tokens that differ and are no time: `{id}`, or `{version}` for numbers with dots between. What goes on
    /// behind the first token of one is empty.
    private static func openParts(_ sample: [NameTokens], besides times: Set<Int>) -> [Int: String] {
        let tokens = sample[0].tokens
        func isNumber(_ index: Int) -> Bool {
            guard index < tokens.count, !times.contains(index), case .digits = tokens[index].kind else { return false }
            return true
        }
        func varies(_ index: Int) -> Bool {
            tokens[index].kind == .nonce || Set(sample.map { $0.text(index) }).count > 1
        }
        var parts: [Int: String] = [:]
        var index = 0
        while index < tokens.count {
            var end = index + 1
            if isNumber(index) {
                while end + 1 < tokens.count, tokens[end].kind == .text("."), isNumber(end + 1) { end += 2 }
            }
            if !times.contains(index), (index..<end).contains(where: varies) {
                parts[index] = end > index + 1 ? "{version}" : "{id}"
                for other in (index + 1)..<max(end, index + 1) { parts[other] = "" }
            }
            index = end
        }
        return parts
    }

    /// `shop_` is `{series}_`; `shop-v` in front of a version is `{series}-v`: nothing would tell where it ends.
    private static func series(_ literal: String, isBeforeOpen: Bool) -> String {
        let scalars = literal.unicodeScalars
        func isWord(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        }
        guard var last = scalars.lastIndex(where: isWord) else { return literal }
        if isBeforeOpen, scalars.index(after: last) == scalars.endIndex {
            guard let joint = scalars.lastIndex(where: { !isWord($0) }),
                let before = scalars[..<joint].lastIndex(where: isWord)
            else { return literal }
            last = before
        }
        return "{series}" + literal[scalars.index(after: last)...]
    }
}
