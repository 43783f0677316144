internal import Disk
package import Model

/// How much time this state has seen pass. The wall clock can jump; this cannot run ahead: within a boot the boot clock
/// counts whole, across boots at most 24 hours, never backwards.
package struct Witness: Codable, Hashable, Sendable {
    /// Names this count: another state's seconds mean nothing here.
    package var id: String
    package var bootId: String
    package var bootNanoseconds: Int64
    package var wall: Timestamp
    package var seconds: Int64
    /// What is left of the last whole second.
    package var nanoseconds: Int64

    package init(id: String, at now: Moment) {
        self.id = id
        bootId = now.bootID
        bootNanoseconds = now.boot
        wall = now.wall
        seconds = 0
        nanoseconds = 0
    }

    static let mostAcrossBoots: Int64 = 24 * 3600

    /// Three thousand years are not counted by anybody.
    fileprivate var isPossible: Bool {
        // A clock that somebody sets for one process (libfaketime) may be before the boot.
        (Int64.min / 2...Int64.max / 2).contains(bootNanoseconds)
            && (0..<100_000_000_000).contains(seconds) && (0..<1_000_000_000).contains(nanoseconds)
    }

    /// Whether so many seconds passed since a count of its own; one that it cannot have had proves nothing.
    package func has(passed seconds: Int64, since count: Int64) -> Bool {
        (0...self.seconds).contains(count) && self.seconds - count >= seconds
    }

    package mutating func advance(to now: Moment) {
        if now.bootID == bootId {
            // An older moment than the last one counted: its time is counted already.
            guard now.boot > bootNanoseconds else { return }
            let passed = now.boot.subtracting(bootNanoseconds).adding(nanoseconds)
            seconds += passed / 1_000_000_000
            nanoseconds = passed % 1_000_000_000
        } else {
            seconds += min(max(0, now.wall.seconds(since: wall)), Self.mostAcrossBoots)
        }
        bootId = now.bootID
        bootNanoseconds = now.boot
        wall = now.wall
    }
}

package struct WitnessFile: Sendable {
    private let file: StateFile<Witness>

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        file = StateFile(directory: stateDirectory, name: "witness", isPossible: \.isPossible, damage: damage)
    }

    /// Counts the time since the last call by anybody, and keeps it.
    package func renew(at now: Moment) throws(Fault) -> Witness {
        var known: Witness?
        do {
            return try file.change { witness in
                var current = witness ?? Witness(id: Surroundings.randomHex(bytes: 8), at: now)
                current.advance(to: now)
                known = witness == nil ? nil : current
                witness = current
                return current
            }
        } catch {
            // A full disk: the count is true all the same, and not keeping it only makes a grace longer.
            guard let known, error.isFull || error.errno == Errno.EROFS else { throw error }
            return known
        }
    }
}
