package import Model

/// What names leave open, their neighbours and the times of the contents decide.
extension DirectoryReading {
    // MARK: By the names alone

    /// Doubts that the names of a series answer.
    mutating func dropUnneededDoubts() {
        let ambiguous = units.indices.filter { units[$0].ambiguity != nil }
        guard !ambiguous.isEmpty else { return }
        for (_, indices) in Dictionary(grouping: ambiguous, by: { units[$0].series }) {
            dropUnneededDoubts(indices)
        }
    }

    private mutating func dropUnneededDoubts(_ indices: [Int]) {
        let places = Set(indices.compactMap { units[$0].ambiguity?.place })
        guard places.count == 1, let place = places.first else { return }
        let isProven =
            switch place {
            case .behindDate: isSchedule(indices)
            case .epoch: EpochProof(indices.compactMap { units[$0].time }).isProof
            case .dateHour: Set(indices.map { units[$0].ambiguity?.day }).count >= 3
            case .apart, .unpadded, .runOn, .hour, .fraction: false
            }
        if isProven { for index in indices { units[index].ambiguity = nil } }
    }

    /// Four digits behind a date are a time of day, as long as they look like a schedule: one a day, or always at the
    /// same minute, or at fives. `-1001`, `-1002`, `-1042` on one day may be customers: then mtimes have to say it.
    private func isSchedule(_ indices: [Int]) -> Bool {
        Dictionary(grouping: indices) { units[$0].ambiguity?.day }.values.allSatisfy { day in
            let minutes = Set(day.compactMap { units[$0].ambiguity?.minute })
            return minutes.count == 1 || minutes.allSatisfy { $0.isMultiple(of: 5) }
        }
    }

    // MARK: By the contents

    /// Whether ``decide(remembered:contentTime:)`` may change anything.
    package var isOpen: Bool { !undecided.isEmpty || units.contains { $0.ambiguity != nil } }

    /// Why names are left alone whose times are in doubt.
    package static let notBorneOut = "is it a time or a number? The time of its content does not bear it out"

    /// Decides what the times of the contents tell; afterwards no unit is in doubt. `contentTime`: of a unit of this
    /// directory; `nil`: it is gone. `remembered`: the time that a unit was read as before: where its neighbours are
    /// gone by now, what was decided stays so.
    package mutating func decide(
        remembered: (Unit) -> Timestamp? = { _ in nil }, contentTime: (Unit) -> Timestamp?
    ) {
        checkDoubts(remembered, contentTime)
        let before = units.count
        for group in Dictionary(grouping: undecided.indices, by: { undecided[$0].question.group }).values {
            if let chosen = recalled(group, remembered) ?? voted(group, contentTime) { take(group, chosen) }
        }
        guard units.count > before else { return }
        units.sort { $0.name < $1.name }
        let taken = Set(units.flatMap { [$0.name] + $0.sideFiles })
        skippedEntries.removeAll { taken.contains($0.name) }
        undecided.removeAll { taken.contains($0.unit.name) }
    }

    private mutating func checkDoubts(_ remembered: (Unit) -> Timestamp?, _ contentTime: (Unit) -> Timestamp?) {
        let ambiguous = units.indices.filter { units[$0].ambiguity != nil }
        guard !ambiguous.isEmpty else { return }
        var numbers: Set<Bytes> = []
        for (series, indices) in Dictionary(grouping: ambiguous, by: { units[$0].series }) {
            var (known, borneOut) = (0, 0)
            for index in indices {
                guard let ambiguity = units[index].ambiguity, let time = units[index].time else { continue }
                let isKnown = remembered(units[index]) == time
                guard let seen = isKnown ? time : contentTime(units[index]) else { continue }
                known += 1
                if isKnown || ambiguity.window.contains(seen.seconds(since: time)) { borneOut += 1 }
            }
            // Of epoch seconds most are enough: a number is hardly ever near them.
            let isEpoch = indices.allSatisfy { units[$0].ambiguity?.place == .epoch }
            if isEpoch ? borneOut * 3 < known * 2 : borneOut < known { numbers.insert(series) }
        }
        for unit in units where unit.ambiguity != nil && numbers.contains(unit.series) {
            skippedEntries.append((unit.name, .notRecognised(Self.notBorneOut)))
            for side in unit.sideFiles {
                skippedEntries.append((side, .notRecognised(Self.noBackup(unit.name))))
            }
        }
        units.removeAll { $0.ambiguity != nil && numbers.contains($0.series) }
        for index in units.indices { units[index].ambiguity = nil }
    }

    /// Contents that agree with one reading and contradict the other: so many are needed.
    private static let votesNeeded = 3

    /// The reading that names of this group had before; `nil`: none, or more than one.
    private func recalled(_ group: [Int], _ remembered: (Unit) -> Timestamp?) -> NameQuestion.Kind.Choice? {
        var chosen: Set<NameQuestion.Kind.Choice> = []
        for index in group {
            let (unit, question) = undecided[index]
            guard let time = remembered(unit) else { continue }
            let fits = question.readings.filter { $0.time == time }
            if fits.count == 1 { chosen.insert(fits[0].choice) }
        }
        return chosen.count == 1 ? chosen.first : nil
    }

    private func voted(_ group: [Int], _ contentTime: (Unit) -> Timestamp?) -> NameQuestion.Kind.Choice? {
        var votes: [NameQuestion.Kind.Choice: Int] = [:]
        for index in group {
            let (unit, question) = undecided[index]
            guard question.readings.count == 2, let seen = contentTime(unit) else { continue }
            let agreed = question.readings.filter { question.agrees($0, with: seen) }
            if agreed.count == 1 { votes[agreed[0].choice, default: 0] += 1 }
        }
        guard votes.count == 1, let (chosen, count) = votes.first, count >= Self.votesNeeded else { return nil }
        return chosen
    }

    private mutating func take(_ group: [Int], _ choice: NameQuestion.Kind.Choice) {
        for index in group {
            var (unit, question) = undecided[index]
            guard let reading = question.readings.first(where: { $0.choice == choice }) else { continue }
            (unit.series, unit.time) = (reading.series, reading.time)
            units.append(unit)
        }
    }
}

extension NameQuestion {
    /// Whether a content of this time agrees with a reading.
    fileprivate func agrees(_ reading: Reading, with content: Timestamp) -> Bool {
        let behind = content.seconds(since: reading.time)
        switch kind {
        // Dates alone are of any time of that day.
        case .dayOrder: return (-43_200...129_600).contains(behind)
        case .hour:
            // Whatever is not written in that hour has a number.
            let clock = readings.first { $0.choice == .second }
            let isInHour = clock.map { (-600...4200).contains(content.seconds(since: $0.time)) } ?? false
            return isInHour == (reading.choice == .second)
        // A week or a month, and the first days of the next.
        case .period: return (-86_400...(reading.choice == .first ? 34 : 9) * 86_400).contains(behind)
        case .fraction: return false
        }
    }
}

/// Whether numbers are seconds since 1970 of something that runs on a schedule.
struct EpochProof {
    let isProof: Bool

    /// Numbers that are no times are of no regular distance, or follow each other.
    init(_ times: [Timestamp]) {
        let seconds = Set(times.map(\.seconds)).sorted()
        guard let last = seconds.last, seconds.count >= 5, last < 2_000_000_000,
            !seconds.allSatisfy(Self.mayBeWritten)
        else {
            isProof = false
            return
        }
        let gaps = zip(seconds.dropFirst(), seconds).map { $0 - $1 }
        let usual = gaps.sorted()[gaps.count / 2]
        let near = gaps.count { abs($0 - usual) * 10 <= usual }
        isProof = usual >= 600 && usual <= 100 * 86_400 && near * 4 >= gaps.count * 3
    }

    /// `1611230100` is rather the 23rd of November 2016, and its neighbours are of a regular distance, too.
    private static func mayBeWritten(_ number: Int64) -> Bool {
        let (month, day) = (number / 1_000_000 % 100, number / 10_000 % 100)
        return (1...12).contains(month) && (1...31).contains(day) && number / 100 % 100 < 24 && number % 100 < 60
    }
}
