package import Model

/// Every tool whose layout is known, in the order in which they are asked: in each stage the first answer counts.
package enum Layouts {
    package static let table: [any Layout] = known + others

    /// What is told by signs of its own.
    static let known: [any Layout] =
        stores + [
            Duplicity(), Dar(), Btrbk(), BackupManager(), Hdup(), VirtualHardDisk(), Qcow2(), ZFSSend(),
            OlaHallengren(), SAPHana(), Db2(), Veeam(), StoreBackup(), ThinBackup(), XtraBackup(), PgBaseBackup(),
            InfluxDB(), UpdraftPlus(), GhettoVCB(), MyDumper(), PgDumpDirectory(), BackInTime(), RsyncTimeBackup(),
            GitLab(), HomeAssistant(), BaculaVolume(),
            // Behind all tools: they may know what the parts of a file are.
            SplitParts(), KindWords(),
        ]

    /// Counts up when a layout begins to read names or contents otherwise: then all is read again, once.
    package static let version: Int64 = 3

    /// What a whole directory is that is not to be looked into; `nil`: an ordinary one. `isDated`: its name has a date.
    /// A dated copy of live data is a backup; a dated repository is its tool's. `isIncluded`: a person says that it is
    /// not live data.
    package static func place(
        _ place: PlaceNames, isDated: Bool = false, isIncluded: Bool = false
    ) -> SkippedEntry.Why? {
        for layout in table where !(isIncluded && layout is LiveData) {
            guard let why = layout.place(place) else { continue }
            if case .managed = why { return why }
            if !isDated || layout.countsInDatedDirectories { return why }
        }
        return nil
    }

    /// What a backup says of itself; of a directory also what the directories in it say, where they are few.
    package static func read(_ unit: UnitContents) -> Contents? {
        var looks = mostParts
        return read(unit, depth: 0, &looks)
    }

    /// More directories of one backup are not looked into for this.
    private static let (mostParts, mostDepth, fewNames) = (24, 2, 12)

    private static func read(_ unit: UnitContents, depth: Int, _ looks: inout Int) -> Contents? {
        for layout in table {
            if let contents = layout.read(unit) { return contents }
        }
        guard unit.isDirectory, depth < mostDepth, unit.names.count <= fewNames else { return nil }
        var parts: [Contents] = []
        for name in unit.names.sorted() where looks > 0 {
            looks -= 1
            guard let part = unit.part(name), var found = read(part, depth: depth + 1, &looks) else { continue }
            found.file = found.file.map { "\(name.display)/\($0)" }
            parts.append(found)
        }
        return parts.isEmpty ? nil : Contents(of: parts)
    }
}

extension Contents {
    /// Of a backup that is made of several: what one of them needs and another provides is in it.
    fileprivate init(of parts: [Contents]) {
        self = parts[0]
        provides = Array(parts.flatMap(\.provides).prefix(Self.mostTokens))
        signs = Set(parts.flatMap(\.signs)).sorted()
        if let bad = parts.first(where: { $0.outcome == .unread })
            ?? parts.first(where: { [.failed, .running, .lacking].contains($0.outcome) })
        {
            (outcome, why) = (bad.outcome, bad.why)
        }
        let hasFull = parts.contains { ($0.kind ?? .full) == .full }
        needs = parts.flatMap(\.needs).filter { need in
            switch need {
            case .exactly(let token), .newestBefore(let token): !provides.contains { $0.mayMatch(token) }
            case .lastFull, .previous, .levelsBelow: !hasFull
            case .unknown: true
            }
        }
        let dependent = parts.first { $0.kind == .incremental || $0.kind == .differential }
        kind =
            needs.isEmpty && (hasFull || dependent == nil)
            ? parts.compactMap(\.kind).isEmpty ? nil : .full : dependent?.kind
    }
}
