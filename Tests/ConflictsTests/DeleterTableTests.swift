@testable import Conflicts
import Engine
import Foundation
import Model
import Support
import Testing

/// Lines as people write them, and what is said of each for a vault at `/srv/backups`.
@Suite("Other programs: lines of cron")
struct DeleterTableTests {
    struct Line: Sendable, CustomTestStringConvertible {
        var text: String
        /// `problem find -delete`; `nil`: nothing is said.
        var said: String?

        init(_ text: String, _ said: String? = nil) { (self.text, self.said) = (text, said) }
        var testDescription: String { text }
    }

    static let reaching: [Line] = [
        .init("find /srv/backups -mtime +30 -delete", "problem find -delete"),
        .init("/usr/bin/find /srv/backups/ -type f -mtime +5 -exec /bin/rm \"{}\" \\; &", "problem find -exec rm"),
        .init("find /etc/x /srv/backups/mysql -name '*.gz' -mtime +14 -exec rm -f {} +", "problem find -exec rm"),
        .init("find /srv/backups/* -mtime +400 -exec rm -r {} \\;", "problem find -exec rm"),
        .init("find /srv -type f -mtime +90 -delete", "problem find -delete"),
        .init("find /srv -maxdepth 2 -mtime +90 -delete", "problem find -delete"),
        .init("find /srv/backups -maxdepth 1 -type d -mtime +15 -exec rm -rf {} ';'", "problem find -exec rm"),
        .init("find /srv/backups -type f -execdir rm -- '{}' \\;", "problem find -execdir rm"),
        .init("find /srv/backups -mtime +9 -exec sh -c 'rm -f \"$1\"' _ {} \\;", "problem find -exec sh -c 'rm …'"),
        .init("find /srv/backups/databases/ -name '*.gz' | xargs rm -f;", "problem find | xargs rm"),
        .init("find /srv/backups -type d -ctime +40 -print0 | sort -z | xargs -0 rm -rf", "problem find | xargs rm"),
        .init("ls -1t /srv/backups/*.sql.gz | tail -n +8 | xargs rm -f", "problem xargs rm"),
        .init("cd /srv/backups && ls -t | tail -n +8 | xargs --no-run-if-empty rm", "problem xargs rm"),
        .init("cd /srv/backups; (ls -t|head -n 50;ls)|sort|uniq -u|xargs rm", "problem xargs rm"),
        .init("ls /srv/backups | head -n -8 | xargs -I{} rm -rf /srv/backups/{}", "problem xargs rm"),
        .init("rm -f /srv/backups/*.sql.gz", "problem rm"),
        .init("rm -rf /srv/backups/old-* > /dev/null 2>&1", "problem rm"),
        .init("rm -rf /srv/backups", "problem rm"),
        .init("rm -rf /srv/*", "problem rm"),
        .init("rm -f /srv/backups/db-$(date -d '30 days ago' +\\%F).sql.gz", "problem rm"),
        .init("rm -f /srv/backups/db-`date --date='30 days ago' +\\%F`.sql.gz", "problem rm"),
        .init("nice -n 19 ionice -c3 find /srv/backups -mtime +7 -delete", "problem find -delete"),
        .init("flock -n /var/lock/x.lock find /srv/backups -mtime +7 -delete", "problem find -delete"),
        .init("sudo -u backup bash -lc \"find /srv/backups -mtime +7 -delete\"", "problem find -delete"),
        .init("su - backup -c 'find /srv/backups -mtime +7 -delete'", "problem find -delete"),
        .init("test -d /srv/backups && timeout 1h find /srv/backups -mmin +999 -delete", "problem find -delete"),
        .init("N=$(find /srv/backups -mtime +7 -print -delete | wc -l); logger $N", "problem find -delete"),
        .init("tmpreaper --mtime 30d /srv/backups", "problem tmpreaper"),
        .init("tmpwatch --mtime 720 /tmp /srv/backups", "problem tmpwatch"),
        .init("rotate-backups --daily=7 --weekly=4 /srv/backups/laptop", "problem rotate-backups"),
        .init("rsync -a --delete /home/ /srv/backups/", "problem rsync --delete"),
        .init("rsync -aH --delete-after web1:/srv/backups/ /srv/backups", "problem rsync --delete"),
        .init("rsync -a --delete /srv/backups /srv", "problem rsync --delete"),
        .init("rsync -a --delete --filter='protect /.trash' /home/ /srv/backups/", "note rsync --delete"),
        .init("rclone sync b2:bucket /srv/backups --transfers 4", "problem rclone sync"),
        .init("rclone delete --min-age 30d /srv/backups", "problem rclone delete"),
        .init("rclone move /srv/backups b2:archive --min-age 30d", "problem rclone move"),
        .init("vzdump --all --dumpdir /srv/backups --maxfiles 3", "problem vzdump"),
        .init("find /srv/backups -path '*/.trash' -prune -o -mtime +30 -exec rm {} +", "note find -exec rm"),
        .init("find /srv/backups -not -path '*/.trash/*' -mtime +30 -delete", "note find -delete"),
        .init("find /srv/$SITE -mtime +30 -delete", "note find -delete"),
        .init("find / -xdev -name '*.dump' -mtime +30 -delete", "note find -delete"),
        .init("rdiff-backup --remove-older-than 4W /srv/backups/web", "note rdiff-backup"),
        .init("duplicity remove-older-than 6M --force file:///srv/backups/dup", "note duplicity"),
        .init("for d in /srv/other /srv/backups; do find \"$d\" -mtime +7 -delete; done", "problem find -delete"),
        .init("D=/srv/backups; find ${D}/db -mtime +7 -delete", "problem find -delete"),
        .init("find ${D:-/srv/backups} -mtime +7 -delete", "problem find -delete"),
        .init("find /srv/backups -mtime +7 | while read -r f; do rm -f \"$f\"; done", "problem rm"),
        .init("for i in $(find /srv/backups/pg -mtime +7); do rm -rf $i; done", "problem rm"),
        .init("for f in /srv/backups/*.gz; do [ -e $f.ok ] || rm $f; done", "problem rm"),
        .init("rm -rf $(ls -dt /srv/backups/*/ | tail -n +8)", "problem rm"),
        .init("ls -t /srv/backups/*.gz | sed -e '1,7d' | xargs -d '\\n' rm", "problem xargs rm"),
        .init("cd /srv && find backups -mtime +7 -delete", "problem find -delete"),
        .init("if cd /srv/backups; then find . -mtime +7 -delete &>/dev/null; fi", "problem find -delete"),
        .init("(cd /tmp; find . -delete); cd /srv/backups; rm -f -- *.gz", "problem rm"),
        .init("find /srv/{backups,other} -mtime +7 -delete", "problem find -delete"),
        .init("find /srv/other/../backups -mtime +7 -delete", "problem find -delete"),
    ]

    static let silent: [Line] = [
        .init("find /var/log -mtime +30 -delete"),
        .init("find /srv/backups-old -mtime +30 -delete"),
        .init("find /srv/backups -mtime +30 -print"),
        .init("find /srv/backups -mtime -1 | wc -l; rm -rf /tmp/x"),
        .init("find /srv/backups -type f -exec chmod 400 {} \\;"),
        .init("find /srv -maxdepth 1 -name 'x*' -delete"),
        .init("find $DIR -mtime +30 -delete"),
        .init("find /$DIR -mtime +30 -delete"),
        .init("find /var/$DIR -mtime +30 -delete"),
        .init("find /srv/backups -name '*.tmp' -delete"),
        .init("echo find /srv/backups -mtime +30 -delete"),
        .init("true # find /srv/backups -mtime +30 -delete"),
        .init("echo 'rm -rf /srv/backups/*'"),
        .init("ssh host find /srv/backups -mtime +30 -delete"),
        .init("rm -f /srv/backups/.lock"),
        .init("rm -f /srv/backups/$NAME.part"),
        .init("rm -rf /srv/backups/staging"),
        .init("rm -f /srv/*"),
        .init("(cd /srv/backups); rm -f -- *.gz"),
        .init("cd /srv/backups && cd /tmp && find . -delete"),
        .init("cd \"$NOWHERE\" && find . -delete && rm -rf ./*"),
        .init("find /srv/backups -mtime +7 | xargs ls -l"),
        .init("for f in /srv/backups/*.gz; do gzip -t $f || echo $f; done; rm -f $HOME/x/*"),
        .init("case $1 in clean) echo /srv/backups/* ;; esac"),
        .init("rm /srv/other/*.gz"),
        .init("rsync -a --delete /home/ /srv/backups/home/"),
        .init("rsync -a --delete /home /srv/backups"),
        .init("rsync -a --delete /home/ /srv/backups/$(date +\\%u)/"),
        .init("rsync -a --delete /srv/backups/ offsite:/srv/backups/"),
        .init("rsync -a /home/ /srv/backups/"),
        .init("rsync -an --delete /home/ /srv/backups/"),
        .init("rclone sync /srv/backups b2:bucket"),
        .init("rclone sync b2:bucket /srv/backups/b2"),
        .init("borg prune --keep-daily 7 /srv/backups/repo"),
        .init("restic -r /srv/backups/repo forget --prune --keep-daily 7"),
        .init("tmpreaper --test 30d /srv/backups"),
        .init("rotate-backups -n --daily=7 /srv/backups"),
        .init("vzdump --all --dumpdir /srv/backups --prune-backups keep-all=1"),
        .init("pg_dump app | gzip > /srv/backups/app-$(date +\\%F).sql.gz"),
    ]

    @Test("a line that reaches into the vault is said, with its place and text", arguments: reaching)
    func reaches(_ line: Line) throws {
        let scratch = try Scratch()
        try scratch.write("etc/cron.d/cleanup", "# nightly\nMAILTO=root\n30 3 * * *  root  \(line.text)\n")
        let found = Deleters.search([("dumps", "/srv/backups")], root: scratch.path)
        #expect(found.map { "\($0.weight) \($0.tool)" } == [line.said].compactMap { $0 })
        #expect(found.first?.file == "/etc/cron.d/cleanup" && found.first?.line == 3)
        #expect(found.first?.text.hasPrefix("30 3 * * *  root") == true && found.first?.change.isEmpty == false)
    }

    @Test("a line that deletes elsewhere, or nothing, says nothing", arguments: silent)
    func isSilent(_ line: Line) throws {
        let scratch = try Scratch()
        try scratch.write("etc/cron.d/cleanup", "@daily root \(line.text)\n")
        #expect(Deleters.search([("dumps", "/srv/backups")], root: scratch.path) == [])
    }

    @Test("what find kept is told as a rule")
    func within() throws {
        let scratch = try Scratch()
        try scratch.write("etc/crontab", "0 1 * * * root find /srv/backups -mtime +30 -delete\n")
        let deleter = try #require(Deleters.search([("dumps", "/srv/backups")], root: scratch.path).first)
        #expect(deleter.change.contains("keep: { within: 30d }"))
        #expect(deleter.instead == "find /srv/backups -not -path '*/.trash*' ...")
    }

    @Test("each vault is named; control characters are not let through")
    func hostile() throws {
        let scratch = try Scratch()
        try scratch.write(
            "etc/crontab",
            "0 1 * * * root find /srv -mtime +30 -delete # \u{1B}[2J \(String(repeating: "x", count: 900))\n")
        let found = Deleters.search([("a", "/srv/a"), ("b", "/srv/b"), ("c", "/mnt/c")], root: scratch.path)
        #expect(found.map(\.vault) == ["a", "b"])
        #expect(found.allSatisfy { $0.text.count <= 160 && !$0.text.contains("\u{1B}") })
    }
}
