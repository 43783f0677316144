package import Disk
package import Model

/// `<state>/space.json`: which file systems cannot meet their limits, since when, and when that was last said; and a
/// lock for each file system, so that two who look at once do not both take what is lacking.
package struct SpaceStore: Sendable {
    private let stateDirectory: Bytes
    private let file: StateFile<File>

    private struct File: Codable, Sendable {
        var episodes: [Entry] = []
        var credits: [Credit]?
    }

    /// What was unlinked of late. btrfs and xfs say only later that it is free; who looks meanwhile must not take it a
    /// second time.
    private struct Credit: Codable, Sendable {
        var filesystem: String
        var bytes: Int64
        /// What was available before.
        var before: Int64
        var bootId: String
        var boot: Int64

        static let nanoseconds: Int64 = 120_000_000_000

        func outstanding(available: Int64, at now: Moment) -> Int64 {
            guard bootId == now.bootID, now.boot - boot < Self.nanoseconds else { return 0 }
            return max(0, bytes - max(0, available - before))
        }
    }

    private struct Entry: Codable, Sendable {
        var filesystem: String
        var episode: HoldEpisode
    }

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        self.stateDirectory = stateDirectory
        file = StateFile(
            directory: stateDirectory, name: "space.json",
            isPossible: { $0.credits?.allSatisfy { min($0.bytes, $0.before, $0.boot) >= 0 } ?? true }, damage: damage)
    }

    /// Held from the look at a file system's free space until what is taken for it is written down. It is waited for
    /// only by vaults of that file system; should it hang, they hang with it.
    package func lock(_ filesystem: String, holder: String, waitSeconds: Double) throws(Fault) -> FileLock {
        let name = Bytes("space-" + String(filesystem.prefix(100)) + ".lock")
        return try FileLock.take(
            name, in: try Directory.open(absolute: stateDirectory), holder: holder, waitSeconds: waitSeconds)
    }

    /// Notes whether limits are unmet, and which. Answers the episode where it is to be said: at its beginning, and
    /// weekly from then on.
    package func record(_ filesystem: String, unmet cause: String?, at now: Timestamp) throws(Fault) -> HoldEpisode? {
        let known = try file.read()?.episodes ?? []
        if cause == nil, !known.contains(where: { $0.filesystem == filesystem }) { return nil }
        return try file.change { file in
            var current = file ?? File()
            defer { file = current }
            let place = current.episodes.firstIndex { $0.filesystem == filesystem }
            guard let cause else {
                if let place { current.episodes.remove(at: place) }
                return nil
            }
            if let place, current.episodes[place].episode.cause == cause {
                var episode = current.episodes[place].episode
                // A clock that was set back must not silence it for long.
                guard abs(now.seconds(since: episode.saidAt)) >= HoldEpisode.reminderSeconds else { return nil }
                episode.saidAt = now
                current.episodes[place].episode = episode
                return episode
            }
            let fresh = HoldEpisode(cause: cause, since: now, saidAt: now)
            if let place { current.episodes.remove(at: place) }
            current.episodes.append(Entry(filesystem: filesystem, episode: fresh))
            return fresh
        }
    }

    // MARK: What is about to be free

    /// So many bytes are being unlinked now, with so many available before.
    package func credit(_ filesystem: String, bytes: Int64, available: Int64, at now: Moment) throws(Fault) {
        try file.change { file in
            var current = file ?? File()
            let known = current.credits ?? []
            let rest = known.filter { $0.filesystem == filesystem }.total {
                $0.outstanding(available: available, at: now)
            }
            current.credits =
                known.filter { $0.filesystem != filesystem && $0.outstanding(available: 0, at: now) > 0 }
                + [
                    Credit(
                        filesystem: filesystem, bytes: rest.adding(bytes), before: available, bootId: now.bootID,
                        boot: now.boot)
                ]
            file = current
        }
    }

    /// What was unlinked and does not show yet.
    package func outstanding(_ filesystem: String, available: Int64, at now: Moment) throws(Fault) -> Int64 {
        (try file.read()?.credits ?? []).filter { $0.filesystem == filesystem }
            .total { $0.outstanding(available: available, at: now) }
    }

    /// Since when a file system cannot meet its limits.
    package func episode(_ filesystem: String) throws(Fault) -> HoldEpisode? {
        try file.read()?.episodes.first { $0.filesystem == filesystem }?.episode
    }
}
