internal import Catalog
internal import Config
package import Conflicts
internal import Disk
internal import Hooks
package import Model
internal import State
internal import Survey

/// What `doctor` finds: how things stand, and what to do where they stand badly.
package struct Checkup: Sendable {
    package struct Finding: Sendable {
        /// Stable, for scripts.
        package var code: String
        package var vault: String?
        package var text: String
        /// Commands, one a line.
        package var remedy: [String] = []
        /// Which of the invariants (docs/ARCHITECTURE.md) it is about.
        package var invariant: Int?
        /// It was set right just now.
        package var isRepaired = false
    }

    package struct Vault: Sendable {
        package var label: String
        package var path: Bytes
        /// `ext4`, `NFS`, …; `nil`: it is not there.
        package var kind: String?
        package var isReadOnly = false
        package var places = 0
        /// How the agent learns of changes, where that is not by events alone.
        package var watching: String?
        /// Whether open writers can be told from files at rest.
        package var hasLeases: Bool?
        /// What is free on its file system; `nil`: it is not there.
        package var freePercent: Int?
    }

    package var agentIsRunning: Bool
    package var limits: WatchLimits
    /// `nil`: the kernel does not say.
    package var clockIsSynchronised: Bool?
    package var vaults: [Vault] = []
    /// What needs somebody.
    package var problems: [Finding] = []
    /// What somebody may want to know.
    package var notes: [Finding] = []
    /// What of other programs deletes in the vaults.
    package var deleters: [Deleter] = []

    package var needsSomebody: Int { problems.count + deleters.count { $0.weight == .problem } }
    mutating func add(_ fault: Fault, of vault: String) {
        problems.append(
            .init(code: fault.code.rawValue, vault: vault, text: fault.message, remedy: fault.hint.map { [$0] } ?? []))
    }

    /// Directories that are watched when all is.
    package var needed: Int { Int(clamping: vaults.total { Int64($0.places + 1) }) }
}

package struct Checkups: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var pressureGauge: PressureGauge { PressureGauge(context: context) }
    var repair: Repair { Repair(context: context) }

    /// Looks at what the vaults stand on, at what else deletes there, and whether all invariants hold on the disk.
    /// Changes nothing. `root`: below which the settings of other programs are; `userHome`: of who asks.
    package func checkup(root: Bytes = "/", userHome: Bytes? = nil) -> Checkup {
        var checkup = Checkup(
            agentIsRunning: state.agentIsRunning,
            limits: WatchLimits.now(user: Surroundings.userID, ours: state.agentProcess))
        let (isRunning, limits) = (checkup.agentIsRunning, checkup.limits)
        // All at once: one that hangs is left behind, and said to hang.
        let parts = ParallelVaults(context: context).run(configuration.vaults) { vault in
            var part = Checkup(agentIsRunning: isRunning, limits: limits)
            part.vaults.append(.init(label: vault.label, path: vault.path))
            part.add(access.hung(vault), of: vault.label)
            return part
        } _: { vault, _ in
            var part = Checkup(agentIsRunning: isRunning, limits: limits)
            examine(vault, &part)
            return part
        }
        for part in parts {
            checkup.vaults += part.vaults
            checkup.problems += part.problems
            checkup.notes += part.notes
        }
        examineLimits(&checkup)
        examineMachine(&checkup)
        examineSpace(&checkup)
        examineState(&checkup)
        checkup.problems += repair.inspectLog()
        examineHooks(&checkup)
        checkup.deleters = Deleters.search(
            configuration.vaults.map { ($0.label, $0.path) }, root: root, home: userHome)
        if !Surroundings.isRoot {
            checkup.notes.append(
                .init(
                    code: "not-root",
                    text: "other users' crontabs may not be read by you: what deletes by them is not known",
                    remedy: ["sudo reprieve doctor"]))
        }
        return checkup
    }

    private func examine(_ configuration: VaultConfiguration, _ checkup: inout Checkup) {
        var seen = Checkup.Vault(label: configuration.label, path: configuration.path)
        do throws(Fault) {
            let vault = try access.open(configuration)
            let system = try FileSystem(of: vault.root)
            seen.kind = system.kind
            if system.totalBytes > 0 {
                seen.freePercent = Int(clamping: Int64(Double(system.availableBytes) / Double(system.totalBytes) * 100))
            }
            seen.isReadOnly = FileSystem.isReadOnly(vault.root)
            seen.places = try state.catalog.places.digests(vault: vault.id, readAs: "").count
            seen.watching = checkup.agentIsRunning ? try state.catalog.vaults.watching(vault: vault.id) : nil
            seen.hasLeases = try hasLeases(vault)
            if let kind = system.remoteKind {
                checkup.notes.append(
                    .init(
                        code: "remote", vault: configuration.label,
                        text:
                            "on \(kind), other hosts may write behind this one's back: the agent looks every 2 minutes")
                )
            }
            if seen.hasLeases == false {
                checkup.notes.append(
                    .init(
                        code: "no-leases", vault: configuration.label,
                        text:
                            "an open writer cannot be told here: a backup is complete after four quiet periods (\(configuration.settings.quietPeriod.value.fixedSeconds * 4) s)"
                    ))
            }
            if seen.isReadOnly {
                checkup.problems.append(
                    .init(
                        code: "read-only", vault: configuration.label,
                        text: "its file system is mounted read-only: nothing can be moved there",
                        remedy: ["mount -o remount,rw \(shell: configuration.path)"]))
            }
            examineAccess(vault, &checkup)
            try examineGroups(vault, &checkup)
            checkup.problems += repair.inspect(configuration, acting: false)
        } catch {
            checkup.add(error, of: configuration.label)
        }
        checkup.vaults.append(seen)
    }

    /// By one file that is there; `nil`: there is none to ask.
    private func hasLeases(_ vault: OpenVault) throws(Fault) -> Bool? {
        guard let backup = try state.catalog.anyFile(vault: vault.id),
            let place = try? vault.root.open(backup.path.parent)
        else { return nil }
        return !vault.survey.isRemote && FileLook(backup.path.lastComponent, in: place).writer() != .unsupported
    }

    private func examineLimits(_ checkup: inout Checkup) {
        let needed = checkup.needed
        if let watches = checkup.limits.watches, needed + checkup.limits.others > watches {
            // Room to grow, in a round number.
            let enough = max(65_536, (2 * (needed + checkup.limits.others) / 65_536 + 1) * 65_536)
            checkup.problems.append(
                .init(
                    code: "watch-limit",
                    text:
                        "\(needed) directories are to be watched, other programs of this user watch \(checkup.limits.others), and the kernel allows \(watches): what is not watched is polled every minute",
                    remedy: [
                        "sysctl -w fs.inotify.max_user_watches=\(enough)",
                        "echo fs.inotify.max_user_watches=\(enough) > /etc/sysctl.d/60-reprieve.conf",
                        "then start the agent again",
                    ]))
        }
        if let queue = checkup.limits.queue, queue < 131_072, needed > 1000 {
            checkup.notes.append(
                .init(
                    code: "short-queue",
                    text:
                        "the kernel keeps \(queue) events for us; when more come at once the vaults are looked at whole",
                    remedy: [
                        "echo fs.inotify.max_queued_events=131072 > /etc/sysctl.d/61-reprieve.conf",
                        "sysctl -p /etc/sysctl.d/61-reprieve.conf, then start the agent again",
                    ]))
        }
    }

    func examineHooks(_ checkup: inout Checkup) {
        for view in hookCheck.views() {
            checkup.problems += view.problems.map {
                .init(
                    code: "hook", text: "the hook '\(view.hook.name)' cannot work: \($0.message)",
                    remedy: $0.hint.map { [$0] } ?? [])
            }
            guard view.problems.isEmpty, view.failures > 0 else { continue }
            let times = view.failures == 1 ? "once" : "\(view.failures) times in a row"
            checkup.problems.append(
                .init(
                    code: "hook-fails",
                    text: "the hook '\(view.hook.name)' failed \(times): \(view.failure ?? "")",
                    remedy: ["reprieve hooks test \(shell: view.hook.name)"]))
        }
    }
}
