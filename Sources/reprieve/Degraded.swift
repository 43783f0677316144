internal import Model

/// What was broken and did not stop a command that must always work: it is told at the end, and the command then ends
/// with 3 at best.
enum Degraded {
    static let damage = Damage()

    /// Whether there was anything to tell.
    static func tell() -> Bool {
        for fault in damage.faults { Output.warn(fault) }
        return !damage.faults.isEmpty
    }
}
