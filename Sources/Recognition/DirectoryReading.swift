package import Disk
package import Model

/// What the names of one directory mean: which are backups with which side files, which are to be looked into, which
/// are left alone. By names and types only; nothing is opened here.
package struct DirectoryReading: Sendable {
    package enum TimeSource: String, Sendable, CaseIterable {
        /// A date in the name; the series is directory and name without it.
        case name
        /// The time of the last change of the content; the series is the directory.
        case mtime
    }

    /// A backup of this directory, as far as names tell.
    package struct Unit: Hashable, Sendable {
        package var name: Bytes
        package var isDirectory: Bool
        package var sideFiles: [Bytes]
        /// Protected by the tool that wrote it, and how.
        package var protectedBy: String? { SideFiles.protection(of: name, by: sideFiles) }
        /// `nil`: by mtime.
        package var time: Timestamp?
        package var series: Bytes
        package var isTemporary: Bool
        /// The time in its name may be a number: its mtime must bear it out.
        package var doubt: ClockDoubt?
    }

    package private(set) var units: [Unit] = []
    package private(set) var leftAlone: [(name: Bytes, why: LeftAlone.Why)] = []
    /// Symbolic links: what they point to is not to go.
    package private(set) var links: [Bytes] = []
    /// Directories without a date in their name: their content decides.
    package private(set) var descend: [Bytes] = []

    /// `directory`: its path in the vault, for the series.
    package init(
        of entries: [Directory.Entry], in directory: Bytes, timeFrom: TimeSource, parser: inout NameTimeParser
    ) {
        let sides = SideFiles.assign(
            files: entries.filter { $0.kind == .file }.map(\.name),
            directories: entries.filter { $0.kind == .directory }.map(\.name))
        var followers: [Bytes: [Bytes]] = [:]
        for (side, owner) in sides { followers[owner, default: []].append(side) }
        for entry in entries.sorted(by: { $0.name < $1.name }) where entry.name != ".trash" {
            if sides[entry.name] == nil {
                read(entry, directory, followers[entry.name, default: []].sorted(), timeFrom, &parser)
            }
        }
        claimOrphans(sides)
        dropUnneededDoubts()
    }

    private mutating func read(
        _ entry: Directory.Entry, _ directory: Bytes, _ sideFiles: [Bytes], _ timeFrom: TimeSource,
        _ parser: inout NameTimeParser
    ) {
        let name = entry.name
        switch entry.kind {
        case .symlink:
            links.append(name)
            return
        case .other, .unknown: return leave(name, "neither file nor directory")
        case .directory:
            if let tool = Repositories.tool(ofDirectoryNamed: name) { return leave(name, opaque: tool) }
        case .file:
            if SideFiles.stem(of: name) != nil { return leave(name, "side file without its backup") }
        }
        let isTemporary = TemporaryNames.isTemporary(name)
        if !isTemporary, name.hasPrefix(".") || Self.systems.contains(name) {
            return leave(name, "hidden or of the system")
        }
        // Under a temporary name it belongs to the series that it will belong to.
        let reading = parser.read(isTemporary ? TemporaryNames.finalName(of: name) : name)
        switch reading {
        case .time(let time, let pattern, let doubt):
            let series = timeFrom == .name ? directory.appending(pattern) : Self.series(ofDirectory: directory)
            units.append(
                Unit(
                    name: name, isDirectory: entry.kind == .directory, sideFiles: sideFiles,
                    time: timeFrom == .name ? time : nil, series: series, isTemporary: isTemporary,
                    doubt: timeFrom == .name ? doubt : nil))
        case .refused(let why):
            if entry.kind == .directory {
                descend.append(name)
            } else {
                undated(entry, directory, sideFiles, timeFrom, why)
            }
        case .none:
            if isTemporary {
                leave(name, "unfinished (a temporary name)")
            } else if entry.kind == .directory {
                descend.append(name)
            } else {
                undated(entry, directory, sideFiles, timeFrom, "no date in its name")
            }
        }
    }

    private mutating func undated(
        _ entry: Directory.Entry, _ directory: Bytes, _ sideFiles: [Bytes], _ timeFrom: TimeSource, _ why: String
    ) {
        guard timeFrom == .mtime else { return leave(entry.name, why) }
        units.append(
            Unit(
                name: entry.name, isDirectory: false, sideFiles: sideFiles, time: nil,
                series: Self.series(ofDirectory: directory), isTemporary: TemporaryNames.isTemporary(entry.name)))
    }

    /// A side file whose owner is no backup is left alone as well, and said so.
    private mutating func claimOrphans(_ sides: [Bytes: Bytes]) {
        let owners = Set(units.map(\.name))
        for (side, owner) in sides.sorted(by: { $0.key < $1.key }) where !owners.contains(owner) {
            leave(side, "beside '\(owner.display)', which is no backup")
        }
    }

    /// Four digits behind a date are a time of day, as long as they look like a schedule: one a day, or always at the
    /// same minute, or at fives. `-1001`, `-1002`, `-1042` on one day may be customers: then mtimes have to say it.
    private mutating func dropUnneededDoubts() {
        let doubtful = units.indices.filter { units[$0].doubt?.day != nil }
        for (_, indices) in Dictionary(grouping: doubtful, by: { units[$0].series }) {
            let days = Dictionary(grouping: indices) { units[$0].doubt?.day }
            let isSchedule = days.values.allSatisfy { day in
                let minutes = Set(day.compactMap { units[$0].doubt?.minute })
                return minutes.count == 1 || minutes.allSatisfy { $0.isMultiple(of: 5) }
            }
            if isSchedule { for index in indices { units[index].doubt = nil } }
        }
    }

    private mutating func leave(_ name: Bytes, _ why: String) {
        leftAlone.append((name, .foreign(why)))
    }

    private mutating func leave(_ name: Bytes, opaque tool: Repositories.Tool) {
        leftAlone.append((name, .opaque(tool: tool.name, prune: tool.prune)))
    }

    package static func series(ofDirectory directory: Bytes) -> Bytes { directory.isEmpty ? "." : directory }

    private static let systems: Set<Bytes> = ["lost+found", "@eaDir", "#recycle", "$RECYCLE.BIN"]
}
