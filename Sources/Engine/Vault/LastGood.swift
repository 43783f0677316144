package import Config
internal import Disk
internal import Foundation
package import Model
package import State

/// `<state>/configuration.json`: the last configuration that could be used. When a file of it is broken, what brings
/// back, freezes or only looks goes on with this one; nothing is condemned or purged by it.
struct LastGood: Codable, Hashable, Sendable {
    /// The main file: another configuration with the same state directory has no part in it.
    var main: String
    var at: Timestamp
    var texts: [SourceText]

    fileprivate static func file(_ stateDirectory: Bytes) -> StateFile<LastGood> {
        // The configuration may be for root alone.
        StateFile(directory: stateDirectory, name: "configuration.json", isCache: true, mode: 0o600)
    }
}

extension StateDirectory {
    /// Keeps a configuration that could be used, where it is another one than before.
    package func keep(_ configuration: Configuration, _ overrides: Overrides) {
        guard !configuration.texts.isEmpty else { return }
        let texts = configuration.texts.compactMap(\.withoutHooks)
        guard texts.count == configuration.texts.count else { return }
        let good = LastGood(main: Places(overrides).config, at: clock.now().wall, texts: texts)
        let file = LastGood.file(path)
        do {
            if let known = try file.read(), known.main == good.main, known.texts == good.texts { return }
            try file.change { $0 = good }
        } catch {
            // It is for a bad day, and nothing of today needs it.
        }
    }
}

extension Configuration {
    /// The last one that could be used, where this one cannot be: `fault` is why. The second is what to tell a person.
    package static func lastGood(
        _ overrides: Overrides, insteadOf fault: Fault
    ) -> (configuration: Configuration, warning: Fault)? {
        guard overrides.adHoc == nil, fault.code != .usage else { return nil }
        let main = Places(overrides).config
        for state in stateDirectories(overrides) {
            guard let known = try? LastGood.file(state).read(), known.main == main,
                let configuration = try? load(overrides, texts: known.texts)
            else { continue }
            let zone = configuration.zone.value
            let warning = Fault(
                .configuration,
                "\(fault.message); going on with the last good configuration, first used \(known.at.rfc3339(in: zone))",
                hint: (fault.hint.map { "\($0); " } ?? "") + "nothing is condemned or purged until it is mended",
                path: fault.path)
            return (configuration, warning)
        }
        return nil
    }

    /// Where the state may be, when the configuration that names it cannot be read.
    private static func stateDirectories(_ overrides: Overrides) -> [Bytes] {
        if let named = overrides.stateDirectory { return [absolute(named)] }
        let places = Places(overrides)
        let files = (try? files(places.config)) ?? []
        let named = files.compactMap { file -> Bytes? in
            guard let text = try? Directory.read(absolute: Bytes(file), limit: 1 << 22) else { return nil }
            return stateDirectory(in: String(decoding: text.storage, as: UTF8.self))
        }
        return named + [Bytes(places.state)]
    }

    /// By its line alone: the rest may be no YAML.
    private static func stateDirectory(in text: String) -> Bytes? {
        let key = "state-directory:"
        guard let line = text.split(whereSeparator: \.isNewline).last(where: { $0.hasPrefix(key) }) else { return nil }
        var value = line.dropFirst(key.count).drop(while: \.isWhitespace)
        if let quote = value.first, quote == "\"" || quote == "'" {
            value = value.dropFirst().prefix { $0 != quote }
        } else {
            value = value.prefix { $0 != "#" && !$0.isWhitespace }
        }
        return value.hasPrefix("/") ? Bytes(String(value)) : nil
    }
}
