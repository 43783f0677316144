internal import Model

/// A name made of groups of another: `${series}-${parent}-full.tar`.
package struct NameTemplate: Hashable, Sendable {
    package let text: String
    private let parts: [Part]

    private enum Part: Hashable, Sendable {
        case literal(Bytes)
        case group(String)
    }

    package var groups: [String] { parts.compactMap { if case .group(let name) = $0 { name } else { nil } } }

    /// `nil`: a `${` without its `}`.
    package init?(_ text: String) {
        self.text = text
        var parts: [Part] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "${") {
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else { return nil }
            parts.append(.literal(Bytes(String(rest[..<start.lowerBound]))))
            parts.append(.group(String(rest[start.upperBound..<end])))
            rest = rest[rest.index(after: end)...]
        }
        self.parts = parts + [.literal(Bytes(String(rest)))]
    }

    /// `nil` where one of its groups took no part.
    func filled(from match: CustomReader.Match) -> Bytes? {
        var name = Bytes()
        for part in parts {
            switch part {
            case .literal(let bytes): name.storage += bytes.storage
            case .group(let group):
                guard let taken = match[group] else { return nil }
                name.storage += taken.storage
            }
        }
        return name
    }
}
