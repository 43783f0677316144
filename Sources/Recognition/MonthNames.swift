/// The names of months in file names.
enum MonthNames {
    /// In bytes.
    static let longest = 9

    private static let english: [[UInt8]] = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ].map { Array($0.utf8) }

    /// The month that a whole word names, in full or by its first three letters, in upper or lower case.
    static func month(_ word: ArraySlice<UInt8>) -> Int? {
        guard word.count >= 3 else { return nil }
        let index = english.firstIndex { name in
            (word.count == 3 || word.count == name.count) && zip(word, name).allSatisfy { $0 | 0x20 == $1 }
        }
        return index.map { $0 + 1 }
    }
}
