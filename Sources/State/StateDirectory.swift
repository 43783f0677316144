package import Audit
package import Catalog
package import Disk
internal import JSONText
package import Model
package import Trash

/// The state directory and what lives there; opened once a process.
package struct StateDirectory: Sendable {
    package let path: Bytes
    package var catalog: Catalog
    package let audit: AuditLog
    package let marks: MarkStore
    package let clock: Clock
    package let program: String
    /// Who a mark is by: the person who logged in, whatever user he has become since.
    package let actorName: String
    package let registry: VaultRegistry
    package let witness: WitnessFile
    package let clockFile: ClockFile
    package let brakes: BrakeStore
    package let plans: PlanStore
    package let space: SpaceStore
    package let episodes: EpisodeStore
    package let weekly: WeeklyStore
    package let runs: RunStore
    package let counters: CounterStore
    package let growth: GrowthStore
    package let vetoes: VetoStore
    /// What was found amiss when the state was opened, and mended: for whoever runs this to say.
    package let notices: [Fault]
    /// Of a command that must always work: what cannot be read of the state is recorded here, and the work goes on.
    package let damage: Damage?

    /// Makes the directories where they are missing. `auditLog`: the path of the log. `damage`: go on without what
    /// cannot be read, and record it here.
    package init(
        _ path: Bytes, auditLog: Bytes, clock: Clock? = nil, program: String, damage: Damage? = nil
    ) throws(Fault) {
        self.path = path
        self.damage = damage
        let clock = clock ?? .system(for: path)
        self.clock = clock
        self.program = program
        let directory = try Self.make(path)
        _ = try Self.make(auditLog.parent)
        for name: Bytes in ["", "plans", "brakes", "hooks"] {
            let place = name.isEmpty ? directory : try directory.ensureDirectory(name, mode: 0o750)
            if Surroundings.isRoot { try Self.refuseOthers(place.path, try place.sighting()) }
            try place.ownFiles.sweepTemporaries(at: clock.now().wall)
        }
        (catalog, notices) = try Self.openCatalog(directory, clock)
        let (uid, loginUID) = (Surroundings.userID, Surroundings.loginUserID)
        actorName = Surroundings.userName(loginUID ?? uid)
        let actor = Actor(
            uid: uid, loginUID: loginUID, user: Surroundings.userName(uid),
            sudoUser: Surroundings.sudoUser, pid: Surroundings.processID, program: program)
        audit = AuditLog(path: auditLog, stateDirectory: path, actor: actor, syslog: "/dev/log")
        marks = MarkStore(stateDirectory: path, damage: damage)
        registry = VaultRegistry(stateDirectory: path, damage: damage)
        witness = WitnessFile(stateDirectory: path, damage: damage)
        clockFile = ClockFile(stateDirectory: path, damage: damage)
        brakes = BrakeStore(stateDirectory: path, damage: damage)
        plans = PlanStore(stateDirectory: path, damage: damage)
        space = SpaceStore(stateDirectory: path, damage: damage)
        episodes = EpisodeStore(stateDirectory: path, damage: damage)
        weekly = WeeklyStore(stateDirectory: path)
        runs = RunStore(stateDirectory: path)
        counters = CounterStore(stateDirectory: path)
        growth = GrowthStore(stateDirectory: path)
        vetoes = VetoStore(stateDirectory: path, damage: damage)
        if let damage { Self.inspect(directory, damage) }
        let now = clock.now()
        _ = try witness.renew(at: now)
        _ = try clockFile.update(ClockFile.machine, at: now, isSynchronised: clock.isSynchronised())
    }

    /// Whether there is one: whoever only asks makes none.
    package static func exists(_ path: Bytes) -> Bool { Reach.resolved(path) != nil }

    /// Tells of each file that is damaged, whether this command needs it or not.
    private static func inspect(_ state: Directory, _ damage: Damage) {
        var files: [(directory: Directory, name: Bytes)] = ["witness", "clock", "vaults.json", "marks.json"].map {
            (state, $0)
        }
        for name: Bytes in ["plans", "brakes"] {
            guard let directory = try? state.open(name), let entries = try? directory.entries() else { continue }
            files += entries.filter { $0.name.hasSuffix(".json") }.map { (directory, $0.name) }
        }
        for (directory, name) in files {
            let path = directory.path.appending(name)
            do {
                guard let bytes = try directory.ownFiles.read(name, limit: 1 << 26) else { continue }
                _ = try JSONReader.read(bytes) { json throws(JSONReader.Malformed) in try json.skip() }
            } catch let fault as Fault {
                damage.add(fault, path)
            } catch {
                let hint = "look at it; moved away, it is begun anew"
                damage.add(Fault(.damaged, "'\(path.display)' cannot be read", hint: hint), path)
            }
        }
    }

    /// Opens a directory, and makes what is missing of it, ours only. As root nobody else may be able to put another
    /// one in its place, or something into it: neither it nor anything above it is another user's.
    private static func make(_ path: Bytes) throws(Fault) -> Directory {
        do {
            let missing = try MissingPath(to: path)
            var directory = missing.existing
            if Surroundings.isRoot { try refuseOthers(on: directory.path) }
            for component in missing.names {
                directory = try directory.ensureDirectory(component, mode: 0o750)
                if Surroundings.isRoot { try refuseOthers(directory.path, try directory.sighting()) }
            }
            return directory
        } catch {
            throw explain(error, path)
        }
    }

    /// Every step of a path that is there. A link is root's own (`/var/lib` moved elsewhere), and what it leads to is
    /// looked at in the same way.
    private static func refuseOthers(on path: Bytes) throws(Fault) {
        var (whole, rest) = (Bytes("/"), path.components)
        var links = 0
        try refuseOthers(whole, try Directory.open(absolute: whole).sighting())
        while !rest.isEmpty {
            let name = rest.removeFirst()
            let place = try Directory.open(absolute: whole)
            guard let seen = try place.sighting(of: name) else { continue }
            let step = whole == "/" ? whole + name : whole.appending(name)
            try refuseOthers(step, seen)
            guard seen.kind == .symlink, let target = try place.linkTarget(of: name) else {
                whole = step
                continue
            }
            links += 1
            guard links <= 40 else { throw .system("open", path, 40) }  // ELOOP
            if target.hasPrefix("/") { whole = "/" }
            rest = target.components + rest
        }
    }

    private static func refuseOthers(_ path: Bytes, _ seen: Sighting) throws(Fault) {
        // In a user namespace the owner of everything may be nobody.
        let owner = try Directory.open(absolute: "/").sighting().uid
        let why: String
        switch seen {
        case _ where seen.uid != 0 && seen.uid != owner:
            why = "'\(path.display)' belongs to \(Surroundings.userName(seen.uid)), and we run as root"
        case _ where seen.kind == .directory && seen.mode & 0o002 != 0 && seen.mode & 0o1000 == 0:
            why = "everybody may write in '\(path.display)', and we run as root"
        default: return
        }
        throw Fault(
            .unsafe, why,
            hint:
                "use a directory below root's own, such as --state-dir /root/reprieve: it is made where it is missing",
            path: path)
    }

    private static func explain(_ fault: Fault, _ path: Bytes) -> Fault {
        guard fault.code == .permission else {
            return Fault(
                fault.code == .unsafe ? .unsafe : .failed,
                "could not use the state directory '\(path.display)': \(fault.message)",
                hint: fault.hint ?? "choose another one with --state-dir DIRECTORY", path: path, errno: fault.errno)
        }
        return Fault(
            .permission, "could not use the state directory '\(path.display)': permission denied",
            hint: "it belongs to another user: run it with sudo, or use one of your own with --state-dir DIRECTORY",
            path: path,
            errno: fault.errno)
    }

    private static func openCatalog(
        _ directory: Directory, _ clock: Clock
    ) throws(Fault) -> (Catalog, notices: [Fault]) {
        guard let path = directory.path.appending("catalog.sqlite").utf8 else {
            throw Fault(.usage, "the path of the state directory must be UTF-8", path: directory.path)
        }
        // Two who make it at once would find it locked.
        let lock = try FileLock.take("catalog.lock", in: directory, holder: "reprieve", waitSeconds: 10)
        defer { withExtendedLifetime(lock) {} }
        // The journal first, where they are set aside: beside a new file it would undo changes that were never made.
        // WAL is of older versions.
        let file: Bytes = "catalog.sqlite"
        let names = ([Catalog.journalSuffix, "", "-wal", "-shm", Catalog.damagedSuffix] as [String]).map {
            file + Bytes($0)
        }
        for name in names { try directory.ownFiles.verify(name) }
        do {
            return (try Catalog(path: path), [])
        } catch {
            if error.code == .permission, !FileSystem.isReadOnly(directory) { throw explain(error, directory.path) }
            if error.code == .catalog || error.code == .permission {
                // A full or read-only disk: it is a cache, and without it all is looked at anew.
                let notice = Fault(
                    .catalog, "working without the catalog: \(error.message)",
                    hint: "is the disk full? Nothing is lost: what could not be written is looked at anew next time",
                    path: error.path)
                return (try Catalog(inMemoryAs: path), [notice])
            }
            guard error.code == .damaged else { throw error }
        }
        // It is a cache: the damaged one is set aside for whoever wants to look, and a new one is filled by the scan.
        let suffix = Bytes(".damaged-" + clock.now().wall.batchName)
        for name in names {
            do {
                try directory.rename(name, to: directory, as: name + suffix)
            } catch {
                guard error.errno == Errno.ENOENT else { throw error }
            }
        }
        let notice = Fault(
            .damaged, "the catalog was damaged: it is set aside as '\((file + suffix).display)' and made anew",
            hint: "nothing is lost but time: what is on the disks is looked at again", path: directory.path)
        return (try Catalog(path: path), [notice])
    }

    /// Whether an agent runs on this state.
    package var agentIsRunning: Bool {
        guard let directory = try? Directory.open(absolute: path) else { return false }
        do {
            _ = try FileLock.take(Self.agentLock, in: directory, holder: program, waitSeconds: 0, isExclusive: false)
            return false
        } catch {
            return error.code == .locked
        }
    }

    private static let agentLock: Bytes = "agent.lock"

    /// The agent's process id, as it left it in its lock; `nil`: none runs.
    package var agentProcess: Int32? {
        guard agentIsRunning, let directory = try? Directory.open(absolute: path) else { return nil }
        return (try? FileLock.process(holding: Self.agentLock, in: directory)) ?? nil
    }

    /// Held by the one agent of this state for as long as it runs.
    package func takeAgentLock() throws(Fault) -> FileLock {
        let directory = try Directory.open(absolute: path)
        do {
            return try FileLock.take(
                Self.agentLock, in: directory, holder: program,
                // A command may be asking at this moment whether an agent runs.
                waitSeconds: 0.5)
        } catch {
            guard error.code == .locked else { throw error }
            throw Fault(
                .locked,
                "an agent runs on '\(path.display)' already: \(error.message.split(separator: ": ").last ?? "")",
                hint: "stop that one first, or use another --state-dir", path: path)
        }
    }
}
