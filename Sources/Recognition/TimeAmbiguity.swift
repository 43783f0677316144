/// A time of day that could be a number as well: `customer-20261123-1001`, epoch seconds, or the last directory of
/// `2026/11/23/01`. The time of the content has to bear it out.
package struct TimeAmbiguity: Hashable, Sendable {
    package enum Place: Sendable {
        case behindDate, epoch, apart
        /// `2026-11-23_9-5`: no clock writes so, but scripts do.
        case unpadded
        /// Nine or more digits that are a time with a fraction of a second: `010203482`.
        case runOn
        /// `2026112309`: a date and its hour, epoch seconds of the years behind 2032, or a number.
        case dateHour
        /// Two digits behind a date: an hour or a number.
        case hour
        /// Six digits behind seconds: their fraction or a number.
        case fraction
    }
    package var place = Place.behindDate
    /// The day it was found behind; `nil` for epoch seconds.
    package var day: Int64?
    package var minute: Int

    package init(place: Place = .behindDate, day: Int64?, minute: Int) {
        self.place = place
        self.day = day
        self.minute = minute
    }

    /// Whether neighbours that look like a schedule are proof enough.
    package var isOfSchedule: Bool { place == .behindDate }

    /// Whether the reading without the number is as good as the one with it: the neighbours, or the times of the
    /// contents, have to say which.
    package var isQuestion: Bool { place == .hour || place == .fraction }

    /// How many seconds the content's time may lie behind that of the name: up to six hours (a long dump), ten minutes
    /// before it; epoch seconds may say when it began, or ended; an hour apart from its date says little.
    package var window: ClosedRange<Int64> {
        switch place {
        case .behindDate, .unpadded, .runOn, .fraction: -600...21_600
        case .dateHour: -600...25_200
        case .epoch: -2 * 86_400...2 * 86_400
        case .apart: -600...3600
        case .hour: -600...4200
        }
    }
}
