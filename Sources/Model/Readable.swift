extension Unicode.Scalar {
    /// Not seen, or changes how the text around it is seen: controls, and by Unicode's own tables what is
    /// *Default_Ignorable* or *Bidi_Control*, formats, separators of lines.
    package var isDeceptive: Bool {
        if value < 0xA0 { return value < 0x20 || value >= 0x7F }
        // By far the most that names have.
        if (0xC0..<0x300).contains(value) || (0x3400..<0xD800).contains(value) { return false }
        return properties.isDefaultIgnorableCodePoint || properties.isBidiControl
            || [.format, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
    }
}

extension String {
    /// For a person to read: what deceives is shown as in ``Bytes/display``. Line feeds and tabs stay.
    package var readable: String {
        var text = self
        let isPlain = text.withUTF8 { $0.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A || $0 == 0x09 } }
        if isPlain { return text }
        return unicodeScalars.reduce(into: "") { shown, scalar in
            if scalar.isDeceptive, scalar != "\n", scalar != "\t" {
                shown += Bytes.escaped(scalar)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
    }

    /// A YAML scalar in double quotes. What deceives, or would end the line, is written as an escape.
    package var yaml: String {
        let inner = unicodeScalars.map { scalar -> String in
            guard scalar.isDeceptive else {
                return "\\\"".unicodeScalars.contains(scalar) ? "\\\(scalar)" : "\(scalar)"
            }
            let digits = String(scalar.value, radix: 16)
            let (letter, width) = scalar.value > 0xFFFF ? ("U", 8) : ("u", 4)
            return "\\\(letter)" + String(repeating: "0", count: width - digits.count) + digits
        }
        return "\"" + inner.joined() + "\""
    }
}
