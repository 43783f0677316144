internal import Model

/// GitLab: `1795914000_2026_11_29_17.10.1-ee_gitlab_backup.tar`; before version 9 without the version, earlier without
/// the date. The seconds since 1970 count; the date is of the server's zone. The version is not part of the series.
/// (Names from `lib/backup/manager.rb`.)
struct GitLab: Layout {
    let guide = LayoutGuide(
        tool: "GitLab", names: "1795914000_2026_11_29_17.10.1-ee_gitlab_backup.tar, 1795914000_gitlab_backup.tar")

    private static let ending: Bytes = "_gitlab_backup.tar"

    var signs: [Bytes] { [Self.ending] }

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            let name = listing.entries[index].finalName
            guard name.storage.first?.isDigit == true, name.hasSuffix(Self.ending), let seconds = Self.seconds(name)
            else { continue }
            let found = Claim.Found(
                series: listing.key("*_gitlab_backup.tar"), time: Timestamp(seconds: seconds), by: self.name)
            listing.claim(index, as: .backup(found))
        }
    }

    /// `nil`: not written so.
    private static func seconds(_ name: Bytes) -> Int64? {
        let stem = name.dropLast(ending.count).storage
        guard stem.count >= 10, stem[..<10].allSatisfy(\.isDigit), let seconds = Int64(Bytes(stem[..<10]).display),
            seconds >= 1_000_000_000
        else { return nil }
        let rest = stem[10...]
        if rest.isEmpty { return seconds }
        let isDated = rest.enumerated().prefix(11).allSatisfy { n, byte in
            n % 11 == 0 || n == 5 || n == 8 ? byte == UInt8(ascii: "_") : byte.isDigit
        }
        guard rest.count >= 11, isDated else { return nil }
        let version = rest.dropFirst(11)
        if version.isEmpty { return seconds }
        guard version.first == UInt8(ascii: "_"), version.dropFirst().first?.isDigit == true,
            version.contains(UInt8(ascii: ".")),
            version.dropFirst().allSatisfy({ $0.isDigit || ($0.isLetter && $0 < 0x80) || ".-".utf8.contains($0) })
        else { return nil }
        return seconds
    }
}
