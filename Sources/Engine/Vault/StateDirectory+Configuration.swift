package import Config
package import Disk
package import Model
package import State

extension StateDirectory {
    /// The state directory and the audit log of a configuration.
    package init(
        configuration: Configuration, clock: Clock? = nil, program: String, damage: Damage? = nil
    ) throws(Fault) {
        try self.init(
            configuration.stateDirectory, auditLog: configuration.auditLog, clock: clock, program: program,
            damage: damage)
    }
}
