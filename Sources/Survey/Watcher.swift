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
        /// Directories that came from elsewhere, with all that is in them: nothing below them is known by its path.
        package var deep: [VaultID: Set<Bytes>] = [:]
        /// Paths renamed from a temporary name.
        package var finished: [VaultID: Set<Bytes>] = [:]
        /// Vaults of which anything may have been missed.
        package var unreconciled: [VaultID: String] = [:]
        package var events = 0

        package init() {}

        package var isEmpty: Bool { places.isEmpty && deep.isEmpty && unreconciled.isEmpty }
    }

    fileprivate struct State {
        var watches = Watches()
        /// Watches that we ended, of which the kernel may still have something to say.
        var ended: Set<Int32> = []
        /// Directories with changed names, by watch: an event costs no path.
        var dirty: Set<Int32> = []
        /// And those whose watch is gone meanwhile.
        var dirt = Dirt()
        /// First halves of renames: a directory's watch, or `nil` for a file that had a temporary name.
        var moves: [UInt32: Move] = [:]
        var refused: [VaultID: Refusals] = [:]
        /// Watches that are being added, and those that had an event before the table knew them; `true`: it has ended.
        var adding = 0
        var early: [Int32: Bool] = [:]
    }

    fileprivate struct Move {
        /// `nil`: a file's.
        var wd: Int32?
        var deadline: Int64
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let stop: Wakeup
    private let clock: Clock
    private let onDirt: @Sendable () -> Void

    /// A vault with more dirty places than this is rescanned whole.
    package static let mostPlaces = 10_000
    /// More renames than this wait for no second half.
    private static let mostMoves = 10_000
    /// The second half of a rename comes at once, but other processes' events may stand between, also over two reads.
    private static let moveNanoseconds: Int64 = 2_000_000_000
    /// So many events are taken under one lock: who adds a watch never waits for the whole queue.
    private static let eventsAtOnce = 256

    /// Opens inotify. Call it early: libinotifytools cannot use a descriptor of 1024 or more.
    package init(clock: Clock = .system, onDirt: @escaping @Sendable () -> Void) throws(Fault) {
        let fd = cit_open()
        guard fd >= 0 else {
            throw Fault(
                .io, "could not open inotify: error \(-fd)",
                hint: "raise fs.inotify.max_user_instances, or end another program that watches files", errno: -fd)
        }
        descriptor = fd
        stop = try Wakeup()
        self.clock = clock
        self.onDirt = onDirt
    }

    package static var backend: String { String(cString: cit_backend()) }

    package func start() {
        let thread = Thread { [self] in run() }
        thread.name = "watcher"
        thread.start()
    }

    package func end() { stop.raise() }

    /// Whether a directory of a vault is watched now.
    package func isWatched(_ vault: VaultID, _ path: Bytes) -> Bool {
        state.withLock { $0.watches.find(vault, path) != nil }
    }

    /// How many directories are watched.
    package var count: Int { state.withLock { $0.watches.count } }

    package func take() -> Dirt {
        state.withLock { state in
            for wd in state.dirty {
                if let (vault, path) = state.watches.path(of: wd) { Self.add(path, vault, &state) }
            }
            state.dirty.removeAll(keepingCapacity: state.dirty.count < Self.mostPlaces)
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
            let isEarly = state.early[wd] != nil
            if wd >= 0 {
                Self.put(wd, vault, path: path, state: &state)
            } else {
                // What is not watched is found by the next full look.
                state.refused[vault, default: .init()].add(errno: -wd)
            }
            // What was early for nobody is of watches that nobody knows.
            if state.adding == 0, !state.early.isEmpty {
                state.early = [:]
                Self.all(&state, Self.unknownText)
                return true
            }
            return isEarly
        }
        if isDirty { onDirt() }
    }

    private static func put(_ wd: Int32, _ vault: VaultID, path: Bytes, state: inout State) {
        state.ended.remove(wd)
        state.watches.put(wd, vault, path)
        if let hasEnded = state.early.removeValue(forKey: wd) {
            if hasEnded { return gone(wd, &state) }
            state.dirty.insert(wd)
        }
        // The vault's own directory has none: what is below it could not be told by its path.
        if state.watches.path(of: wd) == nil {
            end(wd, &state)
            state.refused[vault, default: .init()].add(errno: nil)
        }
    }

    /// Watches that were refused: then events do not tell everything.
    package struct Refusals: Sendable {
        package private(set) var count = 0
        /// Whether it was for the kernel's limit, and not because a directory went meanwhile or is not for us.
        package private(set) var isLimit = false

        package init() {}

        mutating func add(errno: Int32?) {
            count += 1
            isLimit = isLimit || errno == Errno.ENOSPC || errno == Errno.ENOMEM
        }
    }

    /// Those in this vault since the last question.
    package func takeRefusals(_ vault: VaultID) -> Refusals {
        state.withLock { $0.refused.removeValue(forKey: vault) ?? Refusals() }
    }

    /// Before and after a look at a whole vault that asks for every watch it needs: what it did not ask for (deleted
    /// while the queue overflowed, or one complete backup by now) is watched no more.
    package func sweep<T>(_ vault: VaultID, _ look: () throws(Fault) -> T) throws(Fault) -> T {
        state.withLock { $0.watches.beginSweep(vault) }
        let result = try look()
        state.withLock { state in
            for wd in state.watches.unswept(vault) { Self.end(wd, &state) }
        }
        return result
    }

    package func forget(vault: VaultID) {
        state.withLock { state in
            for wd in state.watches.all(of: vault) { Self.end(wd, &state) }
            state.dirt.places[vault] = nil
            state.dirt.deep[vault] = nil
            state.dirt.finished[vault] = nil
        }
    }

    private static func end(_ wd: Int32, _ state: inout State) {
        cit_remove(wd)
        state.ended.insert(wd)
        state.dirty.remove(wd)
        state.watches.remove(wd)
    }

    // MARK: The thread

    private func run() {
        let waiting = Waiting(descriptors: [descriptor, stop.descriptor])
        while true {
            let ready = waiting.wait(milliseconds: state.withLock { $0.moves.isEmpty } ? -1 : 500)
            if ready.contains(1) { return cit_close() }
            if drain() { onDirt() }
        }
    }

    /// Reads until the library has nothing left; `true` where there is anything to look at.
    private func drain() -> Bool {
        var any = false
        while true {
            let now = clock.now().boot
            let (isMore, hasNews) = state.withLock { Self.read(&$0, now) }
            any = any || hasNews
            if !isMore { return any }
        }
    }

    private static func read(_ state: inout State, _ now: Int64) -> (isMore: Bool, hasNews: Bool) {
        var event = cit_event()
        var hasNews = false
        for _ in 0..<eventsAtOnce {
            switch cit_next(&event) {
            case 1:
                absorb(event, &state, now)
                hasNews = true
            case 0:
                return (false, endMoves(&state, now) || hasNews)
            default:
                all(&state, "inotify could not be read")
                return (false, true)
            }
        }
        return (true, true)
    }

    private static func absorb(_ event: cit_event, _ state: inout State, _ now: Int64) {
        state.dirt.events += 1
        if event.mask & cit_overflow != 0 { return all(&state, "the queue of inotify overflowed") }
        guard let node = state.watches[event.wd] else { return unknown(event, &state) }
        if event.mask & cit_ignored != 0 { return gone(event.wd, &state) }
        if event.mask & cit_unmount != 0 {
            state.dirt.unreconciled[node.vault] = "its file system was unmounted"
            return
        }
        if event.mask & (cit_delete_self | cit_move_self) != 0 {
            if state.watches.root(of: node.vault) == event.wd {
                state.dirt.unreconciled[node.vault] = "its directory was moved or deleted"
            }
            return
        }
        if node.name == ".trash", node.parent == state.watches.root(of: node.vault) {
            // Locks, marks and what is being unlinked are ours; batches, and a person's FREEZE, are news.
            let name = name(of: event)
            guard name == "FREEZE" || name.storage.first.map({ (0x30...0x39).contains($0) }) == true else { return }
        } else if event.mask & (cit_moved_from | cit_moved_to) != 0 {
            moved(event, node, state: &state, now: now)
        }
        state.dirty.insert(event.wd)
        if state.dirty.count > mostPlaces { tooMany(&state) }
    }

    private static func name(of event: cit_event) -> Bytes {
        event.name.map { Bytes(UnsafeRawBufferPointer(start: $0, count: event.name_length)) } ?? Bytes()
    }

    /// Of a watch that we ended there may be something left in the queue. Of any other we know nothing: whose was it?
    private static func unknown(_ event: cit_event, _ state: inout State) {
        let hasEnded = event.mask & cit_ignored != 0
        if state.ended.contains(event.wd) {
            if hasEnded { state.ended.remove(event.wd) }
        } else if state.adding > 0, state.early.count < mostMoves {
            state.early[event.wd] = hasEnded || state.early[event.wd] ?? false
        } else if !hasEnded {
            all(&state, unknownText)
        }
    }

    private static let unknownText = "inotify told of a directory that is not known"

    /// It was deleted, perhaps made again at once: a look tells, and watches anew.
    private static func gone(_ wd: Int32, _ state: inout State) {
        if let (vault, path) = state.watches.path(of: wd) { add(path, vault, &state) }
        state.dirty.remove(wd)
        state.watches.remove(wd)
    }

    private static func add(_ path: Bytes, _ vault: VaultID, _ state: inout State) {
        guard state.dirt.places[vault, default: []].insert(path).inserted else { return }
        if state.dirt.places[vault, default: []].count > mostPlaces {
            state.dirt.unreconciled[vault] = tooManyText
            state.dirt.places[vault] = []
        }
    }

    private static let tooManyText = "more changes than are followed one by one"

    private static func tooMany(_ state: inout State) {
        for vault in Set(state.dirty.compactMap { state.watches[$0]?.vault }) {
            state.dirt.unreconciled[vault] = tooManyText
        }
        state.dirty = []
    }

    private static func all(_ state: inout State, _ why: String) {
        for vault in Set(state.watches.nodes.values.map(\.vault)) { state.dirt.unreconciled[vault] = why }
    }
}

// MARK: Renames

extension Watcher {
    /// A directory keeps its watches and those below it, and is hung up at its new place. One of which the second half
    /// does not come was moved away: its watches end.
    private static func moved(_ event: cit_event, _ node: Watches.Node, state: inout State, now: Int64) {
        let name = name(of: event)
        let isDirectory = event.mask & cit_is_directory != 0
        if event.mask & cit_moved_from != 0 {
            let wd = isDirectory ? state.watches.leave(event.wd, name) : nil
            guard wd != nil || (!isDirectory && TemporaryNames.isTemporary(name)) else { return }
            if state.moves.count >= mostMoves { endMoves(&state, .max) }
            state.moves[event.cookie] = Move(wd: wd, deadline: now + moveNanoseconds)
            return
        }
        let first = state.moves.removeValue(forKey: event.cookie)
        guard let (vault, path) = state.watches.path(of: event.wd) else { return }
        if isDirectory {
            if let wd = first?.wd, state.watches[wd] != nil { state.watches.arrive(wd, vault, at: event.wd, name) }
            state.dirt.deep[vault, default: []].insert(path.appending(name))
            if state.dirt.deep[vault, default: []].count > mostPlaces {
                state.dirt.unreconciled[vault] = tooManyText
                state.dirt.deep[vault] = []
            }
        } else if first != nil {
            state.dirt.finished[vault, default: []].insert(path.appending(name))
        }
    }

    /// Renames whose second half is overdue left what is watched. `true`: there were any.
    @discardableResult
    private static func endMoves(_ state: inout State, _ now: Int64) -> Bool {
        let over = state.moves.filter { $0.value.deadline <= now }
        for (cookie, move) in over {
            state.moves[cookie] = nil
            guard let wd = move.wd, let node = state.watches[wd], node.parent == nil,
                state.watches.root(of: node.vault) != wd
            else { continue }
            for inner in state.watches.below(wd) { end(inner, &state) }
        }
        return false
    }
}
