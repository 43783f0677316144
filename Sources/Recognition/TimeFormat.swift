package import Model

/// A person's way to write times, `%d.%m.%Y-%H%M`: strptime's letters, read strictly on bytes. Day first is fine here,
/// because the person says so; what no calendar has is refused.
package struct TimeFormat: Hashable, Sendable {
    package let text: String
    private let parts: [Part]

    private enum Part: Hashable, Sendable {
        case literal(UInt8)
        case field(TimeField)
    }

    package enum Problem: Error, Equatable {
        case unknownLetter(Character)
        case twice(Character)
        case endsInPercent
        /// The first needs the second, as minutes need hours.
        case needs(String, String)
    }

    package static let letters = "%Y %y %G %m %b %B %d %j %V %H %I %p %M %S %f %z %s %%"

    package init(_ text: String) throws(Problem) {
        self.text = text
        var parts: [Part] = []
        var fields: Set<TimeField> = []
        var rest = Substring(text)
        while let character = rest.popFirst() {
            guard character == "%" else {
                parts += String(character).utf8.map(Part.literal)
                continue
            }
            guard let letter = rest.popFirst() else { throw .endsInPercent }
            if letter == "%" {
                parts.append(.literal(UInt8(ascii: "%")))
            } else if let field = TimeField(rawValue: letter) {
                guard fields.insert(field).inserted else { throw .twice(letter) }
                parts.append(.field(field))
            } else {
                throw .unknownLetter(letter)
            }
        }
        self.parts = parts
        try TimeField.check(fields)
    }

    /// A time as it is written: on the wall clock, or an instant. A month or a week alone is its first day.
    package enum Reading: Hashable, Sendable {
        case civil(CivilTime, nanoseconds: Int64)
        case instant(Timestamp)

        /// With the vault's zone.
        package func instant(_ parser: inout NameTimeParser) -> Timestamp {
            switch self {
            case .instant(let time): return time
            case .civil(let civil, let nanoseconds):
                return Timestamp(nanoseconds: parser.instant(of: civil).nanoseconds + nanoseconds)
            }
        }
    }

    /// `nil`: it is not written so, or no calendar has it.
    package func read(_ written: some Collection<UInt8>) -> Reading? {
        var values = TimeValues()
        let bytes = Array(written)
        var at = 0
        for part in parts {
            switch part {
            case .literal(let byte):
                guard at < bytes.count, bytes[at] == byte else { return nil }
                at += 1
            case .field(let field):
                guard values.read(field, bytes, &at, limit: bytes.count) else { return nil }
            }
        }
        return at == bytes.count ? values.reading : nil
    }
}
