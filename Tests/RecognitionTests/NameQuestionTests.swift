import Model
import Recognition
import Testing

@Suite("neighbours answer what a name leaves open")
struct NameQuestionTests {
    private func days(_ count: Int, _ name: (Int) -> String) -> [Bytes] { (1...count).map { Bytes(name($0)) } }
    private func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }

    @Test("a part greater than 12 says which is the day")
    func dayOrder() throws {
        let reading = read(["s-11-12-2026_01-05.sql", "s-24-11-2026_01-05.sql"])
        #expect(Set(reading.units.map(\.series)) == ["d/s-*.sql"])
        #expect(reading.unit("s-11-12-2026_01-05.sql")?.time == Timestamp(rfc3339: "2026-12-11T01:05:00Z"))
        let american = read(["b-11.23.2026_01-00-00_u.tar.gz", "b-11.12.2026_01-00-00_u.tar.gz"])
        #expect(american.unit("b-11.12.2026_01-00-00_u.tar.gz")?.time == Timestamp(rfc3339: "2026-11-12T01:00:00Z"))
    }

    @Test("where a whole date begins at the year of another, nobody knows which is meant")
    func twoDates() {
        // A version and a date, or a date and a time of day; a server called dec10.
        for names in [
            ["pg-15-11-2026-11-23.sql", "pg-15-11-2026-11-24.sql"], ["s-24-11-2026-01-05.sql"],
            ["dec10-2026-11-23.sql", "dec10-2026-11-24.sql"], ["jan-11-2026-11-23.sql", "x_24.Nov.2026.01.05.sql"],
        ] as [[Bytes]] {
            let reading = read(names)
            #expect(reading.units.isEmpty)
            for name in names { #expect(reading.why(name)?.contains("time-format") == true) }
        }
        #expect(read(["s-24-11-2026-01-00.sql"]).units.first?.time == Timestamp(rfc3339: "2026-11-24T01:00:00Z"))
        #expect(read(["Nov-23-2026-23-50.sql"]).units.first?.time == Timestamp(rfc3339: "2026-11-23T23:50:00Z"))
    }

    @Test("undecided dates are left alone, with the line to write; with proofs of both it stays so")
    func undecided() {
        let open = read(["s-11-12-2026.sql", "s-10-12-2026.sql"])
        #expect(open.units.isEmpty && open.why("s-11-12-2026.sql")?.contains("time-format") == true)
        let torn = read(["s-11-12-2026.sql", "s-24-12-2026.sql", "s-12-24-2026.sql"])
        #expect(torn.units.isEmpty && torn.skippedEntries.allSatisfy { $0.why.text.contains("time-format") })
    }

    @Test("three contents that agree with one reading only decide the order of day and month")
    func dayOrderByContent() throws {
        var reading = read(["s-01-12-2026.sql", "s-02-12-2026.sql", "s-03-12-2026.sql"])
        func content(_ first: String) -> (DirectoryReading.Unit) -> Timestamp? {
            { unit in
                let parts = unit.name.display.dropFirst(2).split(separator: "-")
                return Timestamp(
                    rfc3339: first == "day" ? "2026-\(parts[1])-\(parts[0])" : "2026-\(parts[0])-\(parts[1])")
            }
        }
        reading.decide(contentTime: content("day"))
        #expect(reading.units.map(\.time) == (1...3).map { Timestamp(rfc3339: "2026-12-0\($0)") })
        #expect(reading.skippedEntries.isEmpty && reading.undecided.isEmpty)
        var american = read(["s-01-12-2026.sql", "s-02-12-2026.sql", "s-03-12-2026.sql"])
        american.decide(contentTime: content("month"))
        #expect(american.units.map(\.time) == (1...3).map { Timestamp(rfc3339: "2026-0\($0)-12") })
        var lost = read(["s-01-12-2026.sql", "s-02-12-2026.sql", "s-03-12-2026.sql"])
        lost.decide { _ in Timestamp(rfc3339: "2027-05-05") }
        #expect(lost.units.isEmpty && lost.skippedEntries.count == 3)
    }

    @Test("an incremental one is not read alone: without its kind it would be taken for a full one")
    func dayOrderOfIncrementals() {
        #expect(read(["h-full-22-11-2026.tar", "h-inc-23-11-2026.tar"]).unit("h-inc-23-11-2026.tar") == nil)
    }

    @Test("hours: all of a day, or the same steps through two days; numbers go beyond 23")
    func hours() {
        let all = (0...23).map { Bytes("s.out-2026-11-22-\(two($0)).gz") }
        #expect(Set(read(all).units.map(\.series)) == ["d/s.out-*.gz"])
        #expect(read(all).unit("s.out-2026-11-22-23.gz")?.time == Timestamp(rfc3339: "2026-11-22T23:00:00Z"))
        let steps: [Bytes] = ["x-20261122_02.tar", "x-20261122_14.tar", "x-20261123_02.tar", "x-20261123_14.tar"]
        #expect(Set(read(steps).units.map(\.series)) == ["d/x-*.tar"])
        let pieces = (20...30).map { Bytes("x-20261122-\($0).tar") }
        #expect(read(pieces).units.count == 11 && Set(read(pieces).units.map(\.series)).count == 11)
        #expect(read(["x-20261122-01.tar", "x-20261122-02.tar"]).units.isEmpty)
    }

    @Test("the contents say whether two digits are an hour or a number")
    func hoursByContent() {
        let names = (1...5).map { Bytes("x-20261122-0\($0).tar") }
        var hours = read(names)
        hours.decide { Timestamp(rfc3339: "2026-11-22T0\($0.name.display.dropFirst(12).prefix(1)):00:40Z") }
        #expect(Set(hours.units.map(\.series)) == ["d/x-*.tar"] && Set(hours.units.map(\.time)).count == 5)
        var pieces = read(names)
        pieces.decide { _ in Timestamp(rfc3339: "2026-11-22T13:00:00Z") }
        #expect(Set(pieces.units.map(\.series)).count == 5)
    }

    @Test("digits behind seconds are a fraction where they never come back, and a customer's where they do")
    func fractions() {
        let digits = ["482913", "017730", "903311", "260001", "771234"]
        let fractions = days(5) { "j_2026112\($0)_010203_\(digits[$0 - 1]).tar" }
        #expect(Set(read(fractions).units.map(\.series)) == ["d/j_*.tar"])
        #expect(read(Array(fractions.prefix(2))).units.isEmpty)
        let customers = days(3) { "j_2026112\($0)_010203_100234.tar" } + days(3) { "j_2026112\($0)_010210_100235.tar" }
        #expect(Set(read(customers).units.map(\.series)) == ["d/j_*_100234.tar", "d/j_*_100235.tar"])
    }

    @Test("numbers are seconds since 1970 where they have a rhythm, or most contents agree")
    func epochs() {
        let names = (0..<10).map { Bytes("e-\(1_794_618_000 + 86_400 * $0)") }
        #expect(read(names).units.allSatisfy { $0.ambiguity == nil })
        let ids = [1_473_829_384, 1_473_829_385, 1_473_829_386, 1_473_829_387, 1_473_829_388].map { Bytes("e-\($0)") }
        #expect(read(ids).units.allSatisfy { $0.ambiguity != nil })
        // Of the year 2016, and no seconds.
        #expect(read(days(9) { "e-16112\($0)0100" }).units.allSatisfy { $0.ambiguity != nil })
        var few = read(Array(names.prefix(3)))
        few.decide { $0.name == names[0] ? Timestamp(rfc3339: "2030-01-01") : $0.time }
        #expect(few.units.count == 3)
        var none = read(Array(names.prefix(3)))
        none.decide { _ in Timestamp(rfc3339: "2030-01-01") }
        #expect(none.units.isEmpty && none.why(names[0]) == DirectoryReading.notBorneOut)
    }

    @Test("what was decided stays so when its neighbours are gone")
    func remembered() {
        let day: Bytes = "s-11-12-2026.sql", epoch: Bytes = "e-1795395600"
        var reading = read([day, epoch])
        reading.decide {
            $0.name == day ? Timestamp(rfc3339: "2026-12-11") : $0.time
        } contentTime: { _ in
            Timestamp(rfc3339: "2030-01-01")
        }
        #expect(reading.units.map(\.name) == [epoch, day])
        #expect(reading.unit(day)?.time == Timestamp(rfc3339: "2026-12-11"))
        var month = read(["s-202611.sql"], in: "monthly")
        month.decide { _ in
            Timestamp(rfc3339: "2026-11-01")
        } contentTime: { _ in
            nil
        }
        #expect(month.units.map(\.time) == [Timestamp(rfc3339: "2026-11-01")])
    }

    @Test("six digits are weeks in weekly, months in monthly, or what they themselves say")
    func periods() {
        let weeks: [Bytes] = ["s-202647.sql.gz", "s-202648.sql.gz"]
        #expect(read(weeks, in: "weekly").unit("s-202648.sql.gz")?.time == Timestamp(rfc3339: "2026-11-23"))
        #expect(read(weeks).units.isEmpty)
        #expect(read(["s-202646.sql.gz"] + weeks).units.count == 3)
        let months: [Bytes] = ["s-202610.sql.gz", "s-202611.sql.gz"]
        #expect(
            read(months, in: "monthly").units.map(\.time) == [
                Timestamp(rfc3339: "2026-10-01"), Timestamp(rfc3339: "2026-11-01"),
            ])
        #expect(read(months).units.isEmpty)
        #expect(read(["s-2026-12.tar", "s-2027-01.tar"]).units.map(\.series) == ["d/s-*.tar", "d/s-*.tar"])
        #expect(read(["s-202610.tar", "s-202690.tar"], in: "monthly").units.isEmpty)
    }
}
