internal import Disk
internal import Model
internal import Trash

/// Where a path of somebody's line stands to a vault.
struct VaultContact: Hashable {
    enum Place: Hashable { case above, top, inside, trash }

    var place: Place
    /// No part of it had to be guessed.
    var isSure = true
    /// How many directories below the path the vault's own entries are; 1 for the vault's top itself.
    var depth: Int

    /// `nil`: it is elsewhere, or nobody can know.
    init?(of path: ShellWord, to vault: Bytes) {
        guard path.isAbsolute, let names = path.names else { return nil }
        let own = vault.components
        for (n, (name, component)) in zip(names, own).enumerated() {
            guard name.hasUnknown else {
                guard name.matches(name: component) else { return nil }
                continue
            }
            // What is known must lead towards the vault, by one whole directory at least.
            guard n > 0, component.hasPrefix(name.literalPrefix) else { return nil }
            (place, isSure, depth) = (.above, false, own.count - n)
            return
        }
        depth = max(1, own.count - names.count + 1)
        if names.count < own.count {
            place = .above
        } else if names.count == own.count {
            place = .top
        } else {
            place = names[own.count].literal == TrashDirectory.name ? .trash : .inside
        }
    }
}

/// A vault, by every path that leads to it.
struct VaultPaths {
    var label: String
    var paths: Set<Bytes>

    /// The nearest contact of a path, by what is written and by where its links lead.
    func contact(of path: ShellWord, resolved: [Bytes: Bytes]) -> VaultContact? {
        for written in paths {
            if let contact = VaultContact(of: path, to: written) { return contact }
        }
        let known = path.knownDirectory
        guard let real = resolved[known], real != known else { return nil }
        let moved = ShellWord(real) + path.dropFirst(known == "/" ? 0 : known.count)
        return paths.lazy.compactMap { VaultContact(of: moved, to: $0) }.first
    }
}

extension ShellWord {
    /// The part of an absolute path whose links can be followed: its whole names before the first unknown one.
    var knownDirectory: Bytes {
        let prefix = literalPrefix
        guard !isLiteral else { return prefix }
        return prefix.parent.isEmpty ? "/" : prefix.parent
    }
}
