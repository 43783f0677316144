import Model

/// A date in the name, in one of the ways that can mean one day only. What is without it is the series.
struct DateInName: Recogniser {
    let name = "a date in its name"

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) {
            switch listing.parser.read(listing.entries[index].finalName) {
            case .time(let time, let pattern, let doubt):
                listing.claim(
                    index, as: .backup(.init(series: listing.key(pattern), time: time, by: name, doubt: doubt)))
            case .refused(let why): listing.remark(index, why)
            case .none: break
            }
        }
    }
}
