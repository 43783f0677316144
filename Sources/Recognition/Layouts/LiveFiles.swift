package import Model

/// Files that are what they are by their ending, whatever date stands in the name: pictures, films, sound, documents,
/// mail, packages, keys, source code, and logs that a system rotates. Dumps, exports, archives and images of disks are
/// not among them, and what has no ending that says it is not either.
package struct LiveFiles: Layout {
    package let guide = LayoutGuide(
        tool: "pictures, documents, code, logs",
        names: "`IMG_20261123.jpg`, `scan 2026-11-23.pdf`, `access.log-20261123.gz`",
        kind: "left alone, unless `include`, `names` or `match` names it", chain: "none", complete: "not looked at",
        prunes: "nobody")

    package func claim(in listing: inout Listing) {
        for index in listing.entries.indices
        where listing.isOpen(index) && listing.entries[index].isFile && !listing.isIncluded(index) {
            guard let what = Self.what(listing.entries[index].finalName.storage) else { continue }
            listing.leave(index, "\(what), not a backup; \(LiveData.how)")
        }
    }

    private static func what(_ name: [UInt8]) -> String? {
        if let (ending, _) = ShortWord.ending(of: name), let what = endings[ending] { return what }
        if isLog(name) { return "a log" }
        if isMail(name) { return "a mail" }
        guard let last = name.last, last == UInt8(ascii: "t") || last == UInt8(ascii: "z") else { return nil }
        return packages.contains { name.suffix($0.count).elementsEqual($0) } ? "a package" : nil
    }

    // MARK: Albums

    private static let ofPeople: Set<String> = ["a picture", "a film", "sound", "a document", "a mail"]

    /// Whether these are pictures, films, documents and nothing else.
    package static func areOfPeople(_ names: [Bytes]) -> Bool {
        !names.isEmpty && names.allSatisfy { name in what(name.storage).map { ofPeople.contains($0) } ?? false }
    }

    package static let album =
        "pictures or documents of a day, of which no other day has one, not a backup; \(LiveData.how)"

    // MARK: By the ending

    private static let endings: [ShortWord: String] = {
        let words = [
            "a picture":
                "jpg jpeg jpe png gif bmp tif tiff heic heif webp avif svg cr2 cr3 nef arw dng orf rw2 raf psd xcf",
            "a film": "mp4 m4v mov avi mkv webm wmv flv mpg mpeg 3gp mts m2ts vob",
            "sound": "mp3 m4a flac ogg oga opus wav wma aac aiff aif mid midi",
            "a document":
                "pdf doc docx docm xls xlsx xlsm ppt pptx odt ods odp rtf epub mobi djvu tex md rst pages numbers",
            "a mail": "eml emlx msg",
            "a package": "deb udeb rpm apk whl gem crate nupkg flatpak appimage ipk msi exe dll",
            "a key or certificate": "pem crt cer csr key pub",
            "source code":
                "c h cc cpp cxx hpp cs java kt go rs py rb pl pm php js mjs jsx tsx css scss swift scala lua sh ps1 vue",
        ]
        var endings: [ShortWord: String] = [:]
        for (what, all) in words {
            for word in ShortWord.set(all) { endings[word] = what }
        }
        return endings
    }()

    private static let packages: [[UInt8]] = [".pkg.tar.zst", ".pkg.tar.xz", ".pkg.tar.gz"].map { Array($0.utf8) }

    // MARK: Logs and mail

    private static let packers: [[UInt8]] = [".gz", ".xz", ".bz2", ".zst", ".lz4"].map { Array($0.utf8) }
    private static let ofSyslog: Set<Bytes> = [
        "syslog", "messages", "maillog", "mail.info", "mail.warn", "mail.err", "secure", "cron", "debug", "dmesg",
        "wtmp", "btmp", "lastlog", "spooler",
    ]

    /// `access.log-20261123.gz`, `app.log.1`, `syslog.2.gz`: a number or a date behind a log's whole name.
    private static func isLog(_ name: [UInt8]) -> Bool {
        var rest = name[...]
        if let last = rest.last, !last.isDigit || last == UInt8(ascii: "2") || last == UInt8(ascii: "4"),
            let packer = packers.first(where: { rest.suffix($0.count).elementsEqual($0) })
        {
            rest = rest.dropLast(packer.count)
        }
        guard rest.last?.isDigit == true else { return false }
        let joints = Array("-_.".utf8)
        while let last = rest.last, last.isDigit || joints.contains(last) { rest = rest.dropLast() }
        guard rest.count < name.count, joints.contains(name[rest.count]) else { return false }
        return (rest.count > 4 && rest.suffix(4).elementsEqual(".log".utf8))
            || (rest.count <= 9 && ofSyslog.contains(Bytes(rest)))
    }

    /// The flags of a mail in a Maildir stand behind `:2,`.
    private static func isMail(_ name: [UInt8]) -> Bool {
        guard name.count > 12, let colon = name.suffix(32).lastIndex(of: UInt8(ascii: ":")) else { return false }
        return name[colon...].starts(with: ":2,".utf8) && name[(colon + 3)...].allSatisfy { $0.isLetter }
    }
}
