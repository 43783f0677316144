internal import CLinux
internal import Glibc
package import Model

/// The only file that unlinks (invariant 4; TidyTests). It works below one directory, which is `.trash/.purging-*`.
///
/// The walk is flat: a directory inside a directory is first renamed up into the top (*hoisted*), so that depth costs
/// neither descriptors nor memory. If we stop anywhere, what is left is still below the top, and the next run goes on.
package struct UnlinkWalk {
    private let top: Directory
    /// Asked between batches; `true` leaves the rest for the next run.
    private let shouldStop: () -> Bool
    private var hoisted = 0
    private var queue: [Bytes] = []
    package private(set) var removed = 0
    package private(set) var faults: [Fault] = []

    package init(below top: Directory, shouldStop: @escaping () -> Bool = { false }) {
        self.top = top
        self.shouldStop = shouldStop
    }

    /// Removes all that is below the top. An error stops nobody else: what it met is in ``faults`` and still there.
    package mutating func run() {
        do {
            let names = try top.entries().map(\.name)
            // Names of an interrupted walk must not be given again.
            hoisted = names.compactMap(Self.number(ofHoisted:)).max().map { $0 + 1 } ?? 0
            queue = names
        } catch {
            faults.append(error)
        }
        while let name = queue.popLast(), !shouldStop() { remove(name, in: top) }
    }

    private mutating func remove(_ name: Bytes, in directory: Directory) {
        let answer = name.withCString { unlinkat(directory.descriptor, $0, 0) == 0 ? 0 : errno }
        switch answer {
        case 0: removed += 1
        case ENOENT: break
        case EISDIR,
            EPERM where isDirectory(name, in: directory):
            removeDirectory(name, in: directory)
        default: fail("remove", directory.path.appending(name), answer)
        }
    }

    private func isDirectory(_ name: Bytes, in directory: Directory) -> Bool {
        (try? directory.sighting(of: name))?.kind == .directory
    }

    private mutating func removeDirectory(_ name: Bytes, in directory: Directory) {
        let whole = directory.path.appending(name)
        let answer = name.withCString { unlinkat(directory.descriptor, $0, AT_REMOVEDIR) == 0 ? 0 : errno }
        switch answer {
        case 0: removed += 1
        case ENOENT: break
        case ENOTEMPTY, EEXIST:
            if directory === top { empty(name) } else { hoist(name, from: directory) }
        default: fail("remove", whole, answer)
        }
    }

    private mutating func hoist(_ name: Bytes, from directory: Directory) {
        let fresh = Bytes("h\(hoisted)")
        hoisted += 1
        do {
            try directory.rename(name, to: top, as: fresh)
            queue.append(fresh)
        } catch {
            faults.append(error)
        }
    }

    /// Empties a directory of the top and removes it. Opening refuses mounts and other devices (invariant 11).
    private mutating func empty(_ name: Bytes) {
        do {
            let directory = try top.open(name)
            let before = faults.count
            // Removing while listing may skip names; another pass finds them.
            while !shouldStop() {
                var seen = 0
                let batch = try directory.entries()
                for entry in batch.sorted(by: { $0.inode < $1.inode }) {
                    if entry.kind == .directory {
                        removeDirectory(entry.name, in: directory)
                    } else {
                        remove(entry.name, in: directory)
                    }
                    seen += 1
                }
                if seen == 0 || faults.count > before { break }
            }
            guard faults.count == before, !shouldStop() else { return }
            let answer = name.withCString { unlinkat(top.descriptor, $0, AT_REMOVEDIR) == 0 ? 0 : errno }
            if answer == 0 { removed += 1 } else { fail("remove", top.path.appending(name), answer) }
        } catch {
            faults.append(error)
        }
    }

    private mutating func fail(_ deed: String, _ path: Bytes, _ errno: Int32) {
        faults.append(.system(deed, path, errno))
    }

    private static func number(ofHoisted name: Bytes) -> Int? {
        guard name.hasPrefix("h"), let digits = name.dropFirst(1).utf8 else { return nil }
        return Int(digits)
    }

    /// Removes the emptied top itself, by its name in the trash.
    package static func removeEmpty(_ name: Bytes, in trash: Directory) throws(Fault) {
        precondition(name.hasPrefix(".purging-"), "invariant 4: nothing is unlinked outside .trash/.purging-*")
        guard name.withCString({ unlinkat(trash.descriptor, $0, AT_REMOVEDIR) }) == 0 else {
            throw .system("remove", trash.path.appending(name), errno)
        }
    }
}
