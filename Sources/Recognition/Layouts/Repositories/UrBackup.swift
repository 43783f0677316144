internal import Model

/// Each client has a directory; in it a backup of files is `YYMMDD-HHMM/` with `.hashes/`, one of a disk
/// `YYMMDD-HHMM_Image_C/`. Its database knows each file. Source: `FileBackup.cpp`, `ImageBackup.cpp`.
extension Repository {
    static let urBackup = Repository(
        "UrBackup", names: "`CLIENT/261123-0100/.hashes/`, `CLIENT/261123-0100_Image_C/`, `urbackup_tmp_files/`",
        prunes: "UrBackup's own settings, or urbackupsrv remove-unknown and cleanup"
    ) { place in
        if place.holds(1, of: ["urbackup_tmp_files", ".directory_pool"]) { return true }
        if place.hasDirectory(".hashes") { return isBackup(place.directory.lastComponent) }
        var first: Bytes?
        for name in place.names where isBackup(name) {
            if name.count > 11 { return true }
            first = min(first ?? name, name)
        }
        return first.map { place.names(in: $0).contains(".hashes") } ?? false
    }

    private static func isBackup(_ name: Bytes) -> Bool {
        let bytes = name.storage
        guard bytes.count >= 11, bytes[6] == UInt8(ascii: "-"), bytes[..<6].allSatisfy(\.isDigit),
            bytes[7..<11].allSatisfy(\.isDigit)
        else { return false }
        return bytes.count == 11 || bytes[11...].starts(with: "_Image_".utf8)
    }
}
