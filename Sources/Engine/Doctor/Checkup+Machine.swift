internal import Config
internal import Disk
internal import Glibc
internal import Model
internal import State

/// What all vaults share: the clock, whoever may change what we go by, room, and whoever runs us.
extension Checkups {
    func examineMachine(_ checkup: inout Checkup) {
        examineClock(&checkup)
        examinePermissions(&checkup)
        examineRunner(&checkup)
        examineMetrics(&checkup)
    }

    /// No problem by itself: grace is counted by time that was seen to pass, too.
    private func examineClock(_ checkup: inout Checkup) {
        checkup.clockIsSynchronised = state.clock.isSynchronised()
        guard checkup.clockIsSynchronised == false else { return }
        checkup.notes.append(
            .init(
                code: "clock",
                text:
                    "the system clock is not synchronised: backups dated by a wrong clock are set aside or kept for too long",
                remedy: ["timedatectl set-ntp true      # or start chronyd or ntpd"]))
    }

    /// Whoever may write there decides what is deleted.
    private func examinePermissions(_ checkup: inout Checkup) {
        var places = configuration.files.map { ("the configuration", Bytes($0)) }
        places += Set(configuration.files.map { Bytes($0).parent }).sorted().map {
            ("the configuration's directory", $0)
        }
        places += [("the state directory", state.path), ("the audit log", configuration.auditLog)]
        for (what, path) in places {
            guard let seen = Self.look(at: path) else { continue }
            let word = path.shellArgument
            if seen.mode & 0o002 != 0, seen.mode & 0o1000 == 0 {
                checkup.problems.append(
                    .init(
                        code: "writable-by-all", text: "everybody may write \(what) '\(path.display)'",
                        remedy: ["chmod o-w \(word)"]))
            } else if seen.mode & 0o020 != 0 {
                checkup.notes.append(
                    .init(
                        code: "writable-by-group",
                        text: "its group may write \(what) '\(path.display)', and so decides what is deleted",
                        remedy: ["chmod g-w \(word)   # if none of them is meant to"]))
            }
            if Surroundings.isRoot, seen.uid != 0 {
                checkup.problems.append(
                    .init(
                        code: "foreign-owner",
                        text:
                            "\(what) '\(path.display)' belongs to \(Surroundings.userName(seen.uid)), and we run as root",
                        remedy: ["chown root \(word)"]))
            }
        }
    }

    /// Type and permission bits of what is there, through links.
    private static func look(at path: Bytes) -> (mode: UInt32, uid: UInt32)? {
        var seen = stat()
        guard let text = path.utf8, stat(text, &seen) == 0 else { return nil }
        return (seen.st_mode, seen.st_uid)
    }

    /// Whether we may move what is there: for root always, but not below a user namespace or an NFS export.
    func examineAccess(_ vault: OpenVault, _ checkup: inout Checkup) {
        guard !FileSystem.isReadOnly(vault.root), let text = vault.root.path.utf8,
            faccessat(AT_FDCWD, text, W_OK | X_OK, 0) != 0
        else {
            return
        }
        let user = Surroundings.userName(Surroundings.userID)
        let owner = (try? vault.root.sighting()).map { Surroundings.userName($0.uid) } ?? "its owner"
        checkup.problems.append(
            .init(
                code: "not-ours", vault: vault.label,
                text: "\(user) may not write in '\(vault.root.path.display)': nothing can be moved there",
                remedy: ["run it as \(owner), or give \(user) the right to write there"]))
    }

    /// Limits that what waits in the trash will not meet; and the room that our own records need.
    func examineSpace(_ checkup: inout Checkup) {
        for disk in pressureGauge.disks(of: configuration.vaults.map { VaultView(configuration: $0, at: now()) }) {
            guard !disk.lack.isEmpty, disk.lack.bytes > disk.coming || disk.lack.inodes > 0 else { continue }
            checkup.problems.append(
                .init(
                    code: "space", vault: disk.vaults.first,
                    text:
                        "\(disk.mount.display): \(disk.lack.texts.joined(separator: ", ")); the trash does not hold so much",
                    remedy: disk.vaults.prefix(1).map { "reprieve retention forecast \(shell: $0)" }))
        }
        for (what, key, path) in [
            ("the state directory", "state-directory", state.path),
            ("the audit log", "audit-log", configuration.auditLog.parent),
        ] {
            guard let directory = try? Directory.open(absolute: path), let system = try? FileSystem(of: directory),
                system.availableBytes < Self.leastOwnBytes
            else { continue }
            checkup.problems.append(
                .init(
                    code: "own-space",
                    text:
                        "\(what) has \(ByteSize.rounded(system.availableBytes)) left ('\(path.display)'): what cannot be recorded is not done",
                    remedy: ["make room there, or move it: \(key): PATH in the configuration"]))
        }
    }

    private static let leastOwnBytes: Int64 = 16 << 20

    /// Without an agent, somebody else must start a turn now and then.
    private func examineRunner(_ checkup: inout Checkup) {
        guard !checkup.agentIsRunning, let runs = try? state.runs.read() else { return }
        let now = now().wall
        let quiet = configuration.vaults.filter { vault in
            guard let run = runs.vaults[vault.label], let every = run.interval(vault.settings),
                let last = run.last(vault.settings) ?? run.lookAt
            else { return true }
            return now.seconds(since: last) > 2 * every
        }
        guard let first = quiet.first else { return }
        let others = quiet.count == 1 ? "" : " (this holds for \(quiet.count - 1) more, too)"
        checkup.notes.append(
            .init(
                code: "no-agent", vault: first.label,
                text: "no agent is running and no timer has run recently\(others)",
                remedy: ["systemctl enable --now reprieve      # or `reprieve agent --once` by cron"]))
    }

    private func examineMetrics(_ checkup: inout Checkup) {
        if checkup.agentIsRunning, let problem = (try? state.runs.read())?.metricsProblem {
            let listen = configuration.metrics.listen?.value.text ?? "its address"
            checkup.problems.append(
                .init(
                    code: "metrics", text: problem,
                    remedy: ["ss -ltnp   # who has \(listen)? Or change `listen` under `metrics`"]))
        }
        guard let textfile = configuration.metrics.textfile?.value, (try? Directory.open(absolute: textfile)) == nil
        else { return }
        checkup.problems.append(
            .init(
                code: "no-textfile", text: "the directory for metrics '\(textfile.display)' is not there",
                remedy: ["mkdir -p \(shell: textfile)   # node_exporter --collector.textfile.directory"]))
    }
}
