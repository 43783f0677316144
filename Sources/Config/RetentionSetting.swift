internal import Disk
package import Model
internal import Retention
internal import Yams

/// `retention set`: a change of a vault's policy as text of `conf.d/90-retention-set.yaml`. The file belongs to this
/// command; it stands behind the others, so what it says wins.
package struct RetentionSetting: Sendable {
    package static let name: Bytes = "90-retention-set.yaml"
    /// The file's path.
    package let file: String
    /// Its text with the change.
    package let text: String

    /// `changes`: `daily=14`, `keep.daily=14`, `keep.weekly=` (no such rule any more), `keep=all`, `grace-period=30d`,
    /// `safeguards.min=3`.
    package init(
        _ changes: [(key: String, value: String)], of vault: VaultConfiguration, main: String
    ) throws(Fault) {
        let directory = Bytes(main).parent.appending("conf.d")
        file = directory.appending(Self.name).display
        let old =
            Surroundings.resolved(Bytes(file)) == nil ? nil : try Directory.read(absolute: Bytes(file), limit: 1 << 22)
        var root: Node = [:]
        do {
            if let old, let text = old.utf8, let node = try Yams.compose(yaml: text), node.mapping != nil {
                root = node
            }
        } catch {
            throw Fault(
                .configuration, "'\(file)' is not valid YAML", hint: "mend it, or move it away", path: Bytes(file))
        }
        var overrides = root["overrides"] ?? [:]
        var own = overrides[vault.label] ?? [:]
        for (key, value) in changes { try Self.set(key, value, vault: vault, own: &own) }
        overrides[vault.label] = own
        root["overrides"] = overrides
        do {
            text =
                "# Written by `reprieve retention set`; edit it, or remove lines, as you like.\n"
                + (try Yams.serialize(node: root))
        } catch {
            throw Fault(.failed, "could not write YAML: \(error)")
        }
    }

    private static func set(
        _ key: String, _ value: String, vault: VaultConfiguration, own: inout Node
    ) throws(Fault) {
        let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
        let isRule = KeepReader.rules.contains(key)
        if key == "keep" {
            own["keep"] = Node(value)
        } else if isRule || (parts.count == 2 && parts[0] == "keep") {
            let rule = isRule ? key : parts[1]
            guard KeepReader.rules.contains(rule), rule != "all" else { throw unknown(key) }
            own["keep"] = try keep(rule, value, old: own["keep"] ?? rules(vault.keep.value), key: key)
        } else if parts.count == 2, parts[0] == "safeguards", VaultConfiguration.Settings.safeguards.contains(parts[1])
        {
            var safeguards = own["safeguards"] ?? [:]
            safeguards[parts[1]] = Node(value)
            own["safeguards"] = safeguards
        } else if parts.count == 2, parts[0] == "limits", SpaceLimits.keys.contains(parts[1]) {
            var limits = own["limits"] ?? [:]
            limits[parts[1]] = Node(value)
            own["limits"] = limits
        } else if parts.count == 1, PolicyReader.keys.contains(key),
            !["safeguards", "limits"].contains(key)
        {
            own[key] = Node(value)
        } else {
            throw unknown(key)
        }
    }

    private static func unknown(_ key: String) -> Fault {
        let known =
            KeepReader.rules.filter { $0 != "all" }
            + PolicyReader.keys.filter { !["safeguards", "limits"].contains($0) }
            + VaultConfiguration.Settings.safeguards.map { "safeguards.\($0)" }
            + SpaceLimits.keys.map { "limits.\($0)" }
        let nearest =
            known.first { $0.hasSuffix("." + key) } ?? ConfigurationNode.nearest(to: key, in: known)
        return Fault(
            .usage, "'\(key)' can not be set",
            hint: nearest.map { "did you mean '\($0)'?" }
                ?? "rules as daily=14, settings as grace-period=30d; patterns of series are set in the file")
    }

    /// The rules in force, as they would be written.
    private static func rules(_ keep: KeepRules) -> Node {
        var node: Node = [:]
        if keep.all { return node }
        for (rule, count) in keep.counting { node[rule.rawValue] = Node(count.text) }
        for (rule, span) in keep.windows { node[rule.rawValue] = Node(span.text) }
        return node
    }

    private static func keep(_ rule: String, _ value: String, old: Node, key: String) throws(Fault) -> Node {
        var node = old.mapping == nil ? [:] : old
        // A rule under its other name would stand twice.
        let own = KeepReader.synonyms[rule] ?? KeepRule(rawValue: rule)
        var mapping = node.mapping ?? [:]
        for (other, meaning) in KeepReader.synonyms where meaning == own { mapping[Node(other)] = nil }
        if let own { mapping[Node(own.rawValue)] = nil }
        mapping[Node(rule)] = value.isEmpty ? nil : Node(value)
        guard !mapping.isEmpty else {
            throw Fault(.usage, "without '\(rule)' no rule would be left", hint: "to keep everything: keep=all")
        }
        node = .mapping(mapping)
        return node
    }

    /// Writes the file, in one step.
    package func write() throws(Fault) {
        let parent = Bytes(file).parent
        if Surroundings.resolved(parent) == nil {
            try Directory.open(absolute: parent.parent).makeDirectory(parent.lastComponent, mode: 0o755)
        }
        try Directory.open(absolute: parent).ownFiles.replace(Self.name, with: Bytes(text), mode: 0o644)
    }
}

extension Places {
    /// The main configuration file, there or not.
    package var mainFile: String { config }
}
