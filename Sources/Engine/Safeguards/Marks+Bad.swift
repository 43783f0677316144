package import Model
internal import Trash

extension Marks {
    /// A person condemned it.
    func isByHand(_ backup: Backup, at now: Timestamp) -> Bool { mark(.condemned, backup.id.text, at: now) != nil }

    func isBad(_ backup: Backup) -> Bool { newest(.bad, backup.id.objectText).map { !$0.released } ?? false }

    func condition(of backups: [Backup], at now: Timestamp) -> [Backup] {
        var reasons: [UInt64: String] = [:]
        forEachHeld(.bad, at: now) { item, mark in reasons[item.object] = mark.reason }
        guard !reasons.isEmpty else { return backups }
        return backups.map { backup in
            guard let reason = reasons[backup.id.object] else { return backup }
            var bad = backup
            (bad.condition, bad.note) = (.broken, Backup.badNote + reason)
            return bad
        }
    }
}

extension Backup {
    /// How the note of one begins that a person knows to be broken.
    package static let badNote = "marked as bad: "

    package var isBad: Bool { condition == .broken && note.hasPrefix(Self.badNote) }
}
