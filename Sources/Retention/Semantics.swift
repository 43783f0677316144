/// The inner switches of the keep rules: what the same words mean in different tools.
package struct Semantics: Hashable, Sendable, Codable {
    /// Which set of switches it is, as written in the configuration.
    package enum Preset: String, Sendable, Codable, CaseIterable {
        case reprieve, restic, borg, borg2, proxmox, kopia
        case rotateBackups = "rotate-backups"
        case pgbackrest
    }

    /// What a rule does with what another rule keeps already.
    package enum Sharing: String, Sendable, Codable, CaseIterable {
        /// Nothing: each rule counts alone, one backup may serve all (restic).
        case overlap
        /// Finer rules first; a period whose newest backup is kept already is passed over and not counted (borg).
        case consumeBackups = "consume-backups"
        /// Finer rules first; a period with any kept backup is passed over and not counted, and what was superseded in
        /// a chosen period is out of the game (Proxmox).
        case consumePeriods = "consume-periods"
    }

    package enum Element: String, Sendable, Codable, CaseIterable { case newest, oldest }

    package enum Anchor: String, Sendable, Codable, CaseIterable {
        /// Lengths of time count back from the newest backup that is not future-dated (invariant 8).
        case newest
        /// From the newest that is dated before now (restic).
        case newestPast = "newest-past"
        /// From now: then time passing alone condemns.
        case now
    }

    package enum EmptyPeriods: String, Sendable, Codable, CaseIterable {
        /// `daily: 7` means the last seven days that have a backup (restic, borg, Proxmox).
        case skip
        /// `daily: 7` means the seven days before the newest backup, with a backup or without (kopia, rotate-backups).
        case count
    }

    /// What becomes of an unfinished backup where no safeguard is on.
    package enum Unfinished: String, Sendable, Codable {
        case setAside
        /// borg's checkpoints: removed, but for the newest archive of all.
        case checkpoint
        /// Proxmox and pgBackRest: the newest is kept where nothing finished is newer.
        case partial
        /// kopia: those newer than everything finished are kept while they are younger than four hours, counted back
        /// from the newest, and three of them at any age.
        case recent
    }

    package var preset: Preset
    package var sharing: Sharing
    /// Which backup of a period stands for it.
    package var element: Element
    /// Whether the oldest backup serves a rule that has room left.
    package var oldestBonus: Bool
    /// The same for a rule without an end: restic says yes, borg no.
    package var unlimitedTakesOldest: Bool
    package var anchor: Anchor
    /// Whether the repeated hour of autumn is two hours.
    package var hoursCarryOffset: Bool
    /// Whether `last` takes one backup a second.
    package var lastIsBySecond: Bool
    package var unfinished: Unfinished
    /// Whether a preserved backup counts for the rules like any other.
    package var preservedCounts: Bool
    /// Only where it differs from the preset's: a policy that was written before this switch keeps its text.
    private var ownEmptyPeriods: EmptyPeriods?

    package var emptyPeriods: EmptyPeriods {
        get { ownEmptyPeriods ?? preset.emptyPeriods }
        set { ownEmptyPeriods = newValue == preset.emptyPeriods ? nil : newValue }
    }

    package init(_ preset: Preset) {
        self.preset = preset
        sharing = .overlap
        element = .newest
        oldestBonus = true
        unlimitedTakesOldest = true
        anchor = .newest
        hoursCarryOffset = false
        lastIsBySecond = false
        unfinished = .setAside
        preservedCounts = true
        switch preset {
        case .reprieve: hoursCarryOffset = true
        case .restic: anchor = .newestPast
        case .borg:
            sharing = .consumeBackups
            unlimitedTakesOldest = false
            anchor = .now
            lastIsBySecond = true
            unfinished = .checkpoint
            preservedCounts = false
        case .proxmox:
            sharing = .consumePeriods
            oldestBonus = false
            lastIsBySecond = true
            unfinished = .partial
            preservedCounts = false
        case .borg2:
            sharing = .consumeBackups
            anchor = .now
            preservedCounts = false
        case .kopia:
            oldestBonus = false
            unfinished = .recent
        case .rotateBackups:
            element = .oldest
            oldestBonus = false
        case .pgbackrest:
            oldestBonus = false
            anchor = .now
            unfinished = .partial
        }
    }

    package static let reprieve = Semantics(.reprieve)

    /// `restic`, or `restic with anchor now` where single switches were set.
    package var text: String {
        let plain = Semantics(preset)
        var parts: [String] = []
        if sharing != plain.sharing { parts.append("rules \(sharing.rawValue)") }
        if element != plain.element { parts.append("of-period \(element.rawValue)") }
        if emptyPeriods != plain.emptyPeriods { parts.append("empty-periods \(emptyPeriods.rawValue)") }
        if oldestBonus != plain.oldestBonus { parts.append("oldest-bonus \(oldestBonus)") }
        if anchor != plain.anchor { parts.append("anchor \(anchor.rawValue)") }
        return preset.rawValue + (parts.isEmpty ? "" : " with " + parts.joined(separator: ", "))
    }
}
