internal import Model

/// Which files go with which backup of a directory, once every entry has been claimed.
struct Members {
    /// Files of one backup, by the entry that stands for it.
    private(set) var own: [Int: [Int]] = [:]
    /// Side files of several backups, by the entry of each of these.
    private(set) var shared: [Int: [Int]] = [:]
    /// Members of nothing, and why; `nil`: what they lie beside is not a backup.
    private(set) var orphans: [Int: String?] = [:]

    /// A side file of more backups is left alone: its name says too little.
    private static let mostOwners = 64
    /// The longest way from a side file (of a side file, and so on) to its backup. Each step makes a name shorter.
    private static let mostSteps = 128

    init(_ listing: Listing) {
        var known: [Listing.Sharing: [Int]] = [:]
        for index in listing.entries.indices {
            guard case .member = listing.claims[index] else { continue }
            let end = Self.end(of: index, listing)
            guard let sharing = listing.shared[end] else {
                if Self.isBackup(end, listing) {
                    own[end, default: []].append(index)
                } else {
                    orphans[index] = .some(nil)
                }
                continue
            }
            let owners = known[sharing] ?? Self.owners(sharing, listing)
            known[sharing] = owners
            switch owners.count {
            case 0: orphans[index] = .some(nil)
            case 1: own[owners[0], default: []].append(index)
            case ...Self.mostOwners where sharing.isDated:
                for owner in owners { shared[owner, default: []].append(index) }
            default: orphans[index] = SideFiles.alone
            }
        }
    }

    private static func isBackup(_ index: Int, _ listing: Listing) -> Bool {
        switch listing.claims[index] {
        case .backup, .undecided: true
        default: false
        }
    }

    /// A side file of a side file, or of a file of a set, goes where that goes.
    private static func end(of index: Int, _ listing: Listing) -> Int {
        var at = index
        for _ in 0..<mostSteps {
            guard listing.shared[at] == nil, case .member(let owner) = listing.claims[at] else { return at }
            at = owner
        }
        return at
    }

    private static func owners(_ sharing: Listing.Sharing, _ listing: Listing) -> [Int] {
        var owners: Set<Int> = []
        for index in sharing.entries {
            let end = end(of: index, listing)
            if isBackup(end, listing) { owners.insert(end) }
            if owners.count > mostOwners { break }
        }
        return owners.sorted()
    }
}
