internal import Model

/// Which of many askers may know a name of a directory, told in one pass over its names: so that a directory of a
/// thousand dumps is not shown to forty layouts that know none of them.
///
/// Of each sign the first three bytes are looked for, in either case of letters. It may name an asker too many, and
/// never one too few.
struct SignSearch: Sendable {
    /// At most so many askers may have signs.
    private static let mostAskers = 64

    /// By the classes of three bytes: where in ``askers`` the askers stand that have a sign which begins so.
    private var sets: [UInt8] = Array(repeating: 0, count: 1 << 15)
    /// A bit for each asker. One step per byte serves them all.
    private var askers: [UInt64] = [0]

    /// `signs`: of each asker, at least three bytes long.
    init(_ signs: [[Bytes]]) {
        precondition(signs.count <= Self.mostAskers, "more than \(Self.mostAskers) recognisers have signs")
        var found: [Int: UInt64] = [:]
        for (asker, signs) in signs.enumerated() {
            for sign in signs {
                precondition(sign.count >= 3, "'\(sign.display)' is too short for a sign")
                let key = sign.storage[..<3].reduce(0) { $0 << 5 | Self.classes[Int($1)] }
                found[key, default: 0] |= 1 << UInt64(asker)
            }
        }
        for (key, mask) in found {
            if !askers.contains(mask) { askers.append(mask) }
            sets[key] = UInt8(askers.firstIndex(of: mask) ?? 0)
        }
    }

    /// Letters by themselves, joints, digits, and all else.
    private static let classes: [Int] = (0..<256).map { byte in
        switch UInt8(byte) {
        case 0x41...0x5A, 0x61...0x7A: byte & 31
        case UInt8(ascii: "."): 27
        case UInt8(ascii: "_"): 28
        case UInt8(ascii: "-"): 29
        case 0x30...0x39: 30
        default: 31
        }
    }

    /// A bit for each asker that may know one of these names.
    func askers(of entries: [Listing.Entry]) -> UInt64 {
        var found: UInt64 = 0
        let classes = Self.classes
        sets.withUnsafeBufferPointer { sets in
            classes.withUnsafeBufferPointer { classes in
                for entry in entries {
                    entry.name.storage.withUnsafeBufferPointer { name in
                        var key = 0
                        for byte in name {
                            key = (key << 5 | classes[Int(byte)]) & 0x7FFF
                            let set = sets[key]
                            if set != 0 { found |= askers[Int(set)] }
                        }
                    }
                }
            }
        }
        return found
    }
}
