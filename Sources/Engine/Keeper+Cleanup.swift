internal import Audit
internal import Catalog
package import Model
internal import Retention
internal import Trash

/// What a cleanup did.
package struct CleanupReport: Sendable {
    package var plan: PlanReport
    package var run: Int?
    package var batches: [String] = []
    package var condemned: [Backup] = []
    /// What changed since the plan and stays.
    package var dropped: [(backup: Backup, why: String)] = []
    package var failed: [(backup: Backup, fault: Fault)] = []
    package var approved = false

    /// Condemnations that wait for a person.
    package var waiting: Int { approved ? 0 : plan.plan.condemned.count - plan.plan.released.count }

    package var status: ExitStatus {
        if !failed.isEmpty { return condemned.isEmpty ? .failed : .partial }
        if !plan.unreadable.isEmpty { return .partial }
        return plan.frozen != nil || waiting > 0 ? .held : .done
    }
}

extension Keeper {
    /// Which plan a person approves.
    package enum ApprovedPlan: Sendable {
        /// The last one shown for the vault.
        case last
        /// By a prefix of its id.
        case id(String)
    }

    /// Carries out a vault's plan: moves what goes into the trash.
    package func cleanup(_ configuration: VaultConfiguration, approve: ApprovedPlan? = nil) throws(Fault)
        -> CleanupReport
    {
        let attended = try attend(configuration, acting: true)
        return try cleanup(attended, approve: approve, isShown: true)
    }

    /// The same for a vault that was just looked at. `isShown`: a person sees the report.
    package func cleanup(
        _ attended: Attended, approve: ApprovedPlan? = nil, isShown: Bool = false
    ) throws(Fault) -> CleanupReport {
        var report = CleanupReport(plan: try self.report(attended))
        var going = report.plan.released
        if let approve {
            let ids = try self.approve(approve, report.plan)
            // What is in the approved plan and still condemned now goes; what is new is decided by itself, next time.
            going =
                report.plan.frozen == nil ? report.plan.plan.condemned.filter { ids.contains($0.backup.id.text) } : []
            going.removeAll { report.plan.frozenSeries.contains($0.backup.series) }
            report.approved = true
        } else {
            try notePlan(report.plan, isShown: isShown)
        }
        guard report.plan.frozen == nil, !going.isEmpty else { return report }
        try condemn(going, &report)
        return report
    }

    // MARK: Approval

    private func approve(_ approve: ApprovedPlan, _ report: PlanReport) throws(Fault) -> Set<String> {
        let vault = report.attended.vault
        let stored = try home.plans.plans(of: vault.id, at: report.attended.at.wall)
        let found: StoredPlan?
        switch approve {
        case .last: found = stored.last { $0.shown }
        case .id(let prefix): found = stored.last { $0.plan.hasPrefix(prefix) }
        }
        guard let found else {
            throw Fault(
                .notFound, "there is no such plan of '\(vault.label)' to approve",
                hint: "look at one first: reprieve plan \(vault.label)")
        }
        let trash = try makeTrash(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        let at = now()
        try home.audit.append(
            [
                .init(
                    .planApproved, vault: vault.label, vaultID: vault.id,
                    more: [
                        .init("plan", .string(found.plan)), .init("condemnations", .integer(Int64(found.ids.count))),
                    ])
            ], at: at)
        var marks = try home.marks.read(vault.id, trash: trash)
        var mark = Mark(
            kind: .approved, target: Mark.vaultTarget, reason: "plan \(found.plan)", actor: home.actorName, at: at.wall,
            until: at.wall.adding(seconds: PlanStore.seconds))
        mark.approval = .init(
            plan: found.plan, policyHash: found.policyHash, policyText: found.policyText, ids: found.ids)
        marks.say(mark)
        try home.marks.write(marks, vault.id, trash: trash)
        return Set(found.ids)
    }

    /// A plan that waits is stored, and said once.
    private func notePlan(_ report: PlanReport, isShown: Bool) throws(Fault) {
        let vault = report.attended.vault
        let wasHeld = try home.plans.store(report.plan, held: report.plan.hold != nil, shown: isShown)
        guard let hold = report.plan.hold, !wasHeld else { return }
        try home.audit.append(
            [
                .init(
                    .planHeld, vault: vault.label, vaultID: vault.id, reason: hold.text,
                    more: [
                        .init("plan", .string(report.plan.id)),
                        .init("condemnations", .integer(Int64(report.plan.condemned.count))),
                    ])
            ], at: now())
    }

    // MARK: Condemning

    private func condemn(_ going: [Plan.Judged], _ report: inout CleanupReport) throws(Fault) {
        let vault = report.plan.attended.vault
        let run = try home.audit.nextRun()
        report.run = run
        let plan = report.plan.plan
        try home.audit.append(
            [
                .init(
                    .retentionStarted, run: run, vault: vault.label, vaultID: vault.id,
                    more: [.init("plan", .string(plan.id))]),
                .init(
                    .retentionPolicyApplied, run: run, vault: vault.label, vaultID: vault.id,
                    more: [
                        .init("policy", .string(plan.policy.hash)),
                        .init("backups", .integer(Int64(plan.judged.count))),
                        .init("going", .integer(Int64(going.count))),
                    ]),
            ], at: now())
        var rest = going[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Manifest.mostItems)
            rest = rest.dropFirst(chunk.count)
            guard try condemnBatch(Array(chunk), run, &report) else { break }
        }
        try home.audit.append(
            [
                .init(
                    .retentionCompleted, run: run, vault: vault.label, vaultID: vault.id,
                    more: [
                        .init("condemned", .integer(Int64(report.condemned.count))),
                        .init("failed", .integer(Int64(report.failed.count))),
                        .init("dropped", .integer(Int64(report.dropped.count))),
                    ])
            ], at: now())
    }

    /// One batch, in the order of DESIGN.md 5. `false`: a freeze came in between.
    private func condemnBatch(_ chunk: [Plan.Judged], _ run: Int, _ report: inout CleanupReport) throws(Fault) -> Bool {
        let vault = report.plan.attended.vault
        let trash = try makeTrash(vault)
        var condemning = Condemning(trash: trash)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        let marks = try home.marks.read(vault.id, trash: trash)
        let at = now()
        if let frozen = try frozen(vault, marks, at: at.wall) {
            report.plan.frozen = frozen
            return false
        }
        let items = chunk.map { judged in
            Condemning.Item(
                backup: judged.backup,
                decision: .init(
                    retain: false, priority: judged.decision.priority.rawValue,
                    reasons: judged.decision.reasons.map { $0.text(id: \.text) }))
        }
        let (still, dropped) = confirm(items, report.plan, marks, &condemning, at)
        report.dropped += dropped
        guard !still.isEmpty else { return true }
        let manifest = try manifest(still, trash, condemning, run, report.plan, at)
        // │ audit intent: no audit, no deed (invariant 9).
        try home.audit.append(intents(still, manifest, vault, run), at: at)
        // │ batch and manifest, durable (invariant 2).
        let batch = try condemning.makeBatch(manifest)
        // │ the renames, each compared by object; then both parents of each, durable.
        let moved = try condemning.move(still, into: batch)
        try condemning.sync(moved, in: batch)
        let condemned = moved.moved.map { $0.backup.condemned(in: manifest) }
        report.batches.append(batch.name)
        report.condemned += condemned
        report.failed += moved.failed.map { ($0.item.backup, $0.fault) }
        try home.catalog.recordCondemned(condemned)
        try home.catalog.recordBatch(
            vault: vault.id, name: batch.name, manifestHash: batch.manifestHash,
            witnessed: manifest.condemnedAt.witnessedSeconds)
        withExtendedLifetime(lock) {}
        try home.audit.append(outcomes(moved, manifest, vault, run), at: now())
        return true
    }

    /// Under the lock: marks read again, every object compared, the newest complete one of each series still there.
    private func confirm(
        _ items: [Condemning.Item], _ report: PlanReport, _ marks: Marks, _ condemning: inout Condemning, _ at: Moment
    ) -> (still: [Condemning.Item], dropped: [(backup: Backup, why: String)]) {
        var dropped: [(backup: Backup, why: String)] = []
        var isSafe: [Bytes: Bool] = [:]
        let newest = Self.newestKept(report.plan)
        var open: [Condemning.Item] = []
        for item in items {
            let series = item.backup.series
            if isSafe[series] == nil {
                // Invariant 6: what the series keeps must really be there before anything else of it goes.
                isSafe[series] = newest[series].map { condemning.change(of: $0) == nil } ?? false
            }
            let target = item.backup.id.objectText
            if isSafe[series] != true {
                dropped.append((item.backup, "the newest complete backup of its series is not there any more"))
            } else if marks.frozen(series: series, at: at.wall) != nil {
                dropped.append((item.backup, "its series is frozen"))
            } else if marks.mark(.preserved, target, at: at.wall) != nil
                || marks.mark(.reprieved, target, at: at.wall) != nil
            {
                dropped.append((item.backup, "it is protected since the plan"))
            } else {
                open.append(item)
            }
        }
        let (still, changed) = condemning.confirm(open)
        return (still, dropped + changed.map { ($0.item.backup, $0.why) })
    }

    private static func newestKept(_ plan: Plan) -> [Bytes: Backup] {
        var newest: [Bytes: Backup] = [:]
        // Newest first within each series.
        for judged in plan.judged where judged.decision.retain && !judged.decision.isSetAside {
            if newest[judged.backup.series] == nil { newest[judged.backup.series] = judged.backup }
        }
        return newest
    }

    private func manifest(
        _ items: [Condemning.Item], _ trash: TrashDirectory, _ condemning: Condemning, _ run: Int, _ report: PlanReport,
        _ at: Moment
    ) throws(Fault) -> Manifest {
        var condemning = condemning
        let witness = try home.witness.renew(at: at)
        let vault = report.attended.vault
        return Manifest(
            vault: vault.id, batch: try condemning.freeBatchName(at: at.wall), run: run, plan: report.plan.id,
            program: home.program,
            condemnedAt: .init(moment: at, witness: witness.id, witnessedSeconds: witness.seconds),
            graceSeconds: vault.configuration.settings.gracePeriod.value.fixedSeconds,
            policy: .init(hash: report.plan.policy.hash, text: report.plan.policy.text),
            parents: condemning.parents(of: items), items: items.map { Manifest.Item($0.backup, decision: $0.decision) }
        )
    }

    private func intents(
        _ items: [Condemning.Item], _ manifest: Manifest, _ vault: OpenVault, _ run: Int
    ) -> [AuditRecord] {
        [
            AuditRecord(
                .condemnIntent, run: run, vault: vault.label, vaultID: vault.id, batch: manifest.batch,
                more: [.init("manifest", .string(manifest.hash)), .init("items", .integer(Int64(items.count)))])
        ]
            + items.map {
                AuditRecord(
                    .condemnIntent, run: run, vault: vault.label, vaultID: vault.id, series: $0.backup.series,
                    backup: $0.backup.id, batch: manifest.batch, path: $0.backup.path,
                    reason: $0.decision.reasons.joined(separator: ", "))
            }
    }

    private func outcomes(
        _ moved: Condemning.Moved, _ manifest: Manifest, _ vault: OpenVault, _ run: Int
    ) -> [AuditRecord] {
        moved.moved.map {
            AuditRecord(
                .condemned, run: run, vault: vault.label, vaultID: vault.id, series: $0.backup.series,
                backup: $0.backup.id,
                batch: manifest.batch, path: $0.backup.path, reason: $0.decision.reasons.joined(separator: ", "),
                more: [
                    .init("size", .integer($0.backup.size)),
                    .init("earliest_purge", .string(manifest.earliestPurge.rfc3339Milliseconds)),
                ])
        }
            + moved.failed.map {
                AuditRecord(
                    .condemnFailed, run: run, vault: vault.label, vaultID: vault.id, series: $0.item.backup.series,
                    backup: $0.item.backup.id, batch: manifest.batch, path: $0.item.backup.path,
                    reason: $0.fault.message)
            }
    }
}

extension Backup {
    func condemned(in manifest: Manifest) -> Backup {
        var backup = self
        backup.state = .trashed
        backup.trashed = .init(
            batch: manifest.batch, condemnedAt: manifest.condemnedAt.wall, earliestPurge: manifest.earliestPurge)
        return backup
    }
}
