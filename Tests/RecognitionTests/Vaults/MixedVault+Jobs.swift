import Foundation
import Model
import Support

/// What each tool writes.
extension MixedVault {
    enum Job: CaseIterable {
        case plain, words, letters, folders, xtrabackup, btrbk, postgres, duplicity, dar, thinBackup, sqlServer
        case split, influx, updraft, days, store, storage, pictures
    }

    mutating func write(_ job: Job, host: String, own: String) {
        // Some names tell whose they are: several such tools may write into one directory.
        let place = chance(2) ? own : ["", "all/"].randomElement(using: &generator)!
        switch job {
        case .plain: plain(place + host)
        case .words: words(place + host)
        case .letters:
            ordered([.incremental, .differential]) { link in
                [
                    (
                        place + host
                            + "-%Y-%m-%d-0100-\(link.isFull ? "F" : link.kind == .incremental ? "I" : "D").tar.gz", "x"
                    )
                ]
            }
        case .folders:
            ordered([.incremental]) { link in [("\(own)\(link.isFull ? "full" : "inc")/\(host)-%Y%m%d.dump", "x")] }
        case .xtrabackup: xtrabackup(place + host)
        case .btrbk: btrbk(place + host)
        case .postgres: postgres(place + host)
        case .duplicity: duplicity(place + host + "_duplicity")
        case .dar: dar(place + host)
        case .thinBackup:
            ordered([.differential], isDirectory: true) { link in
                let path = "\(own)\(link.isFull ? "FULL" : "DIFF")-%Y-%m-%d_%H-%M"
                return [("\(path)/config.xml", "x"), ("\(path)/backup-completed.info", "x")]
            }
        case .sqlServer:
            let head = "\(own)SQL1/\(host)/"
            ordered([.differential]) { link in
                let kind = link.isFull ? "FULL" : "DIFF"
                return [("\(head)\(kind)/SQL1_\(host)_\(kind)_%Y%m%d_%H%M%S.bak", "x")]
            }
        case .split: split(place + host)
        case .influx: influx(own)
        case .updraft: updraft(place, host)
        case .days: ordered([]) { _ in [("\(own)%Y/%m/%d/\(host).sql.gz", "x")] }
        case .store: store(own)
        case .storage:
            let name = ["@Recycle", "#snapshot", ".zfs", "lost+found"].randomElement(using: &generator)!
            for day in 1...4 { put("\(own)\(name)/\(host)-%Y-%m-%d.sql", day) }
            untouchable.append(own + name)
        case .pictures:
            for day in 1...5 { untouchable.append(put("\(place)IMG_%Y%m%d_101500.jpg", day)) }
        }
    }

    private mutating func plain(_ head: String) {
        for link in links([]) {
            let dump = [put("\(head)-%Y-%m-%d.sql.gz", link.day), put("\(head)-%Y-%m-%d.sql.gz.sha256", link.day)]
            made.append(Made(main: dump[0], files: dump))
            guard chance(2) else { continue }
            let archive = put("\(head)-%Y-%m-%d.tar", link.day)
            made.append(Made(main: archive, files: [archive]))
            logs.append((put("\(head)-%Y-%m-%d.log", link.day), [dump[0], archive]))
        }
    }

    private mutating func words(_ head: String) {
        let word = [".full", "-full", "_full"].randomElement(using: &generator)!
        let joint = word.prefix(1), others = [["inc", "diff"], ["incr"], ["diff"]].randomElement(using: &generator)!
        let kinds = others.map { $0 == "diff" ? Backup.Kind.differential : .incremental }
        ordered(kinds) { link in
            let own = link.isFull ? "full" : others[kinds.firstIndex(of: link.kind)!]
            return [("\(head)-%Y-%m-%d\(joint)\(own).tar.gz", "x")]
        }
    }

    private mutating func xtrabackup(_ head: String) {
        let base = random(1...9) * 1_000_000 + number(of: head)
        named(isDirectory: true) { link in
            let path = "\(head)-%Y-%m-%d_%H-%M-%S", end = base - link.day * 100
            let record = Page.checkpoints(from: link.isFull ? 0 : end - 100, to: end)
            return [("\(path)/ibdata1", "x"), ("\(path)/xtrabackup_checkpoints", record)]
        }
    }

    private mutating func btrbk(_ head: String) {
        let base = random(1...9) * 1000 + number(of: head) * 100_000
        named(breaks: true) { link in
            let path = "\(head).%Y%m%dT%H%M.btrfs.zst"
            let parent = link.isFull ? nil : base + link.day + 1
            return [
                (path, "x"), ("\(path).info", Page.info("x", base + link.day, parent: parent, isWhole: link.isWhole)),
            ]
        }
    }

    private mutating func postgres(_ head: String) {
        let base = random(1...9) * 0x100000 + number(of: head) * 0x1000000
        named(isDirectory: true) { link in
            let path = "\(head)-%Y-%m-%d", start = base - link.day * 256
            return [
                ("\(path)/PG_VERSION", "17"), ("\(path)/base/1/1259", "x"),
                ("\(path)/backup_label", Page.label(at: start, from: link.isFull ? nil : start - 256)),
                ("\(path)/backup_manifest", Page.manifest(system: base, isIncremental: !link.isFull)),
            ]
        }
    }

    private mutating func duplicity(_ head: String) {
        let (stamp, time) = (stamp, "%Y%m%dT%H%M%SZ")
        named(breaks: true) { link in
            let span = link.isFull ? time : stamp(time, link.day + 1) + ".to." + time
            let own = "\(head)-\(link.isFull ? "full" : "inc").\(span)"
            let signatures = "\(head)-\(link.isFull ? "full" : "new")-signatures.\(span).sigtar.gpg"
            let volumes = (1...(1 + link.day % 3)).map { ("\(own).vol\($0).difftar.gpg", "x") }
            return volumes + [(signatures, "x")] + (link.isWhole ? [("\(own).manifest.gpg", "x")] : [])
        }
    }

    private mutating func dar(_ head: String) {
        ordered([.incremental, .differential], breaks: true) { link in
            let kind = link.isFull ? "full" : link.kind == .incremental ? "incr" : "diff"
            let slices = link.isWhole ? Array(1...(1 + link.day % 3)) : [2, 3]
            return slices.map { ("\(head)_%Y-%m-%d_\(kind).\($0).dar", "x") }
        }
    }

    private mutating func split(_ head: String) {
        ordered([], breaks: true) { link in
            let parts = link.isWhole ? Array(["aa", "ab", "ac", "ad"].prefix(2 + link.day % 3)) : ["aa", "ac"]
            return parts.map { ("\(head)-%Y-%m-%d.tar.gz.\($0)", "x") }
        }
    }

    private mutating func influx(_ own: String) {
        let stamp = stamp
        ordered([]) { link in
            let time = "%Y%m%dT%H%M%SZ", shards = (1...3).map { "s\(20 - link.day + $0).tar.gz" }
            let names = shards.map { #"{"fileName":"\#(stamp(time, link.day)).\#($0)"}"# }.joined(separator: ",")
            let json = #"{"files":[\#(names)],"meta":{"fileName":"\#(stamp(time, link.day)).meta"}}"#
            return shards.map { ("\(own)\(time).\($0)", "x") } + [
                ("\(own)\(time).meta", "x"), ("\(own)\(time).manifest", json),
            ]
        }
    }

    private mutating func updraft(_ place: String, _ site: String) {
        for link in links([]) {
            let head = "\(place)backup_%Y-%m-%d-%H%M_\(site)_\(hex(12))-"
            let parts =
                ["db.gz", "plugins.zip", "themes.zip", "uploads.zip", "others.zip"]
                + (chance(3) ? ["uploads2.zip"] : [])
            let files = parts.map { put(head + $0, link.day) }
            made.append(Made(main: files[0], files: files))
        }
    }

    /// A repository, with names in it that look like backups.
    private mutating func store(_ own: String) {
        let stores = [
            ["config", "data/ab/\(hex(64))", "index/%Y-%m-%d.idx", "keys/x", "locks/x", "snapshots/%Y-%m-%d.tar"],
            ["rdiff-backup-data/mirror_metadata.%Y-%m-%dT%H:%M:%SZ.diff.gz", "srv/db-%Y-%m-%d.dump"],
            [
                "duplicati-%Y%m%dT%H%M%SZ.dlist.zip", "duplicati-b\(hex(32)).dblock.zip",
                "duplicati-i\(hex(32)).dindex.zip",
            ],
            [
                "base/%Y%m%dT%H%M%S/data/PG_VERSION", "meta/%Y%m%dT%H%M%S-backup.info", "wals/0000000100000000/x",
                "identity.json",
            ],
            ["HEAD", "config", "refs/heads/%Y-%m-%d", "objects/pack/pack-\(hex(40)).pack"],
            ["kopia.repository.f", "kopia.blobcfg.f", "p/%Y-%m-%d.f", "q/x.f"],
        ]
        let names = stores.randomElement(using: &generator)!
        for day in 1...4 { for name in names { put(own + name, day) } }
        untouchable.append(String(own.dropLast()))
    }

    /// Of a host: no two servers have the same numbers here.
    private func number(of head: String) -> Int { Int((head as NSString).lastPathComponent.utf8.first ?? 0) }
}
