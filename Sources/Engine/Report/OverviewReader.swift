internal import Catalog
internal import Config
internal import Disk
package import Model
package import State
internal import Trash

/// What the agent adds to what is on the disk.
package struct AgentHeartbeat: Sendable {
    package var since: Timestamp
    package var watches: Int
    package var watchLimit: Int?
    /// By the vault's path.
    package var vaults: [Bytes: IndexHeartbeat]

    package init(since: Timestamp, watches: Int, watchLimit: Int?, vaults: [Bytes: IndexHeartbeat]) {
        self.since = since
        self.watches = watches
        self.watchLimit = watchLimit
        self.vaults = vaults
    }
}

/// All that is told to who watches over us, asked in one go.
package struct Overview: Sendable {
    package var at: Moment
    package var views: [VaultView]
    package var disks: [DiskView]
    package var runs: RunStore.File
    /// `nil`: no agent.
    package var agent: AgentHeartbeat?

    package init(at: Moment, views: [VaultView], disks: [DiskView], runs: RunStore.File, agent: AgentHeartbeat? = nil) {
        self.at = at
        self.views = views
        self.disks = disks
        self.runs = runs
        self.agent = agent
    }
}

package struct OverviewReader: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var pressureGauge: PressureGauge { PressureGauge(context: context) }
    var vaultViews: VaultViews { VaultViews(context: context) }

    package var hostName: String { Surroundings.hostName }

    /// As the catalog has it, without a look at any vault: nothing here waits for a disk that hangs, and nothing but a
    /// day's sample of used room is written.
    package func overview(_ agent: AgentHeartbeat) -> Overview {
        overview(configuration.vaults.map { knownView(of: $0, agent.vaults[$0.path]) }, agent)
    }

    /// The same without an agent: whether each vault is there is asked, all at once; nothing is looked through, and no
    /// lock of a vault is taken.
    package func glance() -> Overview {
        let views = ParallelVaults(context: context).run(configuration.vaults) { vault in
            knownView(
                of: vault, IndexHeartbeat(lagSeconds: 0, pending: 0, problem: access.hung(vault), isFrozenByFile: false)
            )
        } _: { vault, _ in
            var heartbeat = IndexHeartbeat(lagSeconds: 0, pending: 0, problem: nil, isFrozenByFile: false)
            do throws(Fault) {
                heartbeat.isFrozenByFile = try access.trashNames(in: access.open(vault)).contains("FREEZE")
            } catch {
                heartbeat.problem = error
            }
            return knownView(of: vault, heartbeat)
        }
        return overview(views)
    }

    package func overview(_ views: [VaultView], _ agent: AgentHeartbeat? = nil) -> Overview {
        let now = now()
        let disks = pressureGauge.disks(of: views)
        do {
            try state.growth.record(
                Dictionary(disks.map { ($0.filesystem, $0.usedBytes) }) { first, _ in first }, at: now.wall)
        } catch {
            // A day without its sample: the forecast has one day less.
        }
        return Overview(
            at: now, views: views, disks: disks, runs: (try? state.runs.read()) ?? RunStore.File(), agent: agent)
    }

    package func metrics(of overview: Overview) -> Metrics {
        var metrics = Metrics()
        let version = String(state.program.split(separator: " ").last ?? "")
        metrics.add(.buildInfo, .init("version", version), 1)
        metrics.add(.collected, at: overview.at.wall)
        if let agent = overview.agent {
            metrics.add(.agentStarted, at: agent.since)
            metrics.add(.watches, Int64(agent.watches))
            if let limit = agent.watchLimit { metrics.add(.watchLimit, Int64(limit)) }
        }
        // Without them a part is missing; it is said where the log itself is looked after.
        let counters = (try? state.counters.renew(from: state.audit)) ?? Counters()
        for (hook, failures) in counters.hooks.sorted(by: { $0.key < $1.key }) {
            metrics.add(.hookFailures, .init("hook", hook), failures)
        }
        var room = Metrics.mostSeries
        for view in overview.views {
            metrics.add(
                view, counters.vaults[view.label] ?? Counters.Vault(), run: overview.runs.vaults[view.label],
                heartbeat: overview.agent?.vaults[view.configuration.path], room: &room)
        }
        for wildcard in configuration.unmatched where configuration.matches(of: wildcard).isEmpty {
            metrics.add(.reachable, .init("vault", wildcard.entry), 0)
        }
        for disk in overview.disks {
            let mount = Metrics.Labels("mount", disk.mount)
            metrics.add(.size, mount, disk.totalBytes)
            metrics.add(.available, mount, disk.availableBytes)
            metrics.add(.lacking, mount, max(0, disk.lack.bytes))
            if let days = disk.fullInDays { metrics.add(.fullIn, mount, days * 86_400) }
        }
        return metrics
    }

    /// Replaces `reprieve.prom` in node_exporter's directory in one step: it reads `*.prom` at any moment.
    package func writeTextfile(_ text: [UInt8]) throws(Fault) {
        guard let directory = configuration.metrics.textfile?.value else { return }
        do {
            try Directory.open(absolute: directory).ownFiles.publish("reprieve.prom", Bytes(text))
        } catch {
            throw Fault(
                error.code, "could not write the metrics: \(error.message)",
                hint: "make '\(directory.display)' and let this user write there, or take `textfile` out of `metrics`",
                path: directory, errno: error.errno)
        }
    }

    /// What is known of a vault; and where it could not be looked at, why.
    private func knownView(of vault: VaultConfiguration, _ heartbeat: IndexHeartbeat?) -> VaultView {
        var view = VaultView(configuration: vault, at: now(), fault: heartbeat?.problem)
        do throws(Fault) {
            view.id = try state.registry.lastKnown(vault.path)
            guard let id = view.id else {
                view.doubt = "not looked at yet"
                return view
            }
            view.doubt = try state.catalog.vaults.unreconciled(vault: id)
            view.watching = try state.catalog.vaults.watching(vault: id)
            view.marks = try state.marks.read(id, trash: nil)
            view.freezes = try freezeGuard.freezes(vault, id, view.marks, at: view.at.wall)
            if heartbeat?.isFrozenByFile == true {
                let file = vault.path.appending(TrashDirectory.name).appending(FreezeGuard.freezeFile)
                view.freezes.append(FreezeGuard.freeze(byFile: file, at: view.at.wall))
            }
            try vaultViews.fill(&view)
        } catch {
            view.fault = view.fault ?? error
        }
        return vaultViews.decided(view)
    }
}
