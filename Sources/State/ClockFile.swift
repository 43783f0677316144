internal import Disk
package import Model
internal import Retention

/// `<state>/clock`: what each vault's brake knows of the clock. A vault for itself, because a person may lift its
/// freeze alone, and each may be configured otherwise.
package struct ClockFile: Sendable {
    struct Content: Codable, Sendable {
        var vaults: [String: Entry] = [:]
    }

    struct Entry: Codable, Hashable, Sendable {
        var trust: ClockTrust
        var doubt: Doubted?
    }

    /// A doubt that lasts.
    package struct Doubted: Codable, Hashable, Sendable {
        package var reason: String
        package var since: Timestamp
        /// It was said in the audit log.
        var isSaid: Bool
    }

    package enum Change: Sendable {
        case none
        case frozen(Doubted)
        case unfrozen
    }

    /// In the first minutes after a boot a time service may not have answered yet: the freeze holds, and is not said.
    static let silentNanoseconds: Int64 = 600 * 1_000_000_000

    private let file: StateFile<Content>

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        file = StateFile(directory: stateDirectory, name: "clock", damage: damage)
    }

    /// What every command looks at when it starts: from then on the clock is known, though no vault was looked at yet.
    static let machine = VaultID(text: "")

    package func doubt(of vault: VaultID, at now: Moment, isSynchronised: Bool?) throws(Fault) -> Doubted? {
        guard let content = try file.read() else { return nil }
        return (content.vaults[vault.text] ?? content.vaults[Self.machine.text]).flatMap {
            Self.doubted($0, at: now, isSynchronised)
        }
    }

    private static func doubted(_ entry: Entry, at now: Moment, _ isSynchronised: Bool?) -> Doubted? {
        guard let doubt = entry.trust.doubt(at: now, isSynchronised: isSynchronised) else { return nil }
        return entry.doubt ?? Doubted(reason: doubt.text, since: now.wall, isSaid: false)
    }

    /// Looks at the clock for a vault, and keeps what is found. Answers what is to be said.
    package func update(_ vault: VaultID, at now: Moment, isSynchronised: Bool?) throws(Fault) -> Change {
        if let entry = try file.read()?.vaults[vault.text], entry.doubt == nil, entry.trust.isFresh(at: now),
            entry.trust.doubt(at: now, isSynchronised: isSynchronised) == nil
        {
            return .none
        }
        var change = Change.none
        do {
            return try file.change { content in
                var all = content ?? Content()
                // A new vault begins with what the machine knows.
                let known = all.vaults[Self.machine.text].map { Entry(trust: $0.trust) }
                var entry = all.vaults[vault.text] ?? known ?? Entry(trust: ClockTrust(at: now))
                change = Self.update(&entry, at: now, isSynchronised)
                all.vaults[vault.text] = entry
                content = all
                return change
            }
        } catch {
            // A full disk: what was seen holds all the same, and is said again next time.
            guard error.isFull || error.errno == Errno.EROFS else { throw error }
            return change
        }
    }

    private static func update(_ entry: inout Entry, at now: Moment, _ isSynchronised: Bool?) -> Change {
        guard var doubt = doubted(entry, at: now, isSynchronised) else {
            let wasSaid = entry.doubt?.isSaid == true
            entry.doubt = nil
            entry.trust.believe(now, isSynchronised: isSynchronised)
            return wasSaid ? .unfrozen : .none
        }
        let isNew = !doubt.isSaid && now.boot >= silentNanoseconds
        if isNew { doubt.isSaid = true }
        entry.doubt = doubt
        return isNew ? .frozen(doubt) : .none
    }

    /// A person says that the clock is right. Whether it was in doubt.
    package func believe(_ vault: VaultID, at now: Moment, isSynchronised: Bool?) throws(Fault) -> Bool {
        guard try doubt(of: vault, at: now, isSynchronised: isSynchronised) != nil else { return false }
        return try file.change { content in
            for id in [vault, Self.machine] { content?.vaults[id.text] = Entry(trust: ClockTrust(at: now)) }
            return true
        }
    }
}
