internal import Model

/// ghettoVCB, copies of VMware ESXi's machines: `web/web-2026-11-23_01-00-00/`. At its end the script writes
/// `STATUS.ok`, `STATUS.warn` (some disks are independent and can never be in it) or `STATUS.error`; a compressed copy
/// has none of these.
struct GhettoVCB: Layout {
    let guide = LayoutGuide(
        tool: "ghettoVCB", names: "web/web-2026-11-23_01-00-00/ with STATUS.ok in it",
        complete: "`STATUS.ok` or `STATUS.warn` is in it, and no `STATUS.error`")

    private static let succeeded: [Bytes] = ["STATUS.ok", "STATUS.warn"]
    private static let failed: Bytes = "STATUS.error"

    func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory else { return nil }
        if unit.has(Self.failed) {
            var contents = Contents(tool: name, file: Self.failed.display)
            contents.outcome = .failed
            contents.why = "'\(Self.failed.display)' is in it" + (Self.line(unit, Self.failed).map { ": \($0)" } ?? "")
            return contents
        }
        guard let file = unit.first(of: Self.succeeded) else { return nil }
        if let strange = unit.strangeSign(file, of: name) { return strange }
        var contents = Contents(tool: name, file: file.display)
        contents.outcome = .finished
        contents.signs = [Self.succeeded[0].display]
        contents.said = Self.line(unit, file)
        return contents
    }

    /// The first line of a file, for a person.
    private static func line(_ unit: UnitContents, _ file: Bytes) -> String? {
        guard case .text(let text)? = unit.read(file), let line = text.storage.split(separator: 0x0A).first else {
            return nil
        }
        return Bytes(line.prefix(200)).display
    }
}
