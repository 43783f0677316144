internal import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import Model
internal import State

/// What the shells complete: vaults, series and ids, from the configuration and the index alone. No vault is touched.
/// Whatever goes wrong, nothing is offered.
enum Completion {
    /// Vaults, series, and ids of which two digits are typed.
    static let names = CompletionKind.custom { words, _, prefix in offers(words, prefix, isVaultsOnly: false) }
    static let vaults = CompletionKind.custom { words, _, prefix in offers(words, prefix, isVaultsOnly: true) }

    private static let most = 200

    private static func offers(_ words: [String], _ prefix: String, isVaultsOnly: Bool) -> [String] {
        func option(_ name: String) -> String? {
            words.firstIndex(of: name).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
                ?? words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
        }
        let overrides = Overrides(
            config: option("--config"), stateDirectory: option("--state-dir"), adHoc: nil,
            environment: ProcessInfo.processInfo.environment)
        guard let configuration = try? Configuration.load(overrides) else { return [] }
        var offers = configuration.vaults.map(\.label).filter { $0.hasPrefix(prefix) }
        if !isVaultsOnly { offers += known(configuration, prefix) }
        return Array(offers.prefix(most))
    }

    private static func known(_ configuration: Configuration, _ prefix: String) -> [String] {
        guard StateDirectory.exists(configuration.stateDirectory),
            let state = try? StateDirectory(configuration: configuration, program: "reprieve completion")
        else { return [] }
        let engine = Engine(configuration: configuration, state: state)
        return configuration.vaults.flatMap { vault -> [String] in
            guard let known = try? engine.arguments.completions(of: prefix, in: vault, most: most) else { return [] }
            let names = SeriesNames(known.series)
            // By its name, or by the last part of it.
            let series = known.series.flatMap { key -> [String] in
                let name = names.text(key)
                let last = name.split(separator: "/").last.map(String.init) ?? name
                return name.hasPrefix(prefix) ? [name] : last.hasPrefix(prefix) ? [last] : []
            }
            return series.sorted() + known.ids
        }
    }
}
