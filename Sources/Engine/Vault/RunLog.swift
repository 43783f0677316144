internal import Audit
internal import Model
internal import State

/// The number of a run, and its end in the audit log where it breaks off: whoever watches the log would take the scan
/// before it for the whole story.
package struct RunLog: UseCase {
    let context: Context

    func next() throws(Fault) -> Int {
        guard let run = context.run else { return try state.audit.nextRun() }
        return try run.value { () throws(Fault) in try state.audit.nextRun() }
    }

    func recordBrokenOff(_ end: Event, run: Int?, _ vault: OpenVault, _ fault: Fault) {
        do throws(Fault) {
            let number: Int
            if let run { number = run } else { number = try state.audit.nextRun() }
            try state.audit.append(
                [vault.record(end, run: number, reason: fault.message)],
                at: now())
        } catch {
            // What broke the run off goes to who asked for it; it may well be this log.
        }
    }
}
