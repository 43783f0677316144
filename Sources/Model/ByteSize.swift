/// Sizes as people write them in a configuration or behind an option.
package enum ByteSize {
    /// `KiB`, `MiB`, … and the bare letters `K`, `M`, … count by 1024, as `du -h` does; `KB`, `MB`, … by 1000. A number
    /// without a unit is none: `B` says bytes.
    private static let units: [(name: String, bytes: Int64)] = {
        var units: [(String, Int64)] = [("B", 1)]
        var (binary, decimal): (Int64, Int64) = (1, 1)
        for letter in ["K", "M", "G", "T", "P"] {
            (binary, decimal) = (binary * 1024, decimal * 1000)
            units += [(letter + "iB", binary), (letter + "B", decimal), (letter, binary)]
        }
        return units
    }()

    /// `200GiB`, `1.5 TB`, `512K`: bytes; `nil`: it is no size, or zero, or more than there can be.
    package static func parse(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let word = text.dropFirst(digits.count).drop { $0 == " " }
        guard let unit = units.first(where: { $0.name == word }), digits.first?.isNumber == true,
            digits.last?.isNumber == true, let number = Double(digits)
        else { return nil }
        let bytes = number * Double(unit.bytes)
        guard bytes >= 1, bytes < Double(Int64.max) else { return nil }
        return Int64(bytes)
    }

    /// As it may be written again: in the largest unit that divides it.
    package static func text(_ bytes: Int64) -> String {
        let whole = units.filter { $0.name.utf8.count != 1 || $0.bytes == 1 }
            .last { bytes != 0 && bytes % $0.bytes == 0 }
        return whole.map { "\(bytes / $0.bytes)\($0.name)" } ?? "\(bytes)B"
    }
}

extension ByteSize {
    /// For people, three digits at most: `5.9 GiB`.
    package static func rounded(_ bytes: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        guard unit > 0, value < 99.95 else { return "\(Int64(value.rounded())) \(units[unit])" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
