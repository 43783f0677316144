import Foundation

/// A directory as somebody has it, from `Listings/*.txt`: lines of a word, how often, how many, and a path in
/// strftime's words. See the head of ``ListingTests``.
struct Listing {
    struct Line {
        var word: String
        /// The same for lines of one series.
        var tag: String
        var seconds: Double
        var count: Int
        var path: String

        var isBackup: Bool { word == "backup" || word == "backup/" }
        var isDirectory: Bool { word.hasSuffix("/") }
    }

    var title: String
    var lines: [Line]

    static func all(_ text: String) -> [Listing] {
        text.components(separatedBy: "\n\n").compactMap { block in
            var listing = Listing(title: "", lines: [])
            for text in block.split(separator: "\n") {
                if text.hasPrefix("#") {
                    if listing.title.isEmpty { listing.title = text.dropFirst().trimmingCharacters(in: .whitespaces) }
                } else if let line = Line(String(text), number: listing.lines.count) {
                    listing.lines.append(line)
                }
            }
            return listing.lines.isEmpty ? nil : listing
        }
    }

    /// Makes it below a directory. Answers the paths of each line and when each was written, the newest first.
    func make(in root: URL, now: Date) throws -> [[(path: String, time: Date)]] {
        var random = Digits()
        var times: [URL: Date] = [:]
        let made = try lines.map { line in
            try (0..<line.count).map { n in
                // At fixed clock times, in UTC.
                let step = floor(now.timeIntervalSince1970 / line.seconds) * line.seconds
                let time = Date(timeIntervalSince1970: step - Double(n + 1) * line.seconds + 432)
                let path = Self.filled(line.path, time, line.count - n, &random)
                let url = root.appending(path: path)
                try FileManager.default.createDirectory(
                    at: line.isDirectory ? url : url.deletingLastPathComponent(), withIntermediateDirectories: true)
                if line.word == "link" {
                    try? FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: "elsewhere")
                    return (path, time)
                }
                let content = Data("content \(UInt64.random(in: 0 ... .max, using: &random)) of \(path)\n".utf8)
                try content.write(to: line.isDirectory ? url.appending(path: "part.dat") : url)
                times[url] = time
                if line.isDirectory { times[url.appending(path: "part.dat")] = time }
                return (path, time)
            }
        }
        for (url, time) in times.sorted(by: { $0.key.path.count > $1.key.path.count }) {
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: url.path)
        }
        return made
    }

    private static func filled(
        _ path: String, _ time: Date, _ run: Int, _ random: inout Digits
    ) -> String {
        var text = path.replacing(/\{hex(\d+)\}/) { match in
            (0..<(Int(match.1) ?? 8)).map { _ in String(Int.random(in: 0...15, using: &random), radix: 16) }.joined()
        }
        text = text.replacing("{n}", with: String(99 + run)).replacing("{ver}", with: "1.\(20 + run / 10).\(run / 4)")
        var (seconds, parts) = (time_t(time.timeIntervalSince1970), tm())
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 1024)
        let count = strftime(&buffer, buffer.count, text, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Listing.Line {
    init?(_ text: String, number: Int) {
        let fields = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true).map(String.init)
        guard fields.count == 4, let count = Int(fields[2]) else { return nil }
        let words = fields[0].split(separator: ":").map(String.init)
        let units: [String: Double] = ["h": 3600, "d": 86_400, "w": 604_800]
        let seconds = Double(fields[1].dropLast()).map { $0 * (units[String(fields[1].suffix(1))] ?? 1) } ?? 86_400
        let paths = fields[3].trimmingCharacters(in: .whitespaces).components(separatedBy: " -> ")
        self.init(
            word: words[0], tag: words.count > 1 ? words[1] : "line \(number)", seconds: seconds, count: count,
            path: paths[0])
    }
}

/// The same digits in every run, so that a listing is read alike. (SplitMix64.)
struct Digits: RandomNumberGenerator {
    private var state: UInt64 = 42

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
