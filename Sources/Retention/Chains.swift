internal import Model

/// Which backups of a series need which: an incremental its parent, and all that its parent needs.
package struct Chains: Sendable {
    /// Index of what each backup needs directly; -1 for a full one, and for a broken one.
    package private(set) var parents: [Int32]
    /// Index of the full backup that each stands on at last; its own where it is one or is broken.
    private var roots: [Int32]
    /// Backups whose chain is not whole, and why: they cannot be restored.
    package private(set) var broken: [Int: String] = [:]

    /// `nil` where there are only full backups.
    init?(_ backups: [Candidate], latest: Timestamp) {
        guard backups.contains(where: { $0.kind != .full }) else { return nil }
        parents = Array(repeating: -1, count: backups.count)
        roots = backups.indices.map { Int32(truncatingIfNeeded: $0) }
        link(backups, latest)
        followUp(backups)
    }

    private mutating func link(_ backups: [Candidate], _ latest: Timestamp) {
        var indices: [BackupID: Int] = [:]
        for (index, backup) in backups.enumerated() { indices[backup.id] = index }
        // Oldest first, for those that do not name their parent.
        let sound = backups.indices.filter { backups[$0].condition == .complete && backups[$0].time <= latest }
            .sorted { (backups[$0].time, backups[$0].path) < (backups[$1].time, backups[$1].path) }
        var (lastAny, lastFull): (Int?, Int?) = (nil, nil)
        var before: [Int: Int] = [:]
        for index in sound {
            switch backups[index].kind {
            case .full: lastFull = index
            case .incremental: before[index] = lastAny
            case .differential: before[index] = lastFull
            }
            lastAny = index
        }
        for (index, backup) in backups.enumerated() where backup.kind != .full {
            if let parent = backup.parent {
                guard let found = indices[parent], found != index else {
                    broken[index] = "what it needs (\(parent.text)) is not here"
                    continue
                }
                parents[index] = Int32(truncatingIfNeeded: found)
                if backups[found].condition != .complete || backups[found].time > latest {
                    broken[index] = "what it needs (\(backups[found].path.lastComponent)) is not complete"
                }
            } else if let found = before[index] {
                parents[index] = Int32(truncatingIfNeeded: found)
            } else if backup.condition == .complete, backup.time <= latest {
                broken[index] = "there is no full backup before it"
            }
        }
    }

    /// What needs a broken one is broken too, and so is a circle.
    private mutating func followUp(_ backups: [Candidate]) {
        enum State { case unknown, walking, whole, broken }
        var states = backups.indices.map { index in
            broken[index] != nil ? State.broken : parents[index] < 0 ? .whole : .unknown
        }
        for start in backups.indices where states[start] == .unknown {
            var path: [Int] = []
            var at = start
            while states[at] == .unknown {
                states[at] = .walking
                path.append(at)
                at = Int(parents[at])
            }
            let isCircle = states[at] == .walking
            let isWhole = states[at] == .whole
            for index in path {
                if isWhole { roots[index] = roots[at] }
                states[index] = isWhole ? .whole : .broken
                guard !isWhole else { continue }
                broken[index] =
                    isCircle
                    ? "its chain goes in a circle"
                    : "what it needs (\(backups[Int(parents[index])].path.lastComponent)) is broken"
            }
        }
    }

    /// The full backup that a backup stands on at last; itself where it is one or is broken.
    package func root(of index: Int) -> Int { Int(roots[index]) }
}
