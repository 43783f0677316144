/// An entry of a vault that is no backup of ours: listed, never touched.
package struct SkippedEntry: Hashable, Sendable {
    package enum Why: Hashable, Sendable {
        /// A repository that its own tool prunes, with that command.
        case managed(tool: String, prune: String)
        case notRecognised(String)
        /// A symbolic link, and where in the vault it leads; `nil`: out of it.
        case link(to: Bytes?)

        package var condition: String {
            switch self {
            case .managed: "opaque"
            case .notRecognised, .link: "foreign"
            }
        }

        /// Whose repository it is.
        package var tool: String? { if case .managed(let tool, _) = self { tool } else { nil } }

        package var text: String {
            switch self {
            // A name of several words says itself what it is: "snapper snapshot".
            case .managed(let tool, _): tool.contains(" ") ? tool : "\(tool) repository"
            case .notRecognised(let why): why
            case .link(let target): "symbolic link" + (target.map { " to \($0.display)" } ?? "")
            }
        }
    }

    package var path: Bytes
    /// The directory at whose look it was found: its parent, or itself where it was opened and then left alone.
    package var place: Bytes
    package var why: Why
    /// Of an opaque unit, apparent bytes; `nil` until it is measured.
    package var size: Int64?
    /// Of an opaque unit, when its newest file was written.
    package var newest: Timestamp?
    /// How many entries of ``place`` it stands for: of many not each is listed.
    package var entries: Int

    package init(
        path: Bytes, place: Bytes, why: Why, size: Int64? = nil, newest: Timestamp? = nil, entries: Int = 1
    ) {
        self.path = path
        self.place = place
        self.why = why
        self.size = size
        self.newest = newest
        self.entries = entries
    }
}
