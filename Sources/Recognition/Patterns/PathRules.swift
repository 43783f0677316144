package import Model

/// The lines of `exclude` or of `include`. The last line that speaks of an entry counts; what lies in a directory that
/// a line holds is held as well.
package struct PathRules: Hashable, Sendable {
    package let rules: [PathRule]

    /// More of one vault are refused; each is asked of every name.
    package static let most = 100
    package static let none = PathRules([])

    package init(_ rules: [PathRule]) { self.rules = rules }

    package var isEmpty: Bool { rules.isEmpty }

    /// The line that holds an entry, whatever holds its directories. `nil`: none does.
    func rule(_ name: Bytes, in directory: [Bytes], isDirectory: Bool) -> PathRule? {
        let last = rules.last { $0.matches(name, in: directory, isDirectory: isDirectory) }
        return last.flatMap { $0.isNegated ? nil : $0 }
    }

    /// The line that holds a path, or one of the directories that it lies in; of several the outermost.
    package func rule(holding path: Bytes, isDirectory: Bool) -> PathRule? {
        guard !isEmpty else { return nil }
        let names = path.components
        for (at, name) in names.enumerated() {
            let isLast = at == names.count - 1
            if let rule = rule(name, in: Array(names[..<at]), isDirectory: !isLast || isDirectory) { return rule }
        }
        return nil
    }

    /// All that they are, and where they stand: what a line says of an entry is said with its place.
    func text(_ what: String) -> [String] { rules.map { "\(what) '\($0.text)' \($0.origin)" } }
}
