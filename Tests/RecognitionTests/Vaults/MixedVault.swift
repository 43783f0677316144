import Foundation
import Model
import Retention
import Support

/// A vault in which a few tools write, made of random numbers, and what is true of it: which files go together, which
/// backup needs which, and what is nobody's to take. The truth comes from how it was made, not from how it is read.
struct MixedVault {
    /// Every file by its path, with its day and text.
    var files: [String: (day: Int, text: String)] = [:]
    var made: [Made] = []
    /// Nothing at or below these may go.
    var untouchable: [String] = []
    /// A log, and the backups of one night that it is of.
    var logs: [(file: String, owners: [String])] = []

    struct Made {
        /// Its file, its first file, or its directory.
        var main: String
        /// What goes with it; of a directory the directory.
        var files: [String]
        /// By their ``main``: what it stands on directly, there or not.
        var needs: [String] = []
        var isWhole = true
    }

    struct Link {
        var day: Int
        var kind: Backup.Kind
        var isThere: Bool
        var isWhole: Bool
        var isFull: Bool { kind == .full }
    }

    var generator: Seeded
    /// A day's time in strftime's words.
    let stamp: (String, Int) -> String

    init(seed: UInt64, stamp: @escaping (String, Int) -> String) {
        generator = Seeded(seed: seed)
        self.stamp = stamp
        let hosts = ["shop", "wiki", "mail"]
        for n in 0..<random(1...3) {
            let job = Job.allCases.randomElement(using: &generator)!
            write(job, host: hosts[n], own: ["east", "west/db", "north"][n] + "/")
        }
    }

    /// Rules of somebody.
    mutating func rules() -> KeepRules {
        var rules = KeepRules()
        rules.last = .first(random(1...3))
        if chance(2) { rules.daily = .first(random(1...4)) }
        if chance(2) { rules.weekly = .first(random(1...2)) }
        return rules
    }

    mutating func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    mutating func chance(_ n: Int) -> Bool { random(1...n) == 1 }

    mutating func hex(_ count: Int) -> String {
        (0..<count).map { _ in String(random(0...15), radix: 16) }.joined()
    }

    // MARK: Chains

    /// Oldest first; the first is a full one, and there and whole.
    mutating func links(_ others: [Backup.Kind], breaks: Bool = false) -> [Link] {
        let last = random(3...8)
        return (1...last).reversed().map { day in
            let isFull = day == last || others.isEmpty || chance(4)
            return Link(
                day: day, kind: isFull ? .full : others.randomElement(using: &generator)!,
                isThere: day == last || !chance(8), isWhole: day == last || !breaks || !chance(8))
        }
    }

    typealias Writing = (Link) -> [(path: String, text: String)]

    /// What each needs is told by the order of what is there.
    mutating func ordered(
        _ others: [Backup.Kind], isDirectory: Bool = false, breaks: Bool = false, _ writing: Writing
    ) {
        var (previous, lastFull): (String?, String?)
        for link in links(others, breaks: breaks) where link.isThere {
            let needed = link.isFull ? nil : link.kind == .differential ? lastFull : previous
            let main = add(link, writing(link), isDirectory, needs: needed)
            previous = main
            if link.isFull { lastFull = main }
        }
    }

    /// Each names the one before it, there or not.
    mutating func named(isDirectory: Bool = false, breaks: Bool = false, _ writing: Writing) {
        var previous: String?
        for link in links([.incremental], breaks: breaks) {
            let files = writing(link)
            if link.isThere {
                previous = add(link, files, isDirectory, needs: link.isFull ? nil : previous)
            } else {
                previous = main(files, link.day, isDirectory)
            }
        }
    }

    private func main(_ files: [(path: String, text: String)], _ day: Int, _ isDirectory: Bool) -> String {
        let first = stamp(files[0].path, day)
        return isDirectory ? (first as NSString).deletingLastPathComponent : first
    }

    private mutating func add(
        _ link: Link, _ files: [(path: String, text: String)], _ isDirectory: Bool, needs: String?
    )
        -> String
    {
        let paths = files.map { put($0.path, link.day, $0.text) }
        let main = main(files, link.day, isDirectory)
        made.append(
            Made(
                main: main, files: isDirectory ? [main] : paths, needs: needs.map { [$0] } ?? [], isWhole: link.isWhole)
        )
        return main
    }

    @discardableResult
    mutating func put(_ path: String, _ day: Int, _ text: String = "x") -> String {
        let path = stamp(path, day)
        files[path] = (day, text)
        return path
    }
}
