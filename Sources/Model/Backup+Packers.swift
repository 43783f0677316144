/// How a file is packed is not part of its series: `app-*.tar.gz` and `app-*.tar.zst` are `app-*.tar`, and with a
/// cipher behind it `app-*.tar.gz.gpg` is `app-*.tar.gpg`. The ending of a packer stays where it is the only ending.
extension Backup {
    private static let packers = ShortWord.set("gz bz2 bz xz zst zstd lz4 lzo lz lzma z br sz")
    private static let ciphers = ShortWord.set("gpg pgp age enc aes asc")

    private static func isOne(_ bytes: ArraySlice<UInt8>, of endings: Set<ShortWord>) -> Bool {
        ShortWord(bytes).map(endings.contains) ?? false
    }

    /// The key of a series, or a pattern for keys, as it is whatever the files are packed with.
    package static func seriesWithoutPacker(_ pattern: Bytes) -> Bytes {
        let bytes = pattern.storage
        guard let last = ending(bytes[...]) else { return pattern }
        let isCipher = isOne(bytes[(last + 1)...], of: ciphers)
        let end = isCipher ? last : bytes.count
        guard let dot = isCipher ? ending(bytes[..<end]) : last, isOne(bytes[(dot + 1)..<end], of: packers),
            let before = ending(bytes[..<dot]), isName(bytes[(before + 1)..<dot])
        else { return pattern }
        return Bytes(bytes[..<dot] + bytes[end...])
    }

    /// Whether its name says that it is compressed.
    package var isPacked: Bool { Self.seriesWithoutPacker(path) != path }

    /// The dot before the last ending, of at most eight bytes.
    private static func ending(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let dot = bytes.suffix(9).lastIndex(of: UInt8(ascii: ".")), dot > bytes.startIndex else { return nil }
        return dot + 1 < bytes.endIndex ? dot : nil
    }

    /// `tar`, `sql`, `7z`, and no number and no time.
    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        let isWord = bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }
        return isWord && bytes.contains { $0 > 0x39 }
    }
}
