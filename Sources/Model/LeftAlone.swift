/// An entry of a vault that is no backup of ours: listed, never touched.
package struct LeftAlone: Hashable, Sendable {
    package enum Why: Hashable, Sendable {
        /// A repository that its own tool prunes, with that command.
        case opaque(tool: String, prune: String)
        case foreign(String)

        package var condition: String {
            switch self {
            case .opaque: "opaque"
            case .foreign: "foreign"
            }
        }

        package var text: String {
            switch self {
            case .opaque(let tool, _): "\(tool) repository"
            case .foreign(let why): why
            }
        }
    }

    package var path: Bytes
    /// The directory at whose look it was found: its parent, or itself where it was opened and then left alone.
    package var place: Bytes
    package var why: Why

    package init(path: Bytes, place: Bytes, why: Why) {
        self.path = path
        self.place = place
        self.why = why
    }
}
