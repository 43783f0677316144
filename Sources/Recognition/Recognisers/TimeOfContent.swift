import Model

/// `time-from: mtime`: each file, and each directory with a date in its name, is a backup; names tell no series, so the
/// directory is the series.
struct TimeOfContent: Recogniser {
    let name = "time-from: mtime"

    func claim(in listing: inout Listing) {
        let series = SeriesKey.ofDirectory(listing.directory)
        for index in listing.entries.indices where listing.isOpen(index) {
            let entry = listing.entries[index]
            let isDated = listing.parser.read(entry.finalName).isTime
            guard isDated || (entry.isFile && !entry.isTemporary) else { continue }
            listing.claim(index, as: .backup(.init(series: series, time: nil, by: name)))
        }
    }
}

/// `time-from: mtime` with `match`: what no match takes could only be put together by its directory, with what is not
/// its like.
struct Unmatched: Recogniser {
    let name = "no `match` takes it"

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            listing.remark(index, name)
        }
    }
}
