@testable import Conflicts
import Engine
import Foundation
import Model
import Support
import Testing

/// Where they are looked for: scripts, timers, settings.
@Suite("Other programs: where they are found")
struct DeleterSearchTests {
    private let scratch: Scratch
    init() throws { scratch = try Scratch() }

    /// `file:line tool weight` of all that is found for `/srv/backups`.
    private func found(_ vault: Bytes = "/srv/backups") -> [String] {
        Deleters.search([("dumps", vault)], root: scratch.path).map { "\($0.file):\($0.line) \($0.tool) \($0.weight)" }
    }

    private func write(_ name: String, _ text: String, executable: Bool = false) throws {
        let url = try scratch.write(name, text)
        if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path) }
    }

    @Test("a script that a crontab names is read, with its variables, loops and here documents")
    func script() throws {
        try write("etc/crontab", "0 3 * * * root /opt/clean.sh /srv/backups 7\n5 3 * * * root prune-dumps >/dev/null\n")
        try write(
            "opt/clean.sh",
            """
            #!/bin/bash
            # find /srv/backups -delete
            DIR="$1"
            DAYS=$2
            cat <<EOF
            find /srv/backups -delete
            EOF
            find "${DIR}" -type f \\
                -name '*.gz' -mtime +$DAYS \\
                -delete
            """)
        try write(
            "usr/local/bin/prune-dumps",
            """
            #!/usr/bin/env bash
            BACKUP_ROOT=/srv/backups
            PG="$BACKUP_ROOT/pg"
            find "$PG" -type f -name "*.tgz" | sort -r | tail -n +8 | while read x; do
                echo "Removing... $x"
                rm "$x"
            done
            for old in $(ls -t $PG/*.dump | tail -n +4); do
              rm -f -- "$old"
            done
            cd $BACKUP_ROOT/files
            rm -f -- *.tar
            """)
        #expect(
            found() == [
                "/opt/clean.sh:8 find -delete problem", "/usr/local/bin/prune-dumps:6 rm problem",
                "/usr/local/bin/prune-dumps:9 rm problem", "/usr/local/bin/prune-dumps:12 rm problem",
            ])
    }

    @Test("a script that a script names is not followed, and no loop is endless")
    func oneLevel() throws {
        try write("etc/crontab", "0 3 * * * root /opt/a.sh\n")
        try write("opt/a.sh", "#!/bin/sh\nX=$X$X$X; X=$X$X$X\n. /opt/a.sh\n/opt/b.sh\n")
        try write("opt/b.sh", "#!/bin/sh\nfind /srv/backups -delete\n")
        #expect(found() == [])
    }

    @Test("a function before the values that it uses")
    func functions() throws {
        try write("etc/crontab", "0 3 * * * root /opt/clean\n")
        try write(
            "opt/clean",
            "#!/bin/sh\nprune() {\n  find \"$ROOT/$1\" -mtime +7 -delete\n}\nROOT=/srv/backups\nprune pg\n")
        #expect(found() == ["/opt/clean:3 find -delete problem"])
    }

    /// No figure is asserted: what is not bounded would take hours.
    @Test(
        "texts made to be slow end soon",
        arguments: [
            "$(", "${", "`", "\"$(", "[", "(", "cd a;", "X=$X$X;", "X=\"$X $X\";", "<<A\n", "a", "*",
            "for x in a b c; do Y=$x$x$x$x;", "rm /tmp/*;", "sh -c '", "$X$X", "{a,", "| ",
        ])
    func slow(_ piece: String) throws {
        let text = String(repeating: piece, count: 64_000 / piece.utf8.count)
        try write("etc/cron.daily/slow", "X=/a\n" + text, executable: true)
        try write("etc/crontab", "1 1 * * * root find /srv/backups -delete\n")
        #expect(found() == ["/etc/crontab:1 find -delete problem"])
    }

    @Test("scripts of cron.daily only where they may be executed; users' crontabs from their homes")
    func periodic() throws {
        try write(
            "etc/cron.daily/cleanup", "#!/bin/sh\ncd /srv/backups || exit\nfind . -mtime +3 -delete\n", executable: true
        )
        try write("etc/cron.daily/off", "#!/bin/sh\nfind /srv/backups -delete\n")
        try write("etc/cron.daily/py", "#!/usr/bin/python3\nfind /srv/backups -delete\n", executable: true)
        try write("etc/cron.d/old.dpkg-old", "1 1 * * * root find /srv/backups -delete\n")
        try write("etc/passwd", "anna:x:1000:1000::/srv/backups/anna:/bin/sh\n")
        try write("var/spool/cron/crontabs/anna", "DIR=dumps\n@daily find ~/dumps $DIR -mtime +3 -delete\n")
        #expect(
            found() == [
                "/etc/cron.daily/cleanup:3 find -delete problem",
                "/var/spool/cron/crontabs/anna:2 find -delete problem",
            ])
    }

    @Test("services of timers: of an administrator, enabled ones of packages, instances; not masked ones")
    func timers() throws {
        let timer = "[Timer]\nOnCalendar=daily\n"
        try write("etc/systemd/system/prune.timer", timer + "Unit=prune-now.service\n")
        try write(
            "etc/systemd/system/prune-now.service",
            "[Service]\nEnvironment=\"DIR=/srv/backups\"\nExecStart=-/usr/bin/find ${DIR} \\\n  -mtime +3 -delete\n")
        try write("usr/lib/systemd/system/off.timer", timer)
        try write("usr/lib/systemd/system/off.service", "[Service]\nExecStart=find /srv/backups -delete\n")
        try write("usr/lib/systemd/system/on@.timer", timer)
        try write(
            "usr/lib/systemd/system/on@.service", "[Service]\nExecStart=/bin/sh -c 'find /srv/%i -mtime +%%1 -delete'\n"
        )
        try write("etc/systemd/system/timers.target.wants/on@backups.timer", timer)
        try write("etc/systemd/system/masked.timer", "")
        try write("usr/lib/systemd/system/masked.timer", timer)
        try write("usr/lib/systemd/system/masked.service", "[Service]\nExecStart=find /srv/backups -delete\n")
        try write("etc/systemd/system/by-hand.service", "[Service]\nExecStart=find /srv/backups -delete\n")
        #expect(
            found() == [
                "/etc/systemd/system/prune-now.service:3 find -delete problem",
                "/usr/lib/systemd/system/on@.service:2 find -delete problem",
            ])
    }

    @Test("tmpfiles.d with an age, logrotate with a pattern, rotate-backups and tmpreaper by their settings")
    func settings() throws {
        try write(
            "etc/tmpfiles.d/backups.conf",
            "d /srv/backups 0750 root root 30d\nd /srv/backups - - - -\ne /srv/other - - - 3d\nR /srv/backups/*.old\n")
        try write("usr/lib/tmpfiles.d/backups.conf", "D /srv - - - 1d\n")
        try write("usr/lib/tmpfiles.d/spare.conf", "d /srv/spare - - - 1d\nx /srv/spare\n")
        try write(
            "etc/logrotate.d/dumps",
            "/var/log/*.log /srv/backups/*.sql.gz {\n  rotate 7\n}\n/srv/backups/one.log {\n}\n")
        try write("etc/rotate-backups.ini", "[/srv/backups/laptop]\ndaily = 7\n")
        try write("etc/tmpreaper.conf", "SHOWWARNING=false\nTMPREAPER_DIRS='/tmp/. /srv/backups/.'\n")
        #expect(
            found() == [
                "/etc/logrotate.d/dumps:1 logrotate problem", "/etc/rotate-backups.ini:1 rotate-backups problem",
                "/etc/tmpfiles.d/backups.conf:1 systemd-tmpfiles problem",
                "/etc/tmpfiles.d/backups.conf:4 systemd-tmpfiles problem", "/etc/tmpreaper.conf:2 tmpreaper problem",
            ])
    }

    @Test("writers that prune by themselves; where they keep all, nothing")
    func writers() throws {
        try write("etc/default/autopostgresqlbackup", "# BACKUPDIR=/x\nBACKUPDIR=\"/srv/backups/pg\"\nBRDAILY=14\n")
        try write(
            "etc/automysqlbackup/automysqlbackup.conf",
            "CONFIG_backup_dir='/srv/backups/mysql'\nCONFIG_rotation_daily=6\n")
        try write(
            "etc/pve/storage.cfg",
            "dir: local\n\tpath /srv/backups/pve\n\tcontent backup\n\tprune-backups keep-last=3\n\ndir: all\n\tpath /srv/backups/all\n\tprune-backups keep-all=1\n"
        )
        try write("etc/pve/jobs.cfg", "vzdump: backup-1\n\tstorage all\n\tprune-backups keep-daily=7\n")
        try write("etc/vzdump.conf", "# dumpdir: /x\ndumpdir: /srv/elsewhere\nmaxfiles: 3\n")
        try write("etc/rsnapshot.conf", "snapshot_root\t/srv/backups/rsnapshot/\nretain\tdaily\t7\n")
        try write("etc/snapper/configs/root", "SUBVOLUME=\"/srv/backups\"\nTIMELINE_CLEANUP=\"yes\"\n")
        try write("etc/backup.d/90.rdiff", "keep = 60\n[dest]\ndirectory = /srv/backups/rdiff\n")
        try write("etc/btrbk/btrbk.conf", "volume /mnt/data\n  target send-receive /srv/backups/btrbk\n")
        #expect(
            found() == [
                "/etc/automysqlbackup/automysqlbackup.conf:1 automysqlbackup problem",
                "/etc/backup.d/90.rdiff:3 backupninja note", "/etc/btrbk/btrbk.conf:2 btrbk note",
                "/etc/default/autopostgresqlbackup:2 autopostgresqlbackup problem",
                "/etc/pve/jobs.cfg:3 vzdump problem", "/etc/pve/storage.cfg:4 vzdump problem",
                "/etc/rsnapshot.conf:1 rsnapshot note", "/etc/snapper/configs/root:1 snapper note",
            ])
    }

    @Test("links lead to the vault, from either side")
    func links() throws {
        let vault = scratch.url.appending(path: "disk/backups")
        try FileManager.default.createDirectory(at: vault, withIntermediateDirectories: true)
        let link = scratch.url.appending(path: "link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: vault)
        try write(
            "etc/crontab", "1 1 * * * root find \(link.path) -delete\n2 1 * * * root find \(vault.path)/x -delete\n")
        let both = ["/etc/crontab:1 find -delete problem", "/etc/crontab:2 find -delete problem"]
        #expect(found(Bytes(link.path)) == both)
        #expect(found(Bytes(vault.path)) == both)
    }

    @Test("what is no plain text file is never opened: pipes, loops of links, huge and binary files")
    func odd() throws {
        try write(
            "etc/cron.d/big", String(repeating: "# x\n", count: 70_000) + "1 1 * * * root find /srv/backups -delete\n")
        try write("etc/cron.d/binary", "1 1 * * * root find /srv/backups -delete\n\0\n")
        let d = scratch.url.appending(path: "etc/cron.d")
        try #require(mkfifo(d.appending(path: "pipe").path, 0o644) == 0)
        try FileManager.default.createSymbolicLink(atPath: d.appending(path: "loop").path, withDestinationPath: "loop")
        try FileManager.default.createSymbolicLink(
            atPath: d.appending(path: "zero").path, withDestinationPath: "/dev/zero")
        try write(
            "etc/crontab", "1 1 * * * root sh -c \"sh -c 'sh -c \\\"$(echo $(echo `rm -rf /srv/backups/*`\"\n'\"`${\n")
        _ = found()
        try write("etc/cron.d/good", "1 1 * * * root find /srv/backups -delete\n")
        #expect(found().contains("/etc/cron.d/good:1 find -delete problem"))
        #expect(!found().contains { $0.contains("big") || $0.contains("binary") })
    }

    @Test("random bytes in a crontab end the search, and crash nothing", arguments: 0..<60)
    func random(_ seed: UInt64) throws {
        var generator = Seeded(seed: seed)
        let words = [
            "find", " /srv/backups", " -delete", "$(", ")", "`", "\"", "'", "${", "}", "|", "xargs rm",
            "\n1 1 * * * root ",
            "\\", "<<", "EOF", "[", "{", "for x in ", "; do ", "*", "~", "%", "=", "sh -c ", "cd ", "ls ", "rm ", "X=",
            "$X",
            "rsync --delete ", "while read x; do ", "$((", "|&", "\t", "\\\n", "<(", "&>", "(", "&&", "..", "/", "$@",
            ":-",
        ]
        let text = (0..<400).map { _ in words.randomElement(using: &generator)! }.joined()
        try write("etc/crontab", "1 1 * * * root " + text)
        try write("etc/cron.daily/x", text, executable: true)
        #expect(found().allSatisfy { $0.contains("cron") })
    }
}
