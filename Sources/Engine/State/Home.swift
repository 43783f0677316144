package import Audit
package import Catalog
package import Disk
package import Model
package import Trash

/// The state directory and what lives there; opened once a process.
package struct Home: Sendable {
    package let path: Bytes
    package internal(set) var catalog: Catalog
    package let audit: AuditLog
    package let marks: MarkStore
    package let clock: Clock
    package let program: String
    /// Who a mark is by: the person who logged in, whatever user he has become since.
    package let actorName: String
    let registry: VaultRegistry
    let witness: WitnessFile
    let clockFile: ClockFile
    let brakes: BrakeStore
    let plans: PlanStore
    let space: SpaceStore
    let episodes: EpisodeStore
    package let weekly: WeeklyStore
    package let runs: RunStore
    let counters: CounterStore
    let growth: GrowthStore
    let vetoes: VetoStore
    /// What was found amiss when the state was opened, and mended: for whoever runs this to say.
    package let notices: [Fault]
    /// Of a command that must always work: what cannot be read of the state is recorded here, and the work goes on.
    let damage: Damage?

    /// Makes the directories where they are missing. `damage`: go on without what cannot be read, and record it here.
    package init(
        configuration: Configuration, clock: Clock = .system, program: String, damage: Damage? = nil
    ) throws(Fault) {
        path = configuration.stateDirectory
        self.damage = damage
        self.clock = clock
        self.program = program
        let directory = try Self.make(path)
        _ = try Self.make(configuration.auditLog.parent)
        for name: Bytes in ["", "plans", "brakes", "hooks"] {
            let place = name.isEmpty ? directory : try directory.ensureDirectory(name, mode: 0o750)
            try place.sweepTemporaries(at: clock.now().wall)
        }
        (catalog, notices) = try Self.openCatalog(directory, clock)
        let (uid, loginUID) = (Surroundings.userID, Surroundings.loginUserID)
        actorName = Surroundings.userName(loginUID ?? uid)
        let actor = Actor(
            uid: uid, loginUID: loginUID, user: Surroundings.userName(uid),
            sudoUser: Surroundings.sudoUser, pid: Surroundings.processID, program: program)
        audit = AuditLog(path: configuration.auditLog, stateDirectory: path, actor: actor, syslog: "/dev/log")
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
        _ = try clockFile.settle(ClockFile.machine, at: now, isSynchronised: clock.isSynchronised())
    }

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
                guard let bytes = try directory.read(name, limit: 1 << 26) else { continue }
                _ = try JSONReader.read(bytes) { json throws(JSONReader.Malformed) in try json.skip() }
            } catch let fault as Fault {
                damage.add(fault, path)
            } catch {
                let hint = "look at it; moved away, it is begun anew"
                damage.add(Fault(.damaged, "'\(path.display)' cannot be read", hint: hint), path)
            }
        }
    }

    /// Makes a directory with its parents, ours only.
    private static func make(_ path: Bytes) throws(Fault) -> Directory {
        do {
            let directory = try Directory.open(absolute: path)
            try checkOwner(directory)
            return directory
        } catch {
            guard error.errno == 2 else { throw explain(error, path) }
        }
        do {
            var directory = try Directory.open(absolute: "/")
            var rest = path.components[...]
            // Links in the part that exists are a person's choice (/var/lib moved elsewhere); below it we make all.
            var existing = path.parent
            while existing.count > 1 {
                if let opened = try? Directory.open(absolute: existing) {
                    directory = opened
                    rest = path.components[existing.components.count...]
                    break
                }
                existing = existing.parent
            }
            for component in rest { directory = try directory.ensureDirectory(component, mode: 0o750) }
            return directory
        } catch {
            throw explain(error, path)
        }
    }

    private static func explain(_ fault: Fault, _ path: Bytes) -> Fault {
        guard fault.code == .permission else {
            return Fault(
                .failed, "could not use the state directory '\(path.display)': \(fault.message)",
                hint: fault.hint ?? "choose another one with --state-dir DIRECTORY", path: path, errno: fault.errno)
        }
        return Fault(
            .permission, "could not use the state directory '\(path.display)': permission denied",
            hint: "it belongs to another user: run it with sudo, or use one of your own with --state-dir DIRECTORY",
            path: path,
            errno: fault.errno)
    }

    private static func checkOwner(_ directory: Directory) throws(Fault) {
        let seen = try directory.sighting()
        guard !Surroundings.isRoot || seen.mode & 0o002 == 0 || seen.mode & 0o1000 != 0 else {
            throw Fault(
                .unsafe, "refused the state directory '\(directory.path.display)': everybody may write there",
                hint: "chmod o-w \(shell: directory.path)", path: directory.path)
        }
    }

    private static func openCatalog(
        _ directory: Directory, _ clock: Clock
    ) throws(Fault) -> (Catalog, notices: [Fault]) {
        guard let path = directory.path.appending("catalog.sqlite").utf8 else {
            throw Fault(.usage, "the path of the state directory must be UTF-8", path: directory.path)
        }
        // Two who make it at once would find it locked while it changes to WAL.
        let lock = try FileLock.take("catalog.lock", in: directory, holder: "reprieve", waitSeconds: 10)
        defer { withExtendedLifetime(lock) {} }
        let names: [Bytes] = ["", "-wal", "-shm", "-journal", Bytes(Catalog.damagedSuffix)].map { "catalog.sqlite" + $0 }
        for name in names { try directory.checkOwn(name) }
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
                guard error.errno == 2 else { throw error }
            }
        }
        let notice = Fault(
            .damaged, "the catalog was damaged: it is set aside as '\((names[0] + suffix).display)' and made anew",
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
    var agentProcess: Int32? {
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
