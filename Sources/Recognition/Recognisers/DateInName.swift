import Model

/// A date in the name, in one of the ways that can mean one day only. What is without it is the series. Where the name
/// alone leaves a question open, its neighbours answer it.
struct DateInName: Recogniser {
    let name = "a date in its name"

    func claim(in listing: inout Listing) {
        var questions = NameQuestions()
        for index in listing.entries.indices where listing.isOpen(index) {
            let reading = listing.parser.read(listing.entries[index].finalName)
            if questions.take(index, reading, &listing) { continue }
            switch reading {
            case .time(let time, let pattern, let ambiguity):
                listing.claim(index, as: backup(time, pattern, ambiguity: ambiguity, listing: listing))
            case .refused(let why): listing.remark(index, why)
            case .none: break
            }
        }
        questions.answer(&listing) { _, reading, listing in
            guard case .time(let time, let pattern, let ambiguity) = reading else { return nil }
            return backup(time, pattern, ambiguity: ambiguity?.isQuestion == true ? nil : ambiguity, listing: listing)
        }
    }

    private func backup(_ time: Timestamp, _ pattern: Bytes, ambiguity: TimeAmbiguity?, listing: Listing) -> Claim {
        let series = listing.key(Backup.seriesWithoutPacker(pattern))
        return .backup(.init(series: series, time: time, by: name, ambiguity: ambiguity))
    }
}
