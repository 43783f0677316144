internal import Engine
internal import Model

/// What series are called on the screen: as short as they can be told apart within their vault.
struct SeriesNames {
    private let names: [Bytes: String]

    init(_ keys: some Sequence<Bytes>) {
        let keys = Set(keys)
        func unique(_ name: (Bytes) -> Bytes) -> [Bytes: [Bytes]] { Dictionary(grouping: keys, by: name) }
        let short = unique(Backup.shortName(ofSeries:))
        let full = unique(Backup.name(ofSeries:))
        var names: [Bytes: String] = [:]
        for key in keys {
            let candidates = [
                (Backup.shortName(ofSeries: key), short), (Backup.name(ofSeries: key), full),
            ]
            let chosen = candidates.first { name, group in group[name]?.count == 1 }?.0 ?? key
            names[key] = chosen.display
        }
        self.names = names
    }

    init(_ view: VaultView) { self.init(view.everything.map(\.series)) }

    func text(_ key: Bytes) -> String { names[key] ?? key.display }
}
