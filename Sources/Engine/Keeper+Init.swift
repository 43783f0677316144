package import Disk
package import Model
internal import Recognition
internal import Survey
internal import Trash

/// What `init` saw in a directory and would write.
package struct Proposal: Sendable {
    package var path: Bytes
    package var name: String
    package var series: Int
    package var backups: Int
    package var size: Int64
    package var foreign: Int
    package var opaque: [LeftAlone]
    /// Most files carry no date: times come from mtime.
    package var isUndated: Bool
    package var yaml: String
}

extension Proposal {
    /// Looks at a directory; changes nothing.
    package static func look(at text: String, zone: Zone, taken: Set<String>, clock: Clock = .system) throws(Fault)
        -> Proposal
    {
        guard let path = Surroundings.resolved(Bytes(text)) else {
            throw Fault(
                .notFound, "there is no directory '\(text)'", hint: "name the one that backups are written into",
                path: Bytes(text))
        }
        guard path != "/" else {
            throw Fault(.usage, "'/' can be no vault", hint: "name the directory that backups are written into")
        }
        let root: Directory
        do {
            root = try Directory.open(absolute: path)
        } catch {
            guard error.errno == 20 else { throw error }
            throw Fault(
                .usage, "'\(path.display)' is a file", hint: "name the directory that backups are written into",
                path: path)
        }
        try Keeper.checkAncestors("'\(path.display)'", path)
        func scan(_ source: DirectoryReading.TimeSource) throws(Fault) -> Found {
            var found = Found()
            let survey = VaultSurvey(
                vault: VaultID(text: ""), quietSeconds: 60, recognisers: Recognisers(timeFrom: source), zone: zone,
                nested: [])
            _ = try survey.scan(below: root, known: .nothing, now: clock.now(), probing: .later) { place in
                found.add(place)
            }
            return found
        }
        var found = try scan(.name)
        let isUndated = found.backups < found.undated
        if isUndated { found = try scan(.mtime) }
        let name = Self.name(path, taken)
        let keep = isUndated ? "{ within: 30d }" : "{ last: 3, daily: 7, weekly: 5, monthly: 12, yearly: 3 }"
        var yaml = """
            vaults:
              \(name):
                path: \(quoted(path))
                keep: \(keep)

            """
        if isUndated { yaml += "    time-from: mtime      # most names carry no date\n" }
        return Proposal(
            path: path, name: name, series: found.series.count, backups: found.backups, size: found.size,
            foreign: found.foreign, opaque: found.opaque, isUndated: isUndated, yaml: yaml)
    }

    /// What a look counts.
    private struct Found {
        var series: Set<Bytes> = []
        var backups = 0
        var size: Int64 = 0
        var foreign = 0
        var undated = 0
        var opaque: [LeftAlone] = []

        mutating func add(_ place: VaultSurvey.Place) {
            series.formUnion(place.backups.map(\.series))
            backups += place.backups.count
            size = size.adding(place.backups.total { $0.size })
            undated += place.leftAlone.count { $0.why == .foreign(DirectoryReading.undated) }
            foreign += place.leftAlone.count { $0.why.condition == "foreign" }
            opaque += place.leftAlone.filter { $0.why.condition == "opaque" }
        }
    }

    private static func name(_ path: Bytes, _ taken: Set<String>) -> String {
        let letters = path.lastComponent.display.lowercased().filter {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
        }
        let base = letters.isEmpty || letters.hasPrefix("-") ? "vault" : letters
        return taken.contains(base) ? (2...).lazy.map { "\(base)-\($0)" }.first { !taken.contains($0) } ?? base : base
    }

    private static func quoted(_ path: Bytes) -> String {
        let text = path.utf8 ?? path.display
        let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-".contains($0)) }
        return plain ? text : "\"" + text.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    /// Writes the proposal: as the configuration where there is none, else as a file of its own in `conf.d`. Never over
    /// an existing file. Answers where.
    package func write(besides main: String) throws(Fault) -> String {
        let exists = Surroundings.resolved(Bytes(main)) != nil
        let target = exists ? Bytes(main).parent.appending("conf.d").appending(Bytes(name + ".yaml")) : Bytes(main)
        var directory = try Directory.open(absolute: "/")
        for component in target.parent.components {
            directory = try directory.step(component)
        }
        try directory.create(target.lastComponent, Bytes(yaml), mode: 0o644)
        try directory.sync()
        return target.display
    }
}

extension Directory {
    /// Into a directory of a person's own path, links and mounts allowed, made where it is missing.
    fileprivate func step(_ name: Bytes) throws(Fault) -> Directory {
        let whole = path == "/" ? path + name : path.appending(name)
        do {
            return try Directory.open(absolute: whole)
        } catch {
            guard error.errno == 2 else { throw error }
            try makeDirectory(name, mode: 0o755)
            return try Directory.open(absolute: whole)
        }
    }
}

extension Keeper {
    /// Makes the trash and the marker of a vault. Not in an empty directory: that may be a disk that is not mounted.
    package func initialise(_ configuration: VaultConfiguration) throws(Fault) -> Bool {
        let vault = try open(configuration)
        guard !(try vault.root.entries().isEmpty) else { return false }
        _ = try makeTrash(vault)
        return true
    }
}
