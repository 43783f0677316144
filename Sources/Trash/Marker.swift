package import Disk
internal import Foundation
package import Model

/// `vault.json`: who this vault is. Written by the first command that writes into the vault, never by a reading one.
package struct Marker: Codable, Hashable, Sendable {
    package static let currentFormat = "reprieve.vault/1"
    private static let name: Bytes = "vault.json"

    package var format = Marker.currentFormat
    package var id: VaultID
    package var label: String
    package var keeper: String
    package var made: Timestamp

    package init(id: VaultID, label: String, keeper: String, made: Timestamp) {
        self.id = id
        self.label = label
        self.keeper = keeper
        self.made = made
    }

    package static func path(in root: Directory) -> Bytes { root.path.appending(TrashDirectory.name).appending(name) }

    /// `nil`: there is none. One that cannot be read is `.damaged`.
    package static func read(in root: Directory) throws(Fault) -> Marker? {
        guard let trash = try TrashDirectory.open(in: root),
            let bytes = try trash.directory.ownFiles.read(name, limit: 1 << 16)
        else { return nil }
        do {
            return try JSONDecoder().decode(Marker.self, from: Data(bytes.storage))
        } catch {
            throw Fault(
                .damaged, "the marker of '\(root.path.display)' cannot be read",
                hint: "look at .trash/vault.json; `reprieve init` writes it again once it is away", path: root.path)
        }
    }

    package func write(in trash: TrashDirectory) throws(Fault) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(self) else { preconditionFailure("a marker is plain values") }
        try trash.directory.ownFiles.replace(Self.name, with: Bytes(Array(data) + [0x0A]), mode: 0o644)
    }
}
