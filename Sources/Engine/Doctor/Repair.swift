internal import Audit
internal import Catalog
internal import Config
internal import Disk
internal import Model
internal import State
internal import Trash

/// `doctor --repair`: whether every invariant holds on the disk, and setting right what can be.
package struct Repair: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var purger: Purger { Purger(context: context) }
    var reconciler: TrashReconciler { TrashReconciler(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// Every vault, and the audit log. `acting`: recovery, and what it leaves that one of us may set right.
    package func inspect(acting: Bool) -> [Checkup.Finding] {
        configuration.vaults.flatMap { inspect($0, acting: acting) } + inspectLog()
    }

    func inspect(_ configuration: VaultConfiguration, acting: Bool) -> [Checkup.Finding] {
        var inspection = Inspection(label: configuration.label)
        do throws(Fault) {
            let vault = try access.open(configuration)
            if acting { try access.requireWritable(vault) }
            inspection.isActing = acting
            if let trash = try vault.trash() { try inspectOwn(trash, vault, &inspection) }
            let snapshot = try wholeScan.run(configuration, acting: acting)
            try inspectRecovery(snapshot, &inspection)
            let facts = LazyFacts { () throws(Fault) in try state.audit.facts(of: vault.id) }
            for batch in snapshot.batches where batch.manifest != nil {
                try inspect(batch, vault, facts: facts, inspection: &inspection)
            }
            inspectPlaces(snapshot, &inspection)
        } catch {
            inspection.add(error.code.rawValue, nil, text: error.message, remedy: error.hint.map { [$0] } ?? [])
        }
        return inspection.findings
    }

    /// What was found in one vault.
    struct Inspection {
        let label: String
        var isActing = false
        var findings: [Checkup.Finding] = []

        mutating func add(_ code: String, _ invariant: Int?, text: String, remedy: [String]) {
            findings.append(.init(code: code, vault: label, text: text, remedy: remedy, invariant: invariant))
        }

        /// What `--repair` sets right.
        mutating func addMended(_ code: String, _ invariant: Int?, _ text: String) {
            findings.append(
                .init(
                    code: code, vault: label, text: text, remedy: isActing ? [] : ["reprieve doctor --repair"],
                    invariant: invariant, isRepaired: isActing))
        }
    }

    // MARK: Before the look: what a look would set right by itself

    private func inspectOwn(_ trash: TrashDirectory, _ vault: OpenVault, _ inspection: inout Inspection) throws(Fault) {
        let lock =
            inspection.isActing
            ? try trash.lock(holder: holder, waitSeconds: waitSeconds) : try access.lockToLook(trash)
        defer { withExtendedLifetime(lock) {} }
        if try Marker.read(in: vault.root) == nil {
            inspection.addMended(
                "no-marker", nil, "its marker .trash/vault.json is missing; two other signs say who it is")
        }
        if !(try trash.hasSpare()) {
            if inspection.isActing { try trash.makeSpare() }
            inspection.addMended(
                "no-spare", nil, "the directory .trash/.spare is missing, which a purge on a full disk needs")
        }
        try inspectMarks(trash, vault, &inspection)
        try inspectRows(trash, vault, &inspection)
        let mismatches = try trash.mismatches()
        guard !mismatches.isEmpty else { return }
        inspection.add(
            "stranger", nil,
            text:
                "in '\(trash.directory.path.display)' lies what is not ours: \(Self.named(mismatches)); it is left alone",
            remedy: ["move it to where it belongs"])
    }

    /// Invariant 10: both copies say the same. What `MarkStore` makes of them is what counts; it is written to both.
    private func inspectMarks(_ trash: TrashDirectory, _ vault: OpenVault, _ inspection: inout Inspection) throws(Fault)
    {
        let copies = try state.marks.copies(vault.id, trash: trash)
        let counts = Marks(state: copies.state, vault: copies.vault)
        let whole = Set(counts.all.values)
        guard Set(copies.state ?? []) != whole || Set(copies.vault ?? []) != whole else { return }
        let which =
            copies.vault == nil
            ? "the vault's copy of the marks is missing"
            : copies.state == nil
                ? "the state directory's copy of the marks is missing" : "the two copies of the marks differ"
        if inspection.isActing { try state.marks.write(counts, vault.id, trash: trash) }
        inspection.addMended("marks-differ", 10, "\(which); what protects in either holds")
    }

    /// Invariant 10: the catalog is a cache. The look that follows makes it equal.
    private func inspectRows(_ trash: TrashDirectory, _ vault: OpenVault, _ inspection: inout Inspection) throws(Fault)
    {
        let batches = try trash.batches()
        let inTrash = Set(batches.flatMap(\.items).filter(\.holdsPrimary).map { TrashReconciler.Gone.key($0.backup) })
        // What a manifest that cannot be read would name is not known to be gone.
        let unread = Set(batches.filter { $0.manifest == nil }.map(\.name))
        let rows = Set(
            try state.catalog.trashed(vault: vault.id)
                .filter { !unread.contains($0.trashed?.batch ?? "") }.map(TrashReconciler.Gone.key))
        guard rows != inTrash else { return }
        let (extra, lacking) = (rows.subtracting(inTrash).count, inTrash.subtracting(rows).count)
        inspection.addMended(
            "catalog-differs", 10,
            "of \(inTrash.count) backups in the trash the catalog has not \(lacking), and \(extra) that are not there")
    }

    // MARK: After it

    private func inspectRecovery(_ snapshot: Snapshot, _ inspection: inout Inspection) throws(Fault) {
        var unlinking: [Bytes] = []
        for finding in snapshot.recovery {
            switch finding {
            case .broughtBack(let backup):
                inspection.addMended(
                    "half", 1,
                    "'\(backup.path.display)' \(inspection.isActing ? "was" : "is") half in the trash; it belongs to its origin"
                )
            case .purgeCompleted(let backup):
                inspection.addMended(
                    "purge-begun", 1, "the purge of '\(backup.path.display)' had begun and was not finished")
            case .emptyBatch(let name):
                inspection.addMended("empty-batch", 2, "batch \(name) was begun and never filled")
            case .stuck(let backup, let fault):
                inspection.add(
                    "stuck", 1,
                    text: "'\(backup.path.display)' is half in the trash and cannot be put back: \(fault.message)",
                    remedy: ["move what stands in its place away, then: reprieve doctor --repair"])
            case .unreadable(let name, let why):
                inspection.add(
                    "unreadable-batch", 2, text: "batch \(name) is left alone: \(why)",
                    remedy: [
                        "what is below \(snapshot.vault.root.path.appending(".trash").appending(Bytes(name)).display)/files can be moved back by hand"
                    ])
            case .unlinkUnfinished(let name): unlinking.append(name)
            }
        }
        if !unlinking.isEmpty {
            inspection.addMended("purge-unfinished", 1, "\(Self.named(unlinking)) was not unlinked to its end")
        }
        // What recovery took out of batches goes with them.
        if inspection.isActing, !snapshot.recovery.isEmpty, let trash = try snapshot.vault.trash() {
            for fault in try purger.finishPurges(Purging(trash: trash).unfinished(), of: snapshot.vault.configuration) {
                inspection.add(fault.code.rawValue, 4, text: fault.message, remedy: fault.hint.map { [$0] } ?? [])
            }
        }
        guard let first = snapshot.missing.first else { return }
        inspection.add(
            "missing", 3,
            text:
                "\(snapshot.missing.count) backup\(snapshot.missing.count == 1 ? " is" : "s are") gone from the trash without us ('\(first.path.display)'): the vault is frozen",
            remedy: [
                "reprieve list --purged \(shell: inspection.label)",
                "find out who removed it, then: reprieve unfreeze \(shell: inspection.label)",
            ])
    }

    private func inspect(
        _ batch: Batch, _ vault: OpenVault, facts: LazyFacts, inspection: inout Inspection
    ) throws(Fault) {
        if !(try reconciler.isVerified(batch, vault, facts)) {
            let isKnown = try state.catalog.knownBatch(vault: vault.id, name: batch.name) != nil
            let isRecorded = try facts.value().manifests[batch.name] != nil
            if isKnown || isRecorded {
                inspection.add(
                    "altered-batch", 2, text: "the manifest of batch \(batch.name) is not the one that was written",
                    remedy: ["nothing of it is purged; look at it before you restore from it"])
            } else {
                inspection.add(
                    "unverified-batch", 2,
                    text: "batch \(batch.name) was not written by this host, text: or its Restorer.record is gone",
                    remedy: ["nothing of it is purged; `reprieve restore` works as ever"])
            }
        }
        let unsafe = (batch.manifest?.items.count ?? 0) - batch.items.count
        if unsafe > 0 {
            inspection.add(
                "unsafe-item", 11,
                text: "\(unsafe) entries of the manifest of batch \(batch.name) name no path in the vault",
                remedy: ["they are never touched; look at .trash/\(batch.name)/manifest.json"])
        }
        for item in batch.items where item.isHalfBack && inspection.isActing {
            inspection.add(
                "half", 1, text: "'\(item.backup.path.display)' is in batch \(batch.name) and at its origin",
                remedy: ["look which is whole; `reprieve restore` brings back what is in the batch"])
        }
        let lacking = batch.items.filter { item in
            item.holdsPrimary && !item.isHalfBack && item.inBatch.count < item.backup.members.count
        }
        if let first = lacking.first {
            inspection.add(
                "incomplete-item", 3,
                text:
                    "\(lacking.count) backup\(lacking.count == 1 ? "" : "s") in batch \(batch.name) lost side files ('\(first.backup.path.display)')",
                remedy: ["what is left can be restored"])
        }
        let notRecognised = try batch.items.flatMap(\.mismatches) + batch.unknownNames()
        guard !notRecognised.isEmpty else { return }
        inspection.add(
            "stranger", 3,
            text: "in batch \(batch.name) lies what its manifest does not have: \(Self.named(notRecognised))",
            remedy: ["it is never purged; move it to where it belongs"])
    }

    /// Invariant 1: in one place.
    private func inspectPlaces(_ snapshot: Snapshot, _ inspection: inout Inspection) {
        let inTrash = Dictionary(
            snapshot.trashed.filter { $0.item.atOrigin.isEmpty }.map { ($0.item.backup.object, $0.batch.name) }
        ) { first, _ in first }
        // Another link of an object is another backup.
        for backup in snapshot.present where backup.id.link == nil {
            guard let batch = inTrash[backup.object] else { continue }
            inspection.add(
                "twice", 1, text: "'\(backup.path.display)' is in its place and in batch \(batch)",
                remedy: ["look at both; nothing is purged that is present"])
        }
    }

    /// The chain of the audit log, whole.
    func inspectLog() -> [Checkup.Finding] {
        do throws(Fault) {
            let problems = try state.audit.verify().problems
            guard let first = problems.first else { return [] }
            return [
                .init(
                    code: "audit-chain",
                    text: "the audit log, '\(first.file.display)' line \(first.line): \(first.text)",
                    remedy: ["reprieve audit verify"], invariant: 9)
            ]
        } catch {
            return [.init(code: error.code.rawValue, text: error.message, remedy: error.hint.map { [$0] } ?? [])]
        }
    }

    private static func named(_ names: [Bytes]) -> String {
        let shown = names.prefix(3).map { "'\($0.display)'" }.joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
