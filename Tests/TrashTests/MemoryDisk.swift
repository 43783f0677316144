import CLinux
import Disk
import Glibc
import Model

/// A file system in memory, as small as the trash needs it. It counts the calls, can stop after any step (as a killed
/// process or a cut cable would), fail any call, and tell what a power cut would leave.
///
/// What lasts is modelled as ext4, xfs and btrfs do it: names in the order they were changed, up to any point behind
/// the last barrier; the content of a file only once it was synced, and nothing of it before.
final class MemoryDisk: FileLayer, @unchecked Sendable {
    // Each test uses its own, from one thread.
    struct Node {
        var isDirectory: Bool
        var names: [Bytes: UInt64] = [:]
        var content: [UInt8] = []
        var durable: [UInt8] = []
        var mode: UInt32
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var time: Int64
        var links: UInt32 = 1
    }

    struct State {
        var nodes: [UInt64: Node] = [1: Node(isDirectory: true, mode: 0o755, time: 1)]
        /// Never given twice: an object's handle.
        var next: UInt64 = 2

        /// What is left when the power goes: content that was not synced is not there.
        var afterPowerCut: State {
            var state = self
            for id in state.nodes.keys { state.nodes[id]!.content = state.nodes[id]!.durable }
            return state
        }
    }

    private struct File {
        var node: UInt64
        var offset = 0
        var listing: [Directory.Entry]?
    }

    var state = State()
    /// As it was at the last barrier.
    private(set) var atBarrier = State()
    var supportsNoReplace = true
    /// Calls that changed something; and all calls.
    /// Right before a directory of this name is made, somebody else may be faster.
    var beforeMaking: ((Bytes) -> Void)?
    private(set) var steps = 0
    private(set) var calls = 0
    /// After this many steps the disk answers nothing any more.
    var stopAfter = Int.max
    /// The n-th call fails, once or for ever.
    var failing: (call: Int, errno: Int32, forEver: Bool)?
    private var files: [Int32: File] = [:]
    private var nextFile: Int32 = 3
    private var leases: Set<UInt64> = []

    func restart(_ state: State? = nil) {
        if let state { self.state = state }
        atBarrier = self.state
        (steps, calls, stopAfter, failing) = (0, 0, .max, nil)
        files = [:]
    }

    var isStopped: Bool { steps >= stopAfter }

    /// `nil`: the call goes on.
    private func refusal() -> Int32? {
        if isStopped { return -EIO }
        calls += 1
        guard let failing, calls == failing.call || failing.forEver && calls > failing.call else { return nil }
        return -failing.errno
    }

    private func change<T>(_ body: (inout State) -> T) -> T {
        defer { steps += 1 }
        return body(&state)
    }

    // MARK: Opening

    func open(absolute path: Bytes, flags: Int32) -> Int32 {
        if let no = refusal() { return no }
        guard let node = node(1, path) else { return -ENOENT }
        return opened(node)
    }

    func open(_ directory: Int32, _ path: Bytes, flags: Int32, mode: UInt32, resolve: UInt32) -> Int32 {
        if let no = refusal() { return no }
        guard let from = files[directory]?.node else { return -EBADF }
        guard let parent = node(from, path.parent) else { return -ENOENT }
        if let known = state.nodes[parent]!.names[path.lastComponent] {
            if flags & O_EXCL != 0 { return -EEXIST }
            if flags & O_DIRECTORY != 0, !state.nodes[known]!.isDirectory { return -ENOTDIR }
            if flags & O_TRUNC != 0 { change { $0.nodes[known]!.content = [] } }
            return opened(known)
        }
        if path == "." { return opened(from) }
        guard flags & O_CREAT != 0 else { return -ENOENT }
        return opened(make(parent, path.lastComponent, isDirectory: false, mode))
    }

    private func opened(_ node: UInt64) -> Int32 {
        nextFile += 1
        files[nextFile] = File(node: node)
        return nextFile
    }

    private func node(_ from: UInt64, _ path: Bytes) -> UInt64? {
        var at = from
        for name in path.components {
            guard let next = state.nodes[at]?.names[name] else { return nil }
            at = next
        }
        return at
    }

    @discardableResult
    private func make(_ parent: UInt64, _ name: Bytes, isDirectory: Bool, _ mode: UInt32) -> UInt64 {
        change { state in
            let id = state.next
            state.next += 1
            state.nodes[id] = Node(isDirectory: isDirectory, mode: mode, time: Int64(id))
            state.nodes[parent]!.names[name] = id
            return id
        }
    }

    func close(_ file: Int32) { files[file] = nil }

    // MARK: Looking

    func stat(_ directory: Int32, _ name: Bytes, _ stat: inout cl_stat) -> Int32 {
        if let no = refusal() { return no }
        guard let from = files[directory]?.node else { return -EBADF }
        guard let id = node(from, name), let node = state.nodes[id] else { return -ENOENT }
        stat = cl_stat()
        stat.mode = node.mode | (node.isDirectory ? 0o040000 : 0o100000)
        (stat.uid, stat.gid, stat.nlink, stat.ino, stat.dev) = (node.uid, node.gid, node.links, id, 1)
        stat.size = UInt64(node.content.count)
        (stat.mtime, stat.ctime, stat.btime, stat.has_btime) = (node.time, node.time, node.time, 1)
        return 0
    }

    func object(_ directory: Int32, _ name: Bytes, _ handle: inout (type: Int32, bytes: Bytes)) -> Int32 {
        if let no = refusal() { return no }
        guard let from = files[directory]?.node else { return -EBADF }
        guard let id = node(from, name) else { return -ENOENT }
        handle = (1, Bytes((0..<8).map { UInt8(truncatingIfNeeded: id >> (8 * $0)) }))
        return 0
    }

    func list(_ directory: Int32, _ entries: inout [Directory.Entry]) -> Int32 {
        if let no = refusal() { return no }
        guard let node = files[directory].flatMap({ state.nodes[$0.node] }) else { return -ENOENT }
        guard files[directory]!.listing == nil else { return 0 }
        files[directory]!.listing = []
        entries += node.names.sorted { $0.key < $1.key }.map { name, id in
            Directory.Entry(name: name, kind: state.nodes[id]!.isDirectory ? .directory : .file, inode: id)
        }
        return 0
    }

    func rewind(_ directory: Int32) { files[directory]?.listing = nil }

    func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if let no = refusal() { return Int(no) }
        guard let open = files[file], let node = state.nodes[open.node] else { return -Int(EBADF) }
        let part = node.content[min(open.offset, node.content.count)...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        files[file]!.offset += part.count
        return part.count
    }

    // MARK: Changing

    /// Half of what was asked for at a time: callers must go on.
    func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        if let no = refusal() { return Int(no) }
        guard let node = files[file]?.node else { return -Int(EBADF) }
        let part = bytes.prefix(max(1, bytes.count / 2 + 1))
        change { $0.nodes[node]!.content += part }
        return part.count
    }

    func truncate(_ file: Int32) -> Int32 {
        if let no = refusal() { return no }
        guard let node = files[file]?.node else { return -EBADF }
        change { $0.nodes[node]!.content = [] }
        return 0
    }

    func makeDirectory(_ directory: Int32, _ name: Bytes, mode: UInt32) -> Int32 {
        if let no = refusal() { return no }
        beforeMaking?(name)
        guard let parent = files[directory]?.node, state.nodes[parent] != nil else { return -ENOENT }
        guard state.nodes[parent]!.names[name] == nil else { return -EEXIST }
        make(parent, name, isDirectory: true, mode)
        return 0
    }

    func setOwner(_ file: Int32, uid: UInt32, gid: UInt32) -> Int32 {
        if let no = refusal() { return no }
        guard let node = files[file]?.node else { return -EBADF }
        change {
            if uid != .max { $0.nodes[node]!.uid = uid }
            if gid != .max { $0.nodes[node]!.gid = gid }
        }
        return 0
    }

    func setMode(_ file: Int32, _ mode: UInt32) -> Int32 {
        if let no = refusal() { return no }
        guard let node = files[file]?.node else { return -EBADF }
        change { $0.nodes[node]!.mode = mode }
        return 0
    }

    func rename(_ directory: Int32, _ name: Bytes, to target: Int32, as newName: Bytes, replacing: Bool) -> Int32 {
        if let no = refusal() { return no }
        guard let (from, to) = pair(directory, target) else { return -EBADF }
        guard replacing || supportsNoReplace else { return -EINVAL }
        guard let id = state.nodes[from]!.names[name] else { return -ENOENT }
        if let taken = state.nodes[to]!.names[newName] {
            guard replacing else { return -EEXIST }
            guard !state.nodes[taken]!.isDirectory || state.nodes[taken]!.names.isEmpty else { return -ENOTEMPTY }
        }
        change {
            $0.nodes[from]!.names[name] = nil
            $0.nodes[to]!.names[newName] = id
        }
        return 0
    }

    func link(_ directory: Int32, _ name: Bytes, to target: Int32, as newName: Bytes) -> Int32 {
        if let no = refusal() { return no }
        guard let (from, to) = pair(directory, target) else { return -EBADF }
        guard let id = state.nodes[from]!.names[name] else { return -ENOENT }
        guard state.nodes[to]!.names[newName] == nil else { return -EEXIST }
        guard !state.nodes[id]!.isDirectory else { return -EPERM }
        change {
            $0.nodes[to]!.names[newName] = id
            $0.nodes[id]!.links += 1
        }
        return 0
    }

    /// It stops after each step: their order counts.
    func unlinkingThreads(_ directory: Int32) -> Int { 1 }

    func unlink(_ directory: Int32, _ name: Bytes, isDirectory: Bool) -> Int32 {
        if let no = refusal() { return no }
        guard let parent = files[directory].flatMap({ self.node($0.node, name.parent) }),
            case let name = name.lastComponent, let id = state.nodes[parent]?.names[name]
        else { return -ENOENT }
        let node = state.nodes[id]!
        guard node.isDirectory == isDirectory else { return isDirectory ? -ENOTDIR : -EISDIR }
        guard node.names.isEmpty else { return -ENOTEMPTY }
        change {
            $0.nodes[parent]!.names[name] = nil
            $0.nodes[id]!.links -= 1
            if $0.nodes[id]!.links == 0 || isDirectory { $0.nodes[id] = nil }
        }
        return 0
    }

    private func pair(_ one: Int32, _ other: Int32) -> (UInt64, UInt64)? {
        guard let from = files[one]?.node, let to = files[other]?.node, state.nodes[from] != nil,
            state.nodes[to] != nil
        else { return nil }
        return (from, to)
    }

    func sync(file: Int32) -> Int32 {
        if let no = refusal() { return no }
        guard let node = files[file]?.node else { return -EBADF }
        change { $0.nodes[node]!.durable = $0.nodes[node]!.content }
        return 0
    }

    func sync(directory: Int32) -> Int32 {
        if let no = refusal() { return no }
        change { _ in }
        atBarrier = state
        return 0
    }

    func lock(_ file: Int32, isExclusive: Bool) -> Int32 { refusal() ?? 0 }
    func takeLease(_ file: Int32) -> Int32 { refusal() ?? 0 }
    func holdsLease(_ file: Int32) -> Bool { refusal() == nil }

    // MARK: For tests

    /// Writes a file that lasts, its directories made as needed.
    func put(_ path: Bytes, _ content: String = "") {
        var at: UInt64 = 1
        for name in path.parent.components {
            at = state.nodes[at]!.names[name] ?? make(at, name, isDirectory: true, 0o755)
        }
        let id = make(at, path.lastComponent, isDirectory: false, 0o640)
        state.nodes[id]!.content = Array(content.utf8)
        state.nodes[id]!.durable = Array(content.utf8)
    }

    /// Makes a directory of another user's, or gives one to him.
    func putDirectory(_ path: Bytes, uid: UInt32, mode: UInt32) {
        let known = node(1, path)
        let id = known ?? make(node(1, path.parent)!, path.lastComponent, isDirectory: true, mode)
        (state.nodes[id]!.uid, state.nodes[id]!.gid, state.nodes[id]!.mode) = (uid, uid, mode)
    }

    func access(_ path: Bytes) -> (uid: UInt32, gid: UInt32, mode: UInt32)? {
        node(1, path).map { (state.nodes[$0]!.uid, state.nodes[$0]!.gid, state.nodes[$0]!.mode) }
    }

    /// Takes a directory away, with all that is in it.
    func drop(_ path: Bytes) { state.nodes[node(1, path.parent)!]!.names[path.lastComponent] = nil }

    /// Every file with its content, by path.
    var tree: [Bytes: String] {
        var found: [Bytes: String] = [:]
        var waiting: [(Bytes, UInt64)] = [(Bytes(), 1)]
        while let (path, id) = waiting.popLast() {
            let node = state.nodes[id]!
            guard node.isDirectory else {
                found[path] = String(decoding: node.content, as: UTF8.self)
                continue
            }
            waiting += node.names.map { (path.appending($0.key), $0.value) }
        }
        return found
    }
}
