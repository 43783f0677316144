/// What a person said and must outlive us. It lives on disk twice: in the state directory and in the vault.
package struct Mark: Hashable, Sendable, Codable {
    package enum Kind: String, Sendable, Codable {
        /// Of a backup: keep it, for a reason, perhaps until a time.
        case preserved
        /// Of a backup: restored; the next cleanups leave it alone until a time.
        case reprieved
        /// Of a vault or a series: no condemning and no purging until it is lifted; after an undo, until the policy
        /// changes, too.
        case frozen
        /// Of a backup: a person condemned it by hand; at its purge this stands for the policy's word.
        case condemned
        /// Of a series: it has ended; how many of its backups stay, and from when on.
        case retired
        /// Of a vault: this policy, and the listed condemnations of this plan, were approved.
        case approved
        /// Of a backup or a series: what looked suspect is fine.
        case accepted
        /// Of a backup: a person knows that it is broken. It stays, and counts for nothing.
        case bad

        /// Whether it can only keep. Such a mark counts even where only the vault's copy has it; the others never do.
        package var protects: Bool {
            switch self {
            case .preserved, .reprieved, .frozen, .bad: true
            case .condemned, .retired, .approved, .accepted: false
            }
        }
    }

    package var kind: Kind
    /// What it is about: an object's 16 hex digits, `vault`, `series:` and the key in hexadecimal, or ``items``.
    package var target: String
    package var counter: Int
    /// A tombstone: it was lifted by this, a later, word.
    package var released: Bool
    package var reason: String
    package var actor: String
    package var at: Timestamp
    package var until: Timestamp?
    /// How it is found again where the object changed (a copy on another disk).
    package var path: String?
    package var pathRaw: String?
    package var time: Timestamp?
    package var size: Int64?
    package var approval: Approval?
    /// Of a retired series: how many stay (`nil`: all), and not before when.
    package var keep: Int?
    package var after: Timestamp?
    /// Of a retired or accepted series: the objects that it was said of; of no other. Of a series that froze by
    /// itself: what it froze for.
    package var objects: [String]?
    /// Of the freeze after an undo: it holds only while the vault's policy has one of these hashes.
    package var policies: [String]?
    /// Of a freeze: what caused it (``FreezeCause``); `nil` in marks of before it was written down.
    package var cause: String?
    /// Of a backup that was restored into a directory outside its vault: it went there, and is not missing.
    package var isElsewhere: Bool?
    /// The backups, where it is about many: `target` only names the mark then.
    package var items: MarkedItems?
    /// The run that its backups went with and came back from.
    package var run: Int?

    package struct Approval: Hashable, Sendable, Codable {
        package var plan: String
        package var policyHash: String
        package var policyText: String
        package var ids: [String]
        /// Kinds of series that a person has seen in an approved plan; `nil`: approved by an older version, of any
        /// kind.
        package var kinds: [String]?

        package init(plan: String, policyHash: String, policyText: String, ids: [String], kinds: [String]? = nil) {
            self.kinds = kinds
            self.plan = plan
            self.policyHash = policyHash
            self.policyText = policyText
            self.ids = ids
        }
    }

    package init(
        kind: Kind, target: String, counter: Int = 0, released: Bool = false, reason: String, actor: String,
        at: Timestamp, until: Timestamp? = nil
    ) {
        self.kind = kind
        self.target = target
        self.counter = counter
        self.released = released
        self.reason = reason
        self.actor = actor
        self.at = at
        self.until = until
    }

    /// A mark about many backups, which counts for each as one of its own.
    package init(
        _ kind: Kind, of items: MarkedItems, released: Bool = false, reason: String, actor: String, at: Timestamp,
        until: Timestamp? = nil
    ) {
        self.init(
            kind: kind, target: items.target(at: at), released: released, reason: reason, actor: actor, at: at,
            until: until)
        self.items = items
    }

    package struct Key: Hashable, Sendable {
        package var kind: Kind
        package var target: String

        package init(_ kind: Kind, _ target: String) {
            self.kind = kind
            self.target = target
        }
    }

    package var key: Key { Key(kind, target) }

    /// Whether it is meant under a policy, by its hash.
    package func concerns(policy hash: String) -> Bool { policies?.contains(hash) ?? true }

    /// Whether it says something now: not lifted, and not past its end.
    package func holds(at now: Timestamp) -> Bool { !released && (until.map { now < $0 } ?? true) }

    /// The object of a mark about one backup.
    package var object: UInt64? { Self.object(ofTarget: target) }

    package static func object(ofTarget target: String) -> UInt64? {
        target.utf8.count == 16 ? UInt64(target, radix: 16) : nil
    }

    package static let vaultTarget = "vault"
    /// Of the vault's freeze after an undo. A target of its own: it must neither weaken nor end another freeze.
    package static let undoneTarget = "undone"

    /// What a freeze for this cause is about. Each cause has a target of its own, so that none weakens or ends another.
    package static func frozenTarget(_ cause: FreezeCause, series: Bytes? = nil) -> String {
        switch (cause, series) {
        case (.person, nil): vaultTarget
        case (.undone, nil): undoneTarget
        case (_, nil): "\(vaultTarget):\(cause.rawValue)"
        case (.person, let series?): seriesTarget(series)
        case (_, let series?): "\(seriesTarget(series)):\(cause.rawValue)"
        }
    }

    /// The series of a target that ``seriesTarget(_:)`` or ``frozenTarget(_:series:)`` made.
    package static func series(ofTarget target: String) -> Bytes? {
        guard target.hasPrefix("series:") else { return nil }
        return Bytes(hexadecimal: String(target.dropFirst("series:".count).prefix { $0 != ":" }))
    }

    package static func seriesTarget(_ key: Bytes) -> String { "series:" + key.hexadecimal }

    /// A freeze that a cause of its own brought about.
    package static func freeze(
        _ cause: FreezeCause, series: Bytes? = nil, reason: String, actor: String, at: Timestamp
    ) -> Mark {
        var mark = Mark(
            kind: .frozen, target: frozenTarget(cause, series: series), reason: reason, actor: actor, at: at)
        mark.cause = cause.rawValue
        return mark
    }

    /// What a freeze was caused by; `nil`: a newer program's cause. What an older one wrote is told by its target.
    package var freezeCause: FreezeCause? {
        if let cause { return FreezeCause(rawValue: cause) }
        return target == Mark.undoneTarget ? .undone : .person
    }
}

/// Why a vault or a series is frozen. In marks, metrics and JSON by its raw value; one of a newer program is kept.
package enum FreezeCause: String, CaseIterable, Sendable {
    /// `freeze`, or a file FREEZE.
    case person
    /// `undo`, until the policy changes.
    case undone
    /// Backups in the trash were removed by somebody else.
    case missing
    /// A unit is half here and half there.
    case divided
    /// The clock jumped, or is not known to be right.
    case clock
    /// Several suspect backups in a row.
    case suspect
    /// Many backups rewritten, renamed or gone at once.
    case rewritten
    /// Another directory than ours stands at `.trash`.
    case replaced
}
