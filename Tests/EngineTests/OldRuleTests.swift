import Engine
import Model
import Testing

@Suite("init --from: what another program's line keeps")
struct OldRuleTests {
    private func lines(_ text: String, _ paths: [Bytes] = []) throws -> [String] {
        try OldRule(reading: text, for: paths).lines.filter { !$0.hasPrefix("#") }
    }

    private static func rotated(_ names: String...) -> String {
        let day = String(repeating: "[0-9]", count: 8)
        let all = names.flatMap { name in ["", ".gz", ".bz2", ".xz", ".zst"].map { "'!/\(name)-\(day)\($0)'" } }
        return "exclude: [ '*', \(all.joined(separator: ", ")) ]"
    }

    private static let ofVzdump = "exclude: [ '*', '!*/', '!vzdump-*' ]"

    @Test(
        "the meaning of a line, as configuration",
        arguments: [
            ("find /b -mtime +30 -delete", ["keep: { within: 31d }"]),
            ("find /b -type f -mmin +90 -exec rm -f {} \\;", ["keep: { within: 91min }"]),
            (
                "[ -x /usr/bin/find ] && find /b -type d -maxdepth 1 -mtime +30 -exec rm -rf {} +",
                ["keep: { within: 31d }", "exclude: [ '*', '!*/', '/*/*/' ]"]
            ),
            (
                "find /b ! -iname 'Keep*' -mtime +30 -delete",
                ["keep: { within: 31d }", "exclude: [ '[kK][eE][eE][pP]*' ]"]
            ),
            (
                "find /b -type d -mtime +30 -print0 | xargs -0 rm -r --",
                ["keep: { within: 31d }", "exclude: [ '*', '!*/' ]"]
            ),
            ("borg create ::x /y && borg prune -d 7", ["semantics: borg", "keep: { daily: 7 }"]),
            (
                "#prune-backups: keep-INTERVAL=N\nprune-backups: keep-last=9",
                ["semantics: proxmox", "keep: { last: 9 }", Self.ofVzdump]
            ),
            (
                "rotate-backups -r -d 2*7 /b",
                [
                    "semantics: { like: rotate-backups, empty-periods: skip }", "keep: { daily: 14 }",
                    "exclude: [ '/*/**' ]",
                ]
            ),
            ("dateext\n/b/db.sql {\nrotate 4\n}", ["keep: { last: 4 }", Self.rotated("db.sql")]),
            ("0 4 * * 7 root nice -n 10 find /b/ -mtime +0 -print0 | xargs -0 rm", ["keep: { within: 1d }"]),
            (
                "find /b -maxdepth 1 \\( -name '*.sql' -o -name '*.gz' \\) ! -name 'keep*' -mtime +7 -delete",
                ["keep: { within: 8d }", "exclude: [ '*', '!*/', '!*.sql', '!*.gz', 'keep*', '/*/' ]"]
            ),
            (
                "restic -r /r forget --keep-daily=7 -w 4 -m12 --keep-yearly unlimited --keep-within 2y5m --prune",
                [
                    "semantics: restic",
                    "keep: { daily: 7, weekly: 4, monthly: 12, yearly: unlimited, within: 2y5m }",
                ]
            ),
            (
                "borg prune -v --list --keep-within=10d -d 7 --keep-13weekly 3 --keep-monthly -1 ::",
                ["semantics: borg", "keep: { within: 10d, daily: 7, 13weekly: 3, monthly: unlimited }"]
            ),
            ("borg prune --keep-daily 30d --keep-last 3", ["semantics: borg2", "keep: { daily: 30d, last: 3 }"]),
            (
                "prune-backups keep-last=3,keep-daily=0,keep-weekly=4",
                ["semantics: proxmox", "keep: { last: 3, weekly: 4 }", Self.ofVzdump]
            ),
            (
                "proxmox-backup-client prune vm/100 --keep-last 3 --keep-yearly 1",
                ["semantics: proxmox", "keep: { last: 3, yearly: 1 }", Self.ofVzdump]
            ),
            ("prune-backups: keep-all=1", ["semantics: proxmox", "keep: all", Self.ofVzdump]),
            ("vzdump 101 --maxfiles 4", ["semantics: proxmox", "keep: { last: 4 }", Self.ofVzdump]),
            ("maxfiles: 0", ["semantics: proxmox", "keep: all", Self.ofVzdump]),
            (
                "rotate-backups --daily=7 -w 4 -y always /b",
                [
                    "semantics: rotate-backups", "keep: { daily: 7, weekly: 4, yearly: unlimited }",
                    "exclude: [ '/*/**' ]",
                ]
            ),
            (
                "rotate-backups -H 24 --relaxed -p -I 'db*' -x '*.log' /b",
                [
                    "semantics: { like: rotate-backups, empty-periods: skip, of-period: newest }",
                    "keep: { hourly: 24 }",
                    "exclude: [ '*', '!*/', '!db*', '*.log', '/*/**' ]",
                ]
            ),
            (
                "/b/db.sql /b/x.tar {\n  daily\n  rotate 14\n  dateext\n}",
                ["keep: { last: 14 }", Self.rotated("db.sql", "x.tar")]
            ),
            ("/b/*.sql { rotate -1\ndateext }", ["keep: all", Self.rotated("*.sql")]),
            (
                "CONFIG_backup_dir='/b'\nCONFIG_rotation_daily=6\nCONFIG_rotation_weekly=35 # weeks\nCONFIG_rotation_monthly=0",
                [
                    "keep: all", "series:", "  'daily/**': { keep: { within: 7d } }",
                    "  'weekly/**': { keep: { within: 36d } }",
                ]
            ),
            (
                "BACKUPDIR=\"/b\"\nBRDAILY=14\nBRWEEKLY=5\nBRMONTHLY=12",
                [
                    "keep: all", "series:", "  'daily/**': { keep: { last: 14 } }",
                    "  'weekly/**': { keep: { last: 5 } }",
                    "  'monthly/**': { keep: { last: 12 } }",
                ]
            ),
            (
                "BACKUPDIR='/b'\nDOWEEKLY=6",
                ["keep: all", "series:", "  'daily/**': { keep: { last: 7 } }", "  'weekly/**': { keep: { last: 5 } }"]
            ),
        ] as [(String, [String])])
    func meaning(text: String, expected: [String]) throws {
        #expect(try lines(text) == expected)
    }

    @Test("a section of rotate-backups' settings is that of the directory; another one is no one's")
    func sections() throws {
        let text = "# mine\n[/b/one]\ndaily = 7\nstrict = no\n[/b/hosts/*]\nweekly = 2\nprefer-recent = yes\n"
        #expect(
            try lines(text, ["/b/one"]) == [
                "semantics: { like: rotate-backups, empty-periods: skip }", "keep: { daily: 7 }",
                "exclude: [ '/*/**' ]",
            ])
        #expect(try lines(text, ["/b/hosts/web"])[1] == "keep: { weekly: 2 }")
        #expect(throws: Fault.self) { try lines(text, ["/c"]) }
        #expect(throws: Fault.self) { try lines(text) }
    }

    @Test(
        "what is not understood is refused: a rule that deletes more would be a lie",
        arguments: [
            "find /b -delete", "find /b -mtime +3", "find /b -mtime -3 -delete", "find /b -mtime 3 -delete",
            "find /b -newer /x -delete", "find /b -mtime +3 -exec mv {} /c \\;", "find /b -size +1G -mtime +3 -delete",
            "find /b -name a -o -mtime +3 -delete", "find /b -mtime +3 -o -name b -delete", "find /b -ctime +3 -delete",
            "find /b -mindepth 3 -mtime +3 -delete", "find /b -mtime +3 -mtime +5 -delete", "find /b -mtime +x -delete",
            "find /b -name '*.gz' -o -name '*.tar' -mtime +30 -delete",
            "find /b -name 'db-*' -name '*.gz' -mtime +3 -delete",
            "find /b \\( -name a -name b \\) -mtime +3 -delete", "find /b -not -name \"$HOST*\" -mtime +3 -delete",
            "find /b -name db[12]-* -mtime +3 -delete", "find /b/* -mtime +3 -delete", "find /b -mtime +$DAYS -delete",
            "find /b -mtime +3 -exec rm -rf {} +", "find /b -mtime +3 -print0 | xargs -0 mv -t /c",
            "find /b -name x -mtime +3 -delete; find /b -name y -mtime +4 -delete", "ssh nas find /b -mtime +3 -delete",
            "borg prune --from 2026-01-01 -d 7", "borg prune --keep 30d -d 7", "rotate-backups -n -d 7 /b",
            "/b/x {\nrotate 4\ndateext\n}\n/c/y {\nrotate 3\ndateext\n}", "/b/x /c/y { rotate 4\ndateext\n}",
            "/b/x {\nrotate 4\ndateext\nolddir /c\n}", "prune-backups: keep-last=3\nprune-backups: keep-last=4",
            "find /b -mtime +3 -exec rm -i {} \\;", "find /b ! -iname 'Ü*' -mtime +3 -delete",
            "restic forget --keep-last 3 --path /x", "restic forget --keep-last 3 abc123",
            "restic forget -l 3 --dry-run",
            "restic forget --keep-last 3 --keep-tag x", "borg prune -n -d 7 r", "borg prune -d 7 --prefix db-",
            "rotate-backups -d 7 --exclude='[^d]*' /b", "rotate-backups -d 7 --removal-command=rmdir /b",
            "/b/x {\nrotate 4\ndateext\ndateformat -%s\n}",
            "CONFIG_rotation_daily=6\nCONFIG_mysql_dump_differential='yes'",
            "find /b -regex '.*' -mtime +3 -delete", "find /b ! -mtime +3 -delete", "find /b -mtime",
            "restic backup /x", "restic forget", "restic forget --keep-daily x", "restic forget --keep-often 3",
            "borg create ::x /b", "borg prune ::", "rotate-backups /b", "rotate-backups -t '(.*)' -d 7 /b",
            "/b/x { rotate 7 }", "/b/x { dateext }", "/b/x { rotate 0\ndateext }", "rm -rf /b", "", "keep-often=3",
            "BRDAILY=x", "CONFIG_rotation_daily=0", "find /b -type d -mtime +3 -delete",
            "find /b -type d -mtime +3 -exec rm -f {} +", "find /b -type d -mtime +3 | xargs rmdir",
            "find /b -mtime +3 -print0 | xargs -0 rm -rf", "find /b -mtime +3 | xargs rm -i",
            "find /b -mtime +3 -exec rm --recursive {} +", "rotate-backups -d 2*7*3 /b",
        ])
    func refused(text: String) throws {
        #expect(throws: Fault.self) { try lines(text) }
    }
}
