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
        for ending in endings where name.hasSuffix(ending) && name.count > ending.count {
            return name.dropLast(ending.count)
        }
        return nil
    }

    /// Which of the names go with which: side file to backup. One that could belong to two belongs to none.
    package static func assign(files: [Bytes], directories: [Bytes]) -> [Bytes: Bytes] {
        let all = Set(files + directories)
        // Only exactly `X.protected` beside X: anything else of that ending may be a backup of somebody's.
        let protecting = files.filter {
            $0.hasSuffix(protectedEnding) && all.contains($0.dropLast(protectedEnding.count))
        }
        let sides = files.filter { stem(of: $0) != nil } + protecting
        guard !sides.isEmpty else { return [:] }
        let taken = Set(sides)
        let own = files.filter { !taken.contains($0) } + directories
        let exact = Set(own)
        // `vzdump-….log` belongs to the one name that is its stem and an extension.
        var byStem: [Bytes: [Bytes]] = [:]
        for name in own {
            for dot in name.storage.indices where dot > 0 && name.storage[dot] == UInt8(ascii: ".") {
                byStem[Bytes(name.storage[..<dot]), default: []].append(name)
            }
        }
        var assigned: [Bytes: Bytes] = [:]
        for side in sides {
            // What has no stem is one of `protecting`.
            let stem = stem(of: side) ?? side.dropLast(protectedEnding.count)
            if exact.contains(stem) {
                assigned[side] = stem
            } else if let candidates = byStem[stem], candidates.count == 1 {
                assigned[side] = candidates[0]
            }
        }
        return assigned
    }
}
