package import Disk
package import Model

extension VaultSurvey {
    /// A whole vault, looked at once.
    package struct Scan: Sendable {
        package var places: Set<Bytes> = []
        package var backups: [Backup] = []
        package var leftAlone: [LeftAlone] = []
        package var strays: [ObjectID: Bytes] = [:]
        /// Directories that could not be read, and why: what is below them is unknown, not gone.
        package var unreadable: [Bytes: Fault] = [:]
        package var faults: [Fault] = []
        /// Directories that something is mounted over: what is below them is covered, not gone.
        package var covered: Set<Bytes> = []
        /// It was asked to stop: what is missing here was not looked at.
        package var wasStopped = false
    }

    /// Looks at every directory, parents before children, each watched before it is listed.
    package func scan(
        below root: Directory, known: Known, now: Moment, watch: ((Directory, Bytes) -> Void)? = nil,
        shouldStop: () -> Bool = { false }
    ) -> Scan {
        var scan = Scan()
        var waiting: [Bytes] = [Bytes()]
        while let directory = waiting.popLast() {
            guard !shouldStop() else {
                scan.wasStopped = true
                break
            }
            do {
                guard let place = try look(at: directory, below: root, known: known, now: now, watch: watch) else {
                    continue
                }
                scan.places.insert(directory)
                if place.isCovered { scan.covered.insert(directory) }
                scan.backups += place.backups
                scan.leftAlone += place.leftAlone
                scan.faults += place.faults
                scan.strays.merge(place.strays) { first, _ in first }
                waiting += place.descend.reversed()
            } catch {
                scan.unreadable[directory] = error
                scan.faults.append(error)
            }
        }
        return scan
    }
}
