/// What is wrong with a pattern that a person wrote, and where.
package struct PatternProblem: Error, Equatable {
    /// In bytes from the start of the text.
    package var offset: Int
    package var message: String
    package var hint: String?

    package init(_ message: String, at offset: Int, hint: String? = nil) {
        self.message = message
        self.offset = offset
        self.hint = hint
    }
}
