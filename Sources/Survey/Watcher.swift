internal import CInotifyTools
package import Disk
internal import Foundation
package import Model
internal import Recognition
internal import Synchronization

/// Says where to look: one thread drains inotify into a bounded set of dirty places. An event is never more than that.
///
/// The library below has global state: there is one watcher a process, and only its own thread reads. Adding a watch is
/// a plain system call and may come from any thread. On a hung mount it never returns: so it is made without the lock
/// of the table, and events of a watch that the table does not know yet are kept for it.
package final class Watcher: Sendable {
    /// What has happened since the last ``take()``.
    package struct Dirt: Sendable {
        /// Directories whose names changed, by vault.
        package var places: [VaultID: Set<Bytes>] = [:]
        /// Paths renamed from a temporary name.
        package var finished: [VaultID: Set<Bytes>] = [:]
        /// Vaults of which anything may have been missed.
        package var unreconciled: [VaultID: String] = [:]
        package var events = 0

        package init() {}

        package var isEmpty: Bool { places.isEmpty && unreconciled.isEmpty }
    }

    private struct Node {
        var vault: VaultID
        var directory: Bytes
    }

    private struct State {
        var nodes: [Int32: Node] = [:]
        var dirt = Dirt()
        /// Rename cookies whose first half was a temporary name.
        var cookies: [UInt32: Void] = [:]
        var refused: Set<VaultID> = []
        /// Watches being added, and those of them that had an event before the table knew them; `true`: it ended.
        var adding = 0
        var early: [Int32: Bool] = [:]
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let stop: Wakeup
    private let onDirt: @Sendable () -> Void

    /// A vault with more dirty places than this is rescanned whole.
    private static let mostPlaces = 10_000

    /// Opens inotify. Call it early: libinotifytools cannot use a descriptor of 1024 or more.
    package init(onDirt: @escaping @Sendable () -> Void) throws(Fault) {
        let fd = cit_open()
        guard fd >= 0 else {
            throw Fault(
                .io, "could not open inotify: error \(-fd)",
                hint: "raise fs.inotify.max_user_instances, or end another program that watches files", errno: -fd)
        }
        descriptor = fd
        stop = try Wakeup()
        self.onDirt = onDirt
    }

    package static var backend: String { String(cString: cit_backend()) }

    package func start() {
        let thread = Thread { [self] in run() }
        thread.name = "watcher"
        thread.start()
    }

    package func end() { stop.raise() }

    /// The directories of a vault that are watched now.
    package func watched(_ vault: VaultID) -> Set<Bytes> {
        state.withLock { Set($0.nodes.values.lazy.filter { $0.vault == vault }.map(\.directory)) }
    }

    package func take() -> Dirt {
        state.withLock { state in
            defer { state.dirt = Dirt() }
            return state.dirt
        }
    }

    // MARK: Watches

    /// Watches a directory; the same directory again, also under another name, only renews its entry.
    package func watch(_ directory: Directory, vault: VaultID, path: Bytes) {
        state.withLock { $0.adding += 1 }
        let wd = cit_add_directory(directory.descriptor, cit_mask())
        let isDirty = state.withLock { state in
            state.adding -= 1
            defer { if state.adding == 0 { state.early = [:] } }
            guard wd >= 0 else {
                // ENOSPC: the limit. What is not watched is found by the next full look.
                state.refused.insert(vault)
                return false
            }
            let hasEnded = state.early.removeValue(forKey: wd)
            if hasEnded != true { state.nodes[wd] = Node(vault: vault, directory: path) }
            if hasEnded != nil { state.dirt.places[vault, default: []].insert(path) }
            return hasEnded != nil
        }
        if isDirty { onDirt() }
    }

    /// Whether a watch in this vault was refused since the last question: then events do not tell everything.
    package func takeRefusal(_ vault: VaultID) -> Bool { state.withLock { $0.refused.remove(vault) != nil } }

    package func forget(vault: VaultID) {
        state.withLock { state in
            for (wd, node) in state.nodes where node.vault == vault {
                cit_remove(wd)
                state.nodes[wd] = nil
            }
        }
    }

    // MARK: The thread

    private func run() {
        let waiting = Waiting(descriptors: [descriptor, stop.descriptor])
        while true {
            let ready = waiting.wait(milliseconds: -1)
            if ready.contains(1) { return cit_close() }
            if drain() { onDirt() }
        }
    }

    /// Reads until the library has nothing left; `true` where there was anything.
    private func drain() -> Bool {
        var event = cit_event()
        var any = false
        while true {
            // One event at a time under the lock: a worker adding a watch never waits for the whole queue.
            let more = state.withLock { state -> Bool in
                switch cit_next(&event) {
                case 1:
                    Self.absorb(event, &state)
                    return true
                case 0: return false
                default:
                    Self.all(&state, "inotify could not be read")
                    return false
                }
            }
            guard more else { return any }
            any = true
        }
    }

    private static func absorb(_ event: cit_event, _ state: inout State) {
        state.dirt.events += 1
        if event.mask & cit_overflow != 0 { return all(&state, "the queue of inotify overflowed") }
        guard let node = state.nodes[event.wd] else {
            // Of a watch that we gave up, or of one that is just being added.
            guard state.adding > 0 else { return }
            if state.early.count >= mostPlaces { all(&state, "more events than are kept for new watches") }
            if state.early.count >= mostPlaces { state.early = [:] }
            state.early[event.wd] = event.mask & cit_ignored != 0 || state.early[event.wd] == true
            return
        }
        if event.mask & cit_ignored != 0 {
            // It was deleted, perhaps made again at once: a look tells, and watches anew.
            state.nodes[event.wd] = nil
            state.dirt.places[node.vault, default: []].insert(node.directory)
            return
        }
        if event.mask & cit_unmount != 0 {
            state.dirt.unreconciled[node.vault] = "its file system was unmounted"
            return
        }
        if event.mask & (cit_delete_self | cit_move_self) != 0 {
            if node.directory.isEmpty { state.dirt.unreconciled[node.vault] = "its directory was moved or deleted" }
            return
        }
        let name = event.name.map { Bytes(UnsafeRawBufferPointer(start: $0, count: event.name_length)) } ?? Bytes()
        let path = node.directory.appending(name)
        if event.mask & cit_is_directory != 0, event.mask & (cit_moved_from | cit_delete) != 0 {
            unwatch(below: path, node.vault, &state)
        }
        if node.directory == ".trash" {
            // Locks, marks and what is being unlinked are ours; batches, and a person's FREEZE, are news.
            guard name == "FREEZE" || name.storage.first.map({ (0x30...0x39).contains($0) }) == true else { return }
        }
        noteFinished(event, name, path, node.vault, &state)
        state.dirt.places[node.vault, default: []].insert(node.directory)
        if state.dirt.places[node.vault, default: []].count > mostPlaces {
            state.dirt.unreconciled[node.vault] = "more changes than are followed one by one"
            state.dirt.places[node.vault] = []
        }
    }

    /// A directory that moved keeps reporting under its old path: its watches end, the rescan of its new place makes
    /// others.
    private static func unwatch(below path: Bytes, _ vault: VaultID, _ state: inout State) {
        for (wd, node) in state.nodes where node.vault == vault && node.directory.isWithin(path) {
            cit_remove(wd)
            state.nodes[wd] = nil
        }
    }

    private static func noteFinished(
        _ event: cit_event, _ name: Bytes, _ path: Bytes, _ vault: VaultID, _ state: inout State
    ) {
        if event.mask & cit_moved_from != 0, TemporaryNames.isTemporary(name) {
            if state.cookies.count > 1000 { state.cookies = [:] }  // halves of moves that left the vaults
            state.cookies[event.cookie] = ()
        }
        if event.mask & cit_moved_to != 0, state.cookies.removeValue(forKey: event.cookie) != nil {
            state.dirt.finished[vault, default: []].insert(path)
        }
    }

    private static func all(_ state: inout State, _ why: String) {
        for vault in Set(state.nodes.values.map(\.vault)) { state.dirt.unreconciled[vault] = why }
    }
}
