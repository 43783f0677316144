internal import Model

/// hdup: `HOST/2026-11-23/HOST.2026-11-23.weekly.tar.gz`. A monthly archive is a full one, a weekly one goes back to
/// the last monthly one, a daily one to the last weekly one. The directory of a day is one backup, of the lowest level
/// that lies in it; `HOST/etc/`, where hdup keeps its lists of files, is none.
struct Hdup: Layout {
    let guide = LayoutGuide(
        tool: "hdup", names: "host/2026-11-23/host.2026-11-23.monthly.tar.gz, ….weekly.…, ….daily.…",
        kind: "monthly is full, weekly and daily are incremental",
        chain: "weekly: the last monthly; daily: the last monthly and the last weekly")

    private static let schemes: [Bytes] = ["monthly", "weekly", "daily"]

    func read(_ unit: UnitContents) -> Contents? {
        // Ten digits and dashes; anything else is not looked through.
        guard unit.isDirectory, unit.name.count == 10, unit.names.count <= 1000 else { return nil }
        let lowest = unit.names.compactMap { Self.level(of: $0, day: unit.name) }.min()
        guard let level = lowest else { return nil }
        var contents = Contents(tool: name)
        contents.level = level
        contents.kind = level == 0 ? .full : .incremental
        contents.said = "\(Self.schemes[level].display) (level \(level))"
        if level > 0 { contents.needs = [.levelsBelow(level)] }
        return contents
    }

    /// `HOST.DAY.weekly.tar.gz`, perhaps encrypted or split: what stands behind the day counts.
    private static func level(of file: Bytes, day: Bytes) -> Int? {
        let middle = Bytes(".") + day + "."
        guard let at = file.storage[...].first(of: middle), at > 0 else { return nil }
        let behind = file.storage[(at + middle.count)...]
        return schemes.firstIndex { behind.starts(with: ($0 + ".tar").storage) }
    }
}
