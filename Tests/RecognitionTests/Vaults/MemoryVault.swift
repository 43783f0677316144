import Disk
import Foundation
import Model
import Recognition

/// A vault that is only names and small texts, read as the survey reads a disk: places, names, contents.
struct MemoryVault {
    private var directories: [Bytes: [Bytes: Bool]] = [Bytes(): [:]]
    private var texts: [Bytes: String]

    init(_ files: [String: String]) {
        texts = Dictionary(uniqueKeysWithValues: files.map { (Bytes($0.key), $0.value) })
        for path in texts.keys {
            var (at, isDirectory) = (path, false)
            while !at.isEmpty {
                directories[at.parent, default: [:]][at.lastComponent] = isDirectory
                (at, isDirectory) = (at.parent, true)
            }
        }
    }

    /// Every backup, and the directories that were listed. `order`: in which a listing comes.
    func read(_ order: ([Directory.Entry]) -> [Directory.Entry] = { $0 }) -> (backups: [Backup], listed: [Bytes]) {
        var (backups, listed): ([Backup], [Bytes]) = ([], [])
        var parser = NameTimeParser(zone: .utc)
        var waiting = [Bytes()]
        while let directory = waiting.popLast() {
            guard Layouts.place(place(directory)) == nil else { continue }
            listed.append(directory)
            let entries = (directories[directory] ?? [:]).map { name, isDirectory in
                Directory.Entry(name: name, kind: isDirectory ? .directory : .file, inode: 1)
            }
            let reading = DirectoryReading(
                of: order(entries), in: directory, siblings: siblings(directory), by: .byName, parser: &parser)
            waiting += reading.descend.map { directory.appending($0) }
            backups += reading.units.compactMap { backup($0, in: directory) }
        }
        return (backups, listed)
    }

    private func siblings(_ directory: Bytes) -> Set<Bytes> {
        guard let (parent, _) = KindWords.directory(in: directory) else { return [] }
        return Set((directories[parent] ?? [:]).keys.filter { KindWords.isKind($0) })
    }

    private func place(_ directory: Bytes) -> PlaceNames {
        let names = directories[directory] ?? [:]
        return PlaceNames(
            directory: directory, names: Set(names.keys), isDirectory: { names[$0] == true },
            inside: { Array((directories[directory.appending($0)] ?? [:]).keys) },
            file: { texts[directory.appending($0)].map { .text(Bytes($0)) } })
    }

    private func backup(_ unit: DirectoryReading.Unit, in directory: Bytes) -> Backup? {
        let path = directory.appending(unit.name)
        if unit.isDirectory, case .managed? = Layouts.place(place(path)) { return nil }
        let inside = unit.isDirectory ? path : directory
        let found = Layouts.read(
            UnitContents(
                name: unit.name, directory: directory, isDirectory: unit.isDirectory,
                names: unit.isDirectory ? Set((directories[path] ?? [:]).keys) : [],
                members: unit.sideFiles + unit.sharedSideFiles, size: 1, head: [],
                file: { texts[inside.appending($0)].map { .text(Bytes($0)) } },
                headOf: { Array((texts[inside.appending($0)] ?? "").utf8.prefix(SmallFile.limit)) },
                inside: { Array((directories[inside.appending($0)] ?? [:]).keys) }))
        let contents = found.map { unit.contents.merged(with: $0) } ?? unit.contents
        let time = unit.time ?? Timestamp(nanoseconds: 0)
        func member(_ name: Bytes, isShared: Bool) -> Backup.Member {
            let path = directory.appending(name)
            var member = Backup.Member(
                path: path, object: ObjectID(text: path.display), inode: 1, isDirectory: false, size: 1, mtime: time,
                ctime: time)
            member.isShared = isShared
            return member
        }
        var backup = Backup(
            id: BackupID(object: Self.number(path)), vault: VaultID(text: "v"), series: unit.series,
            members: ([unit.name] + unit.sideFiles).map { member($0, isShared: false) }
                + unit.sharedSideFiles.map { member($0, isShared: true) },
            time: time, timeSource: .name, condition: .complete, note: contents.why ?? "", size: 1, allocated: 1,
            mode: 0o644, uid: 0, gid: 0, observedSince: time, changedBoot: 0, changedBootID: "")
        backup.kind = contents.kind ?? unit.kind
        backup.contents = contents.isEmpty ? nil : contents
        switch contents.outcome {
        case .failed, .running, .lacking: backup.condition = .incomplete
        case .unread: backup.condition = .broken
        case .finished, .unsaid: break
        }
        if unit.isTemporary { backup.condition = .settling }
        return backup
    }

    private static func number(_ path: Bytes) -> UInt64 {
        path.storage.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
