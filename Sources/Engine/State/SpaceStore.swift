internal import Disk
internal import Model

/// `<state>/space.json`: which file systems cannot meet their limits, since when, and when that was last said; and a
/// lock for each file system, so that two who look at once do not both take what is lacking.
struct SpaceStore: Sendable {
    private let stateDirectory: Bytes
    private let file: StateFile<File>

    private struct File: Codable, Sendable {
        var episodes: [Entry] = []
    }

    private struct Entry: Codable, Sendable {
        var filesystem: String
        var episode: HoldEpisode
    }

    init(stateDirectory: Bytes) {
        self.stateDirectory = stateDirectory
        file = StateFile(directory: stateDirectory, name: "space.json")
    }

    /// Held from the look at a file system's free space until what is taken for it is written down. It is waited for
    /// only by vaults of that file system; should it hang, they hang with it.
    func lock(_ filesystem: String, holder: String, waitSeconds: Double) throws(Fault) -> FileLock {
        let name = Bytes("space-" + String(filesystem.prefix(100)) + ".lock")
        return try FileLock.take(
            name, in: try Directory.open(absolute: stateDirectory), holder: holder, waitSeconds: waitSeconds)
    }

    /// Notes whether limits are unmet, and which. Answers the episode where it is to be said: at its beginning, and
    /// weekly from then on.
    func note(_ filesystem: String, unmet cause: String?, at now: Timestamp) throws(Fault) -> HoldEpisode? {
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

    /// Since when a file system cannot meet its limits.
    func episode(_ filesystem: String) throws(Fault) -> HoldEpisode? {
        try file.read()?.episodes.first { $0.filesystem == filesystem }?.episode
    }
}
