internal import Foundation
internal import Model
internal import Retention

/// Sizes, ages, dates and tables, for 80 columns.
enum Text {
    /// `5.9 GiB`, three digits at most.
    static func size(_ bytes: Int64) -> String { ByteSize.rounded(bytes) }

    /// `22 804`.
    static func count(_ n: Int) -> String {
        let digits = String(n)
        var text = ""
        for (i, digit) in digits.enumerated() {
            if i > 0, (digits.count - i).isMultiple(of: 3) { text += " " }
            text.append(digit)
        }
        return text
    }

    static func plural(_ n: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count(n)) \(n == 1 ? one : many ?? one + "s")"
    }

    static func notRecognised(_ n: Int) -> String {
        n == 1 ? "1 entry is not recognised" : "\(count(n)) entries are not recognised"
    }

    /// `3 min`, `2 h`, `9 d`, `5 y`.
    static func age(_ seconds: Int64) -> String {
        switch seconds {
        case ..<0: "ahead"
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        case ..<(2 * 365 * 86_400): "\(seconds / 86_400) d"
        default: "\(seconds / (365 * 86_400)) y"
        }
    }

    /// A rhythm: `15 min`, `6 h`, `1 d`.
    static func every(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3570: "\((seconds + 30) / 60) min"
        case ..<84_600: "\((seconds + 1800) / 3600) h"
        default: "\(seconds.adding(43_200) / 86_400) d"
        }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    /// `23 Nov 2026 01:00`.
    static func time(_ instant: Timestamp, _ zone: Zone) -> String {
        var zone = zone
        let c = zone.civil(instant)
        return "\(date(c)) \(two(c.hour)):\(two(c.minute))"
    }

    /// The same in a sentence, rounded up: what is to happen at that time has happened then.
    static func moment(_ instant: Timestamp, _ zone: Zone) -> String {
        String(time(instant.adding(seconds: 59), zone).drop { $0 == " " })
    }

    /// With seconds where a grace is that short.
    static func precise(_ instant: Timestamp, _ zone: Zone) -> String {
        var zone = zone
        return "\(time(instant, zone)):\(two(zone.civil(instant).second))"
    }

    /// The date in a sentence: without the padding of a column.
    static func day(_ instant: Timestamp, _ zone: Zone) -> String {
        String(date(instant, zone).drop { $0 == " " })
    }

    static func date(_ instant: Timestamp, _ zone: Zone) -> String {
        var zone = zone
        return date(zone.civil(instant))
    }

    /// `Mon 23 Nov 2026 01:00`.
    static func dayAndTime(_ instant: Timestamp, _ zone: Zone) -> String {
        var zone = zone
        let day = Int((zone.civil(instant).daysSince1970 + 3) % 7 + 7) % 7
        return "\(days[day]) \(time(instant, zone))"
    }

    private static func date(_ c: CivilTime) -> String {
        (c.day < 10 ? " " : "") + "\(c.day) \(months[c.month - 1]) \(c.year)"
    }

    /// Of the terminal, or as `COLUMNS` says; 80 where nobody knows.
    static var terminalWidth: Int {
        if let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 {
            return columns
        }
        var size = winsize()
        return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// One line, broken at spaces whatever it says.
    static func folded(_ line: Substring, width: Int) -> String {
        guard line.count > width else { return String(line) }
        let indent = String(line.prefix { $0 == " " })
        return fold(line.dropFirst(indent.count).split(separator: " "), indent, width).joined(separator: "\n")
    }

    /// Breaks lines at spaces so that none is over `width`; what follows is indented two more than its line.
    static func wrap(_ text: String, width: Int = 79) -> String {
        let lines = PrintedCommands.complete(text).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.flatMap { withCommandBelow($0, width) }.map { line in
            let indent = String(line.prefix { $0 == " " })
            // A line to be copied into a shell stays whole.
            guard line.count > width, !isCommand(line.dropFirst(indent.count)) else { return String(line) }
            return fold(
                words(line.dropFirst(indent.count)), indent, width
            )
            .joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// A command at the end of a line that is too long stands alone below it: folded it could not be copied.
    private static func withCommandBelow(_ line: Substring, _ width: Int) -> [Substring] {
        guard line.count > width, let colon = line.firstRange(of: ": reprieve "),
            let first = line[colon.upperBound...].first, first.isLowercase
        else { return [line] }
        let command = line[line.index(colon.lowerBound, offsetBy: 2)...]
        return [
            line[...colon.lowerBound],
            Substring(String(repeating: " ", count: line.prefix { $0 == " " }.count + 2) + command),
        ]
    }

    private static func isCommand(_ line: Substring) -> Bool {
        line.hasPrefix("reprieve ")
    }

    /// Split at spaces, but a command between backticks stays one word.
    private static func words(_ line: Substring) -> [Substring] {
        var words: [Substring] = []
        var rest = line
        while !rest.isEmpty {
            var end = rest.firstIndex(of: " ") ?? rest.endIndex
            if let tick = rest[..<end].firstIndex(of: "`"), rest[tick...].hasPrefix("`reprieve "),
                let close = rest[rest.index(after: tick)...].firstIndex(of: "`")
            {
                end = rest[close...].firstIndex(of: " ") ?? rest.endIndex
            }
            words.append(rest[..<end])
            guard end < rest.endIndex else { break }
            rest = rest[rest.index(after: end)...]
            if rest.isEmpty { words.append(rest) }
        }
        return words
    }

    private static func fold(_ words: [Substring], _ indent: String, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = indent
        var isEmpty = true
        for word in words {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent + "  " + word
            } else {
                line += (isEmpty ? "" : " ") + word
            }
            isEmpty = false
        }
        return lines + [line]
    }

    /// The first ten, and how many more there are.
    static func firstTen(_ lines: [String], indent: String = "  ") -> [String] {
        lines.count > 10 ? lines.prefix(10) + ["\(indent)and \(count(lines.count - 10)) more"] : lines
    }

    /// Cut in the middle, so that beginning and end of a name stay.
    static func fit(_ text: String, _ width: Int) -> String {
        guard text.count > width, width > 3 else { return text }
        let head = (width - 1) / 2
        return text.prefix(head) + "…" + text.suffix(width - 1 - head)
    }
}

/// Columns as wide as their widest cell; two spaces between.
struct Table {
    enum Side { case left, right }

    private var rows: [[String]] = []
    private let sides: [Side]
    /// The last column goes on in the next line where it would pass this width.
    private let width = 79

    init(_ header: [String], _ sides: [Side]) {
        self.sides = sides
        rows = [header]
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// Nothing but its header.
    var isEmpty: Bool { rows.count <= 1 }

    /// A row of the table alone, without any header.
    init(sides: [Side]) { self.sides = sides }

    var text: String {
        let widths = sides.indices.map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = sides.indices.map { column -> String in
                let cell = row.indices.contains(column) ? row[column] : ""
                let pad = String(repeating: " ", count: widths[column] - cell.count)
                return sides[column] == .left ? cell + pad : pad + cell
            }
            return Self.trimmed(cells, widths, width)
        }.joined(separator: "\n")
    }

    private static func trimmed(_ cells: [String], _ widths: [Int], _ width: Int) -> String {
        var line = cells.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        let start = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        guard line.count > width, start < width - 15, let last = cells.last else { return line }
        let indent = String(repeating: " ", count: start)
        var text = cells.dropLast().joined(separator: "  ") + "  "
        var used = start
        for (n, part) in last.split(separator: " ").enumerated() {
            // A name without a place to break it.
            let word = part.count > width - start ? Text.fit(String(part), width - start) : String(part)
            if n > 0, used + 1 + word.count > width {
                text += "\n" + indent
                used = start
            } else if n > 0 {
                text += " "
                used += 1
            }
            text += word
            used += word.count
        }
        return text
    }
}

/// Ids as short as they can be told apart, four characters at least.
struct ShortIDs {
    private let sorted: [String]

    init(_ backups: some Sequence<Backup>) { sorted = Array(Set(backups.map(\.id.objectText))).sorted() }

    func text(_ id: BackupID) -> String {
        let whole = id.objectText
        guard let n = sorted.partitioningIndex(of: whole) else { return id.text }
        let neighbours = [n > 0 ? sorted[n - 1] : nil, n + 1 < sorted.count ? sorted[n + 1] : nil].compactMap { $0 }
        let needed = neighbours.map { zip($0, whole).prefix { $0 == $1 }.count + 1 }.max() ?? 4
        let link = id.text.split(separator: "~").dropFirst().first.map { "~" + $0 } ?? ""
        return whole.prefix(max(4, min(16, needed))) + link
    }
}

extension [String] {
    /// Where an element stands in a sorted array.
    fileprivate func partitioningIndex(of element: String) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == element ? low : nil
    }
}

extension SeriesFreshness.Health {
    /// In capitals where a person must act.
    var text: String {
        switch self {
        case .suspect, .failing, .late: rawValue.uppercased()
        case .ok, .settling, .ended, .retired, .succeeded: rawValue
        }
    }
}
