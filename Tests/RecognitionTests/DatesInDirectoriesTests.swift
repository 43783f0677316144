import Model
import Recognition
import Testing

@Suite("dates in directories")
struct DatesInDirectoriesTests {
    @Test(
        "what lies in the directory of a day is a backup of that day",
        arguments: [
            ("2026/11/23", "db.sql.gz", "2026-11-23T00:00:00Z", "*/*/*/db.sql"),
            ("app/2026/11/23", "db.sql.gz", "2026-11-23T00:00:00Z", "app/*/*/*/db.sql"),
            ("app/2026-11/23", "db.sql.gz", "2026-11-23T00:00:00Z", "app/*/*/db.sql"),
            ("app/202611/23", "db.sql.gz", "2026-11-23T00:00:00Z", "app/*/*/db.sql"),
            ("2026/1/2", "db.sql", "2026-01-02T00:00:00Z", "*/*/*/db.sql"),
            ("2026/11/23", "host1/", "2026-11-23T00:00:00Z", "*/*/*/host1"),
            ("2026/11/23/01", "db.sql.gz", "2026-11-23T01:00:00Z", "*/*/*/*/db.sql"),
            // A time of day that can be nothing else.
            ("2026/11/23", "db-01h05m.sql", "2026-11-23T01:05:00Z", "*/*/*/db-*.sql"),
            ("2026/11/23", "db_T0105.sql", "2026-11-23T01:05:00Z", "*/*/*/db_*.sql"),
            ("2026/11/23", "01:05:30.tar", "2026-11-23T01:05:30Z", "*/*/*/*.tar"),
            ("2026/11/23", "db-01-05-30.sql", "2026-11-23T01:05:30Z", "*/*/*/db-*.sql"),
            // Digits may be customers: they are part of the series.
            ("2026/11/23", "customer-1001.tar", "2026-11-23T00:00:00Z", "*/*/*/customer-1001.tar"),
            ("2026/11/23", "pg-10-11.sql", "2026-11-23T00:00:00Z", "*/*/*/pg-10-11.sql"),
            // Its own date counts, as long as the directory agrees; also in the directory of a month.
            ("2026/11/23", "db-2026-11-23T0100.sql", "2026-11-23T01:00:00Z", "*/*/*/db-*.sql"),
            ("2026/11/23", "db-2026-11-24.sql", "2026-11-24T00:00:00Z", "*/*/*/db-*.sql"),
            ("2026/11", "db-2026-11-23.sql", "2026-11-23T00:00:00Z", "*/*/db-*.sql"),
            ("2026/11", "db-2026-12-01.sql", "2026-12-01T00:00:00Z", "*/*/db-*.sql"),
            ("2026/11", "2026-11-23/", "2026-11-23T00:00:00Z", "*/*/*"),
            // A directory that is called `*` is no date.
            ("*/2026/11/23", "db.sql", "2026-11-23T00:00:00Z", "\\*/*/*/*/db.sql"),
        ] as [(Bytes, Bytes, String, Bytes)])
    func dated(directory: Bytes, name: Bytes, instant: String, series: Bytes) throws {
        let reading = read([name], in: directory)
        let unit = try #require(reading.units.first, "\(reading)")
        #expect(unit.time == Timestamp(rfc3339: instant) && unit.series == series, "\(unit)")
        #expect(unit.recogniser == "a date in its directories")
    }

    @Test(
        "what is no date is read as ever",
        arguments: [
            "2026", "2026/projects", "2026/13/01", "2026/02/30", "app/11/23", "2026/11/23/x", "1026/11/23",
            "2026/11/24a",
            "2026/011/23", "2026/11/23/24",
        ] as [Bytes])
    func others(directory: Bytes) {
        let reading = read(["notes.txt", "db-2026-06-01.sql", "x/"], in: directory)
        #expect(reading.unit("db-2026-06-01.sql")?.series == directory + "/db-*.sql")
        #expect(reading.why("notes.txt") == "no date in its name" && reading.descend == ["x"])
    }

    @Test("years, months and hours are looked into; a day alone stays one directory")
    func steps() {
        #expect(read(["2026/"], in: "").descend == ["2026"])
        #expect(read(["11/", "12/"], in: "2026").descend == ["11", "12"])
        #expect(read(["01/", "23/"], in: "2026/11").descend == ["01", "23"])
        #expect(read(["00/", "23/", "24/"], in: "2026/11/23").descend == ["00", "23"])
        #expect(read(["2026-11-23/"], in: "app").units.map(\.series) == ["app/*"])
    }

    @Test("a date that is not that of its directory is refused")
    func disagree() {
        for (directory, name) in [("2026/11/23", "db-2026-11-26.sql"), ("2026/11", "db-2026-09-23.sql")]
            as [(Bytes, Bytes)]
        {
            #expect(read([name], in: directory).why(name) == "its date is not that of its directory")
        }
        #expect(read(["db-2026-02-30.sql"], in: "2026/11/23").why("db-2026-02-30.sql")?.contains("calendar") == true)
    }

    @Test("an hour's directory may be a customer's: the content has to say so, even where it looks like a schedule")
    func hours() throws {
        let unit = try #require(read(["db.sql"], in: "2026/11/23/01").units.first)
        #expect(unit.ambiguity?.window == -600...3600)
        #expect(read(["db-2026-11-23T0110.sql"], in: "2026/11/23/01").units.first?.ambiguity == nil)
        #expect(read(["db-2026-11-23.sql"], in: "2026/11/23/01").units.first?.ambiguity != nil)
    }

    @Test("side files, temporary and hidden names mean in a day what they mean elsewhere")
    func others() {
        let reading = read(["db.sql", "db.sql.sha256", "new.sql.partial", ".hidden", ".nfs0001"], in: "2026/11/23")
        #expect(reading.unit("db.sql")?.sideFiles == ["db.sql.sha256"])
        #expect(reading.unit("new.sql.partial")?.isTemporary == true)
        #expect(Set(reading.skippedEntries.map(\.name)) == [".hidden", ".nfs0001"])
    }

    @Test("people see the name without its dates")
    func names() {
        let key: Bytes = "app/*/*/*/db.sql.gz"
        #expect(Backup.name(ofSeries: key) == "app/db.sql.gz" && Backup.shortName(ofSeries: key) == "app/db")
        #expect(Backup.name(ofSeries: "*/*/*/db-*.sql") == "db.sql")
        #expect(Backup.name(ofSeries: "\\*/*/*/*/db.sql") == "*/db.sql")
        #expect(Backup.name(ofSeries: "2026/*") == "2026" && Backup.name(ofSeries: "*/*/*") == ".")
    }
}

@Suite("rotated by name")
struct RotatedByNameTests {
    @Test(
        "what its writer renames or writes over is never a backup",
        arguments: [
            ["db.sql.gz.1"], ["db.sql.1.gz"], ["db.sql.1.gz", "db.sql.2.gz"], ["dump.1", "dump.2"], ["dump", "dump.1"],
            ["db-Mon.sql", "db-Tue.sql"], ["db_monday.tar.gz"], ["Friday.tar"], ["db.sql", "db.sql.old"],
            ["db.sql", "db.sql.bak"],
            ["d-01.sql", "d-02.sql", "d-03.sql", "d-04.sql", "d-05.sql", "d-06.sql", "d-31.sql"],
        ] as [[Bytes]])
    func rotated(names: [Bytes]) {
        let reading = read(names)
        let name = names[names.count - 1]
        let bare = name.hasSuffix("/") ? name.dropLast(1) : name
        #expect(reading.units.isEmpty && reading.descend.isEmpty)
        #expect(reading.why(bare)?.hasPrefix("rotated by name: its writer ") == true, "\(reading.skippedEntries)")
    }

    @Test(
        "what may be something else is not called so",
        arguments: [
            ["dump.1"], ["base.001", "base.002"], ["sun-sparc.tar"], ["month.tar"], ["db.sql.old"],
            ["disk-01.img", "disk-02.img"],
            ["d-00.sql", "d-02.sql", "d-03.sql", "d-04.sql", "d-05.sql", "d-06.sql", "d-31.sql"],
        ] as [[Bytes]])
    func undated(names: [Bytes]) {
        #expect(read(names).skippedEntries.allSatisfy { $0.why.text == "no date in its name" })
    }

    @Test("directories with numbers are looked into, unless they begin at 0 as rsnapshot's do")
    func directories() {
        #expect(read(["app.1/", "app.2/"]).descend == ["app.1", "app.2"])
        #expect(read(["Monday/", "backup.0/"]).descend == ["Monday"])
        #expect(read(["backup.0/", "backup.1/"]).descend.isEmpty)
    }

    @Test("a date in the name wins")
    func dates() {
        #expect(read(["db-2026-11-23.sql.1"]).units.map(\.series) == ["d/db-*.sql.1"])
        let byMtime = read(["db-2026-11-23.sql.1", "db.sql.1", "host-01.tar"], by: .byMtime)
        #expect(byMtime.units.map(\.name) == ["db-2026-11-23.sql.1", "host-01.tar"])
        #expect(byMtime.why("db.sql.1")?.hasPrefix("rotated by name") == true)
    }
}
