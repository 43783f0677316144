internal import Model

/// Volumes without an ending, labelled by a pool and a number (`Label Format = "Full-"`). What is in one stands in the
/// catalog alone. Bacula and Bareos label theirs alike.
extension Repository {
    static let bacula = Repository(
        "Bacula or Bareos volume", names: "`Full-0001`, `Incremental-0002`, `Vol-0003`",
        prunes: "Volume Retention and Recycle of its pool; purge volume and delete volume in bconsole",
        signs: pools.map { $0 + "-" }, file: isVolume
    ) { $0.holdsOnly(isVolume) }

    private static let pools: Set<Bytes> = [
        "Full", "Inc", "Incr", "Incremental", "Diff", "Differential", "Vol", "Volume", "Consolidated",
        "AI-Consolidated",
        "Scratch",
    ]

    private static let isVolume: @Sendable (Bytes) -> Bool = { name in
        guard name.storage.last?.isDigit == true, name.count >= 8, name.endsInDigits(from: name.count - 4),
            name.storage[name.count - 5] == UInt8(ascii: "-")
        else { return false }
        return pools.contains(name.dropLast(5))
    }
}
