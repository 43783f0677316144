internal import Model

/// A series whose name has a version ends with each upgrade, and another one goes on: `app-1.2.3-*.tar` and
/// `app-1.2.4-*.tar`. That one has ended is nobody's alarm.
struct Succession {
    private struct Version {
        var numbers: [Int64]
        var first: Timestamp
        var newest: Timestamp
    }

    private var versions: [Bytes: [Version]] = [:]
    private var own: [Bytes: (name: Bytes, numbers: [Int64])] = [:]

    /// `times`: of each series the first that is known of it, also of what is gone by now, and its newest.
    init(_ times: [(series: Bytes, first: Timestamp, newest: Timestamp)]) {
        for (series, first, newest) in times {
            guard let (name, numbers) = Self.version(in: series) else { continue }
            own[series] = (name, numbers)
            versions[name, default: []].append(Version(numbers: numbers, first: first, newest: newest))
        }
    }

    /// Whether a later version began when this series ended. Two that went on side by side are two.
    func isSucceeded(_ series: Bytes, newest: Timestamp) -> Bool {
        guard let (name, numbers) = own[series] else { return false }
        return (versions[name] ?? []).contains { other in
            other.newest > newest && other.first > newest && numbers.lexicographicallyPrecedes(other.numbers)
        }
    }

    // MARK: Versions in names

    /// Words that a single number behind them is a version of.
    private static let words: [[UInt8]] = [
        "v", "ver", "version", "rel", "release", "pg", "postgres", "postgresql", "mysql", "mariadb",
    ].map { Array($0.utf8) }

    /// The name without its versions, and their numbers; `nil`: it has none.
    private static func version(in series: Bytes) -> (name: Bytes, numbers: [Int64])? {
        let bytes = series.storage
        var (name, numbers): ([UInt8], [Int64]) = ([], [])
        var at = 0
        while at < bytes.count {
            guard isDigit(bytes[at]) else {
                name.append(bytes[at])
                at += 1
                continue
            }
            var found: [Int64] = []
            let start = at
            while at < bytes.count, isDigit(bytes[at]) {
                var number: Int64 = 0
                while at < bytes.count, isDigit(bytes[at]) {
                    number = min(number, Int64.max / 20) * 10 + Int64(bytes[at] - 0x30)
                    at += 1
                }
                found.append(number)
                guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "."), isDigit(bytes[at + 1]) else { break }
                at += 1
            }
            // Four small numbers are an address.
            let isAddress = found.count == 4 && found.allSatisfy { $0 < 256 }
            if !isAddress, found.count > 1 || isBehindWord(name) {
                numbers += found
                name.append(UInt8(ascii: "#"))
            } else {
                name += bytes[start..<at]
            }
        }
        return numbers.isEmpty ? nil : (Bytes(name), numbers)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isBehindWord(_ name: [UInt8]) -> Bool {
        let word = name.reversed().prefix { (0x61...0x7A).contains($0 | 0x20) }.reversed().map { $0 | 0x20 }
        return words.contains(word)
    }
}
