/// Something in a tree that stands in the way of moving or deleting it.
package struct Obstacle: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Another file system is mounted there, or a directory or file of this one (a bind mount).
        case mount
        /// A vault of its own, with its `.trash/vault.json`.
        case vault
        /// A btrfs subvolume: it moves with its parent, but only btrfs's own command deletes it.
        case subvolume
        /// `chattr +i`: nobody renames or unlinks it.
        case immutable
        /// `chattr +a`: nobody renames or unlinks it either.
        case appendOnly = "append-only"

        /// Whether the tree around it is no backup at all. The others only make it unmovable or not purgeable.
        package var meansNoBackup: Bool { self == .mount || self == .vault }
    }

    package var kind: Kind
    /// From the top of the tree that was looked at; empty: the top itself.
    package var path: Bytes

    package init(_ kind: Kind, at path: Bytes) {
        self.kind = kind
        self.path = path
    }

    /// For people.
    package var text: String {
        let place = path.isEmpty ? "its top" : "'\(path.display)'"
        return switch kind {
        case .mount: "another file system is mounted at \(place)"
        case .vault: "a vault lies inside it, at \(place)"
        case .subvolume: "a btrfs subvolume lies inside it, at \(place)"
        case .immutable: "\(place) is immutable (chattr -i)"
        case .appendOnly: "\(place) is append-only (chattr -a)"
        }
    }
}

/// What was met in a tree: the first few, and how many in all.
package struct Obstacles: Hashable, Sendable {
    /// More are counted, not kept.
    package static let kept = 10

    package private(set) var first: [Obstacle] = []
    package private(set) var count = 0
    /// The first that makes the tree no backup, however late it was met.
    package private(set) var noBackup: Obstacle?

    package init() {}

    package mutating func record(_ obstacle: Obstacle) {
        count += 1
        if first.count < Self.kept { first.append(obstacle) }
        if noBackup == nil, obstacle.kind.meansNoBackup { noBackup = obstacle }
    }

    package var isEmpty: Bool { count == 0 }
}
