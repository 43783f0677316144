internal import Config
internal import Disk
internal import Model

/// What a file system lacks under the limits of the vaults on it.
package struct SpaceShortfall: Sendable {
    package var bytes: Int64 = 0
    package var inodes: Int64 = 0
    /// The limits that are not met: `min-free 5%`.
    package var limits: [String] = []
    /// With what there is instead: `free space 3% under min-free 5%`.
    package var texts: [String] = []

    package var isEmpty: Bool { bytes <= 0 && inodes <= 0 }

    /// The strictest limit of all vaults counts. `writtenOnly`: without the default, which only purges early.
    init(_ system: FileSystem, under limits: [SpaceLimits], writtenOnly: Bool = false) {
        let free = limits.map(\.minFree).filter { !writtenOnly || $0.origin != nil }.compactMap(\.value)
        if let strictest = free.max(by: { $0.of(system.totalBytes) < $1.of(system.totalBytes) }) {
            bytes = max(0, strictest.of(system.totalBytes) - system.availableBytes)
            let text = "min-free " + SpaceLimits.text(strictest) { ByteSize.text($0) }
            let `is` = Self.text(system.availableBytes, of: system.totalBytes, like: strictest) { ByteSize.rounded($0) }
            if bytes > 0 { add(text, "free space \(`is`) under \(text)") }
        }
        // A file system without a fixed number of inodes does not run out of them.
        let inodes = system.totalInodes > 0 ? limits.compactMap(\.minFreeInodes.value) : []
        if let strictest = inodes.max(by: { $0.of(system.totalInodes) < $1.of(system.totalInodes) }) {
            self.inodes = max(0, strictest.of(system.totalInodes) - system.freeInodes)
            let text = "min-free-inodes " + SpaceLimits.text(strictest) { String($0) }
            let `is` = Self.text(system.freeInodes, of: system.totalInodes, like: strictest) { String($0) }
            if self.inodes > 0 { add(text, "free inodes \(`is`) under \(text)") }
        }
    }

    private mutating func add(_ limit: String, _ text: String) {
        limits.append(limit)
        texts.append(text)
    }

    private static func text(
        _ free: Int64, of total: Int64, like limit: SpaceLimits.Amount, number: (Int64) -> String
    ) -> String {
        guard case .percent = limit, total > 0 else { return number(free) }
        // Rounded down: what is under a limit must not look as if it met it.
        let tenths = Int64(Double(max(0, free)) / Double(total) * 1000)
        return tenths % 10 == 0 ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
    }
}
