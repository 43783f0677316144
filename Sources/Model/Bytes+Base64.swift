import Foundation

extension Bytes {
    package var base64: String { Data(storage).base64EncodedString() }

    package init?(base64 text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        self.init(data)
    }

    /// The two fields that stand for a path in a file of ours: its text, and the bytes where the text is not all.
    package var textAndRaw: (text: String, raw: String?) { utf8.map { ($0, nil) } ?? (display, base64) }

    package init?(text: String, raw: String?) {
        guard let raw else {
            self.init(text)
            return
        }
        self.init(base64: raw)
    }
}
