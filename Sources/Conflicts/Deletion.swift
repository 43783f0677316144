internal import Model

/// A command, or a setting, of another program that removes things in a place.
struct Deletion {
    enum Kind: Hashable {
        /// All below the path, down to so many directories.
        case tree(most: Int?)
        /// The names that a pattern chooses; `isDeep`: with what is below them.
        case names(isDeep: Bool)
        /// Whatever the source of a copy does not have.
        case mirror
        /// What one writer put there itself.
        case rotation
        /// A repository's own pruning: only that tool can.
        case own
    }

    var file: Bytes
    var line: Int
    /// The command that deletes: `find -delete`.
    var tool: String
    /// Absolute.
    var path: ShellWord
    var kind: Kind
    /// It was told to leave `.trash` alone.
    var sparesTrash = false
    /// Only some names, or one file system: below a directory above the vault that may mean nothing here.
    var isNarrow = false
    /// It takes what is older than so many days.
    var days: Int?
    /// What to do instead, where the tool has a word for it.
    var change: String?
    /// The line as it stands there, where no one line of the file is it.
    var text: Bytes?
}

extension Deletion {
    /// Whether it takes anything of a vault whose contact with its path this is.
    func reaches(_ contact: VaultContact) -> Bool {
        switch kind {
        case .tree(let most): contact.place != .above || contact.depth <= most ?? .max
        case .names(let isDeep):
            switch contact.place {
            case .above, .top: isDeep
            // One name that is always the same is a writer's own.
            case .inside, .trash: path.isPattern || isDeep && path.hasUnknown
            }
        // Into a directory of its own a mirror may do what it likes.
        case .mirror: contact.place != .inside
        case .rotation, .own: contact.place != .above
        }
    }
}
