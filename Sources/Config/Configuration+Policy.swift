internal import Disk
package import Model
internal import Retention

extension Configuration {
    /// Reads a policy alone, as it would stand under a vault (`keep`, `series`, `semantics`, `safeguards`, …; and
    /// `timezone`), over what `base` has. A whole configuration is taken too: then the vault of the same name counts.
    package static func policy(
        _ text: Bytes, file: String, over base: VaultConfiguration, zone: Sourced<Zone>
    ) throws(Fault) -> (vault: VaultConfiguration, zone: Sourced<Zone>) {
        guard let text = text.utf8 else {
            throw Fault(.configuration, "\(file) is not UTF-8", hint: "save it as UTF-8", path: Bytes(file))
        }
        return try ConfigurationReader.policy(text, file: file, over: base, zone: zone)
    }

    package static func policy(
        file: String, over base: VaultConfiguration, zone: Sourced<Zone>
    ) throws(Fault) -> (vault: VaultConfiguration, zone: Sourced<Zone>) {
        let path = absolute(file)
        let text = try Directory.read(absolute: path, limit: 1 << 22)
        return try policy(text, file: file, over: base, zone: zone)
    }
}

extension VaultConfiguration {
    /// A vault of defaults, for rules that come without a directory.
    package static func bare(_ label: String) -> VaultConfiguration {
        VaultConfiguration(
            label: label, entry: label, path: "/", keep: Sourced(KeepRules()), series: Sourced([]), seriesOrigins: [],
            settings: Settings())
    }
}
