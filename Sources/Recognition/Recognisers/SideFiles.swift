package import Model

/// Files beside a backup that go where it goes: `X.sha256`, and `X.log` beside `X.vma.zst`.
package enum SideFiles {
    private static let endings: [Bytes] = [".sha256", ".md5", ".log", ".notes"]
    /// Proxmox's vzdump makes an empty `X.protected` beside a backup that its own pruning must not take.
    private static let protectedEnding: Bytes = ".protected"

    /// How a backup is protected by the tool that wrote it; `nil`: it is not.
    package static func protection(of name: Bytes, by sideFiles: [Bytes]) -> String? {
        sideFiles.contains(name + protectedEnding)
            ? "protected by the file \(name.display)\(protectedEnding.display)" : nil
    }

    /// The name without a side file's ending; `nil` for any other name.
    package static func stem(of name: Bytes) -> Bytes? {
        switch name.storage.last {
        case UInt8(ascii: "6"), UInt8(ascii: "5"), UInt8(ascii: "g"), UInt8(ascii: "s"): break
        default: return nil
        }
        for ending in endings where name.hasSuffix(ending) && name.count > ending.count {
            return name.dropLast(ending.count)
        }
        return nil
    }

    /// Those with their backup go where it goes. They are told first of all, by the names alone: what their backup is
    /// and whether it is one shows later.
    struct Beside: Recogniser {
        let name = "a side file"

        func claim(in listing: inout Listing) {
            let sides = listing.entries.indices.filter { SideFiles.isSide($0, listing) }
            guard !sides.isEmpty else { return }
            let taken = Set(sides)
            var stems: [Bytes: [Int]]?
            for side in sides {
                guard let stem = SideFiles.anyStem(of: listing.entries[side].name) else { continue }
                if let exact = listing.index(of: stem), !taken.contains(exact), SideFiles.mayOwn(exact, listing) {
                    listing.claim(side, as: .member(of: exact))
                    continue
                }
                // `vzdump-….log` belongs to the one name that is its stem and an extension; with two, to none.
                let all = stems ?? SideFiles.stems(listing, without: taken)
                stems = all
                if let owners = all[stem], owners.count == 1 { listing.claim(side, as: .member(of: owners[0])) }
            }
        }
    }

    /// What has a side file's name and no backup beside it is left alone, unless a person's `match` knows better.
    struct Alone: Recogniser {
        let name = "side file without its backup"

        func claim(in listing: inout Listing) {
            for index in listing.entries.indices where listing.isOpen(index) {
                let entry = listing.entries[index]
                if entry.isFile, SideFiles.stem(of: entry.name) != nil { listing.leave(index, name) }
            }
        }
    }

    private static func isSide(_ index: Int, _ listing: Listing) -> Bool {
        let entry = listing.entries[index]
        guard entry.isFile else { return false }
        if stem(of: entry.name) != nil { return true }
        // Only exactly `X.protected` beside X: anything else of that ending may be a backup of somebody's.
        guard entry.name.storage.last == UInt8(ascii: "d"), entry.name.hasSuffix(protectedEnding) else { return false }
        return listing.index(of: entry.name.dropLast(protectedEnding.count)).map { mayOwn($0, listing) } ?? false
    }

    private static func anyStem(of name: Bytes) -> Bytes? {
        stem(of: name) ?? (name.hasSuffix(protectedEnding) ? name.dropLast(protectedEnding.count) : nil)
    }

    private static func mayOwn(_ index: Int, _ listing: Listing) -> Bool {
        listing.entries[index].isFile || listing.entries[index].isDirectory
    }

    /// The names by each of their beginnings that ends before a dot.
    private static func stems(_ listing: Listing, without sides: Set<Int>) -> [Bytes: [Int]] {
        var stems: [Bytes: [Int]] = [:]
        for (index, entry) in listing.entries.enumerated() where !sides.contains(index) && mayOwn(index, listing) {
            let name = entry.name.storage
            for dot in name.indices where dot > 0 && name[dot] == UInt8(ascii: ".") {
                stems[Bytes(name[..<dot]), default: []].append(index)
            }
        }
        return stems
    }
}
