import Disk
import Model
import Recognition
import Support
import Testing

/// Writes times as strftime does.
private struct Format {
    let text: String

    /// What a date alone is read as.
    var hasHour: Bool { ["H", "I", "s", "N"].contains { text.contains("%" + $0) } }
    var hasMinute: Bool { ["M", "s", "N"].contains { text.contains("%" + $0) } }
    var hasSecond: Bool { ["S", "s", "N"].contains { text.contains("%" + $0) } }

    func written(_ c: CivilTime, _ instant: Timestamp, _ fraction: Int) -> String {
        var (name, rest) = ("", Substring(text))
        while let character = rest.popFirst() {
            guard character == "%", let letter = rest.popFirst() else {
                name.append(character)
                continue
            }
            name += field(letter, c, instant, fraction)
        }
        return name
    }

    private func field(_ letter: Character, _ c: CivilTime, _ instant: Timestamp, _ fraction: Int) -> String {
        func digits(_ value: Int, _ count: Int) -> String {
            String(repeating: "0", count: max(0, count - "\(value)".count)) + "\(value)"
        }
        let weekday = Int(((c.daysSince1970 + 3) % 7 + 7) % 7)
        let half = c.hour % 12 == 0 ? 12 : c.hour % 12
        return switch letter {
        case "Y": digits(c.year, 4)
        case "y": digits(c.year % 100, 2)
        case "m": digits(c.month, 2)
        case "d": digits(c.day, 2)
        case "e": "\(c.day)"
        case "H": digits(c.hour, 2)
        case "k": "\(c.hour)"
        case "I": digits(half, 2)
        case "l": "\(half)"
        case "p": c.hour < 12 ? "AM" : "PM"
        case "M": digits(c.minute, 2)
        case "S": digits(c.second, 2)
        case "f": digits(fraction, 6)
        case "b": String(Self.months[c.month - 1].prefix(3))
        case "B": Self.months[c.month - 1]
        case "A": Self.days[weekday]
        case "a": String(Self.days[weekday].prefix(3))
        case "s": "\(instant.seconds)"
        case "N": "\(instant.seconds)" + digits(fraction / 1000, 3)
        default: "%\(letter)"
        }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    static let all: [Format] =
        [
            "app-%Y-%m-%d.tar", "app-%Y%m%d.tar", "app_%Y_%m_%d.sql.gz", "app.%Y.%m.%d.sql", "%Y-%m-%d", "%Y%m%d",
            "app-%Y-%m-%dT%H:%M:%S.dump", "app-%Y%m%dT%H%M%S.dump", "app-%Y%m%d-%H%M%S.tar", "app-%Y%m%d_%H%M.tar",
            "app_%Y-%m-%d_%Hh%Mm.sql", "app-%Y-%m-%d_%H-%M-%S.tar.zst", "app-%Y-%m-%d-%H-%M.tar", "%Y%m%d%H%M%S.tar",
            "%Y%m%d%H%M.tar", "app_%Y%m%d%H.rda", "app-%Y-%m-%d-%H.gz", "app-%Y-%m-%d.%H.%M.%S.tar",
            "app-%Y.%m.%d.%H.%M.%S.tar", "app %Y-%m-%d %H.%M.%S.zip", "app %Y-%m-%d %I-%M-%S %p.zip",
            "app-%Y%m%d-%I%M%p.zip", "app %Y-%m-%d at %l.%M.%S %p.zip", "app-%d-%m-%Y.tar", "app-%m-%d-%Y.tar",
            "app-%d.%m.%Y_%H.%M.%S.tar", "app-%m.%d.%Y_%H-%M-%S_bob.tar", "app-%d-%m-%Y-%H-%M.sql", "app-%d%m%Y.tar",
            "app-%m%d%Y.tar", "app-%e-%b-%Y.tar", "app-%d%b%Y.tar", "app-%b-%d-%Y.tar", "app-%B-%d-%Y.tar",
            "app-%Y-%b-%d.tar", "app %a %b %e %H:%M:%S %Y.tar", "app-%A-%Y-%m-%d.tar", "app_%Y-%m-%d_%Hh%Mm.%A.sql",
            "app-%Y-%m-%d_%B.tar", "app-%a-%Y-%m-%d.tar", "app-%s.tar", "app-%N.tar", "app_%Y%m%d_%H%M_%N.unf",
            "%s_%Y_%m_%d_app.tar", "app-%Y%m%dT%H%M%S.%f.tar", "app_%Y%m%d_%H%M%S_%f.tar", "app-%Y-%m-%d_%k-%M.tar",
            "app-%Y-%m-%d_%k:%M.tar", "app-%y%m%d.tar", "app-%y-%m-%d.tar", "app-%d-%m-%y.tar", "app-%d%m%y.tar",
            "app-%m%d.tar", "app-%H%M-%Y%m%d.tar", "app-1.2.%Y%m%d.tar", "app-v17.10.1-%Y-%m-%d.tar",
            "app-10.11.12-%Y%m%d-%H%M.tar", "app-12-%Y-%m-%d-345.tar", "app-20100101-%Y%m%d.tar",
            "app-192.168.1.2-%Y-%m-%d-%H%M.tar", "app-%Y-%e.tar", "app-%Y%m.tar", "app-%Y-%m.tar", "app-%H.tar",
        ].map(Format.init)

    static let zones = [
        "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
        "America/St_Johns", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Shanghai",
        "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Pago_Pago",
        "Africa/Cairo", "Atlantic/Azores", "Etc/GMT-2",
    ]
}

@Suite("names, whatever they are")
struct NamePropertyTests {
    @Test("a name written by strftime is read back, or left alone: never as another day", arguments: Format.zones)
    func strftime(zoneName: String) throws {
        #expect(Format.all.count >= 60 && Format.zones.count == 20)
        var zone = try #require(Zone(name: zoneName))
        var generator = Seeded(seed: zoneName.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) })
        var read = 0
        for format in Format.all {
            for _ in 0..<4 {
                let count = Int.random(in: 1...12, using: &generator)
                var written: [Bytes: Timestamp] = [:]
                for _ in 0..<count {
                    // 2015 to 2029
                    let instant = Timestamp(seconds: .random(in: 1_420_000_000...1_890_000_000, using: &generator))
                    let fraction = Int.random(in: 0...999_999, using: &generator)
                    written[Bytes(format.written(zone.civil(instant), instant, fraction))] = instant
                }
                var reading = RecognitionTests.read(Array(written.keys), zone: zone)
                // Contents as they are, or lost.
                if Bool.random(using: &generator) {
                    reading.decide { written[$0.name].map { Timestamp(seconds: $0.seconds + 300) } }
                } else {
                    reading.decide { _ in Timestamp(seconds: 1_900_000_000) }
                }
                for unit in reading.units {
                    let (time, instant) = (try #require(unit.time), try #require(written[unit.name]))
                    let (found, wanted) = (zone.civil(time), zone.civil(instant))
                    let text = "\(format.text) in \(zoneName): \(unit.name) is \(found)"
                    let isPeriod = unit.recogniser == "a month or week in its name"
                    #expect(found.year == wanted.year && found.month == wanted.month, "\(text)")
                    if !isPeriod { #expect(found.day == wanted.day, "\(text)") }
                    // A time of day may be left out, and some midnights are 1 o'clock.
                    let isDate =
                        time == zone.instant(of: CivilTime(year: wanted.year, month: wanted.month, day: wanted.day))
                    if format.hasHour, !isDate { #expect(found.hour == wanted.hour, "\(text)") }
                    if format.hasMinute, !isDate { #expect(found.minute == wanted.minute, "\(text)") }
                    if format.hasSecond, !isDate { #expect(found.second == wanted.second, "\(text)") }
                }
                read += reading.units.count
            }
        }
        // Most are read: this is no test of leaving alone.
        #expect(read > 600, "\(read)")
    }

    // MARK: More names

    /// A directory of several things, whose names say their times in one of these ways.
    private func directory(_ generator: inout Seeded) -> [Bytes] {
        var names: Set<Bytes> = []
        for thing in 0..<Int.random(in: 1...3, using: &generator) {
            let format = Format.all.randomElement(using: &generator)!
            let step = [3600, 21_600, 86_400, 7 * 86_400, 40 * 86_400].randomElement(using: &generator)!
            let start = Int.random(in: 1_700_000_000...1_790_000_000, using: &generator)
            let head = ["", "db\(thing)-", "c-10\(thing)-", "v1.1\(thing)_"].randomElement(using: &generator)!
            for n in 0..<Int.random(in: 1...25, using: &generator) {
                let instant = Timestamp(seconds: Int64(start + n * step))
                var name =
                    head
                    + format.written(
                        CivilTime(localSeconds: instant.seconds), instant,
                        Int.random(in: 0...999_999, using: &generator))
                // Behind all endings a number would be that of a piece.
                let number = ["", "", "", "-0\(n % 3)", "-1\(n / 4).1\(n % 4)"].randomElement(using: &generator)!
                let dot = name.lastIndex(of: ".") ?? name.endIndex
                name = name[..<dot] + number + name[dot...] + ["", ".gz", ".zst"].randomElement(using: &generator)!
                names.insert(Bytes(name))
            }
        }
        return names.sorted()
    }

    @Test("more names never turn one reading into another, and their order does not matter")
    func moreNames() {
        var generator = Seeded(seed: 20_261_123)
        for _ in 0..<1500 {
            let all = directory(&generator)
            let some = all.filter { _ in Int.random(in: 0...2, using: &generator) > 0 }
            let place: Bytes = ["d", "weekly", "monthly/app", "2026/11", "2024"].randomElement(using: &generator)!
            let (before, after) = (read(some, in: place), read(all.shuffled(using: &generator), in: place))
            #expect(after.units == read(all, in: place).units)
            #expect(after.proposals == read(all, in: place).proposals)
            for unit in before.units {
                guard let now = after.unit(unit.name) else { continue }
                #expect(
                    now.time == unit.time && now.series == unit.series,
                    "\(unit.name): \(unit.series) \(unit.time!) is \(now.series) \(now.time!) among \(all)")
            }
        }
    }

    @Test("any bytes are read without a trap, in any company")
    func anyBytes() {
        var generator = Seeded(seed: 7)
        let words = [
            "2026", "11", "23", "-", "_", ".", "T", "AM", " PM", "Nov", "März", "W48", "week.", "1795395600", "*", "\\",
            "{",
        ]
        for _ in 0..<2000 {
            let names = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
                Bytes(
                    (0..<Int.random(in: 1...9, using: &generator)).flatMap { _ in
                        Bool.random(using: &generator)
                            ? Array(words.randomElement(using: &generator)!.utf8)
                            : [UInt8.random(in: 1...255, using: &generator)]
                    }.filter { $0 != UInt8(ascii: "/") })
            }
            var reading = read(names.filter { !$0.isEmpty })
            reading.decide { _ in Timestamp(seconds: 1_795_395_600) }
        }
    }
}
