import Foundation

/// Random changes to a directory tree on the real kernel, and a model of what they must come to.
final class Churn {
    /// A file by identity (links share it), or a directory.
    final class Node {
        var children: [String: Node]?
        var size: Int

        init(directory: Bool, size: Int = 0) {
            children = directory ? [:] : nil
            self.size = size
        }

        var isDirectory: Bool { children != nil }
    }

    /// The tree that is watched, and one beside it on the same file system: `vault` and `outside`.
    let base: URL
    private let top = Node(directory: true)
    private var generator: SeededGenerator
    private(set) var operations = 0

    init(base: URL, seed: UInt64) throws {
        self.base = base
        generator = SeededGenerator(state: seed)
        for name in ["vault", "outside"] {
            try FileManager.default.createDirectory(
                at: base.appending(path: name), withIntermediateDirectories: true)
            top.children?[name] = Node(directory: true)
        }
    }

    func run(seconds: Double) throws {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            for _ in 0..<50 { try step() }
            usleep(10_000)
        }
    }

    /// What `list` has to say: dated files, by path in the vault, with their sizes.
    func expected() -> [String: Int] {
        var found: [String: Int] = [:]
        func walk(_ node: Node, _ path: String) {
            for (name, child) in node.children ?? [:] {
                let whole = path.isEmpty ? name : path + "/" + name
                if child.isDirectory { walk(child, whole) } else { found[whole] = child.size }
            }
        }
        walk(top.children!["vault"]!, "")
        return found
    }

    // MARK: One change

    func step() throws {
        operations += 1
        switch Int.random(in: 0..<100, using: &generator) {
        case ..<18: try makeDirectories()
        case ..<50: try writeFile()
        case ..<62: try renameFile()
        case ..<72: try renameDirectory()
        case ..<78: try exchangeTwo()
        case ..<86: try deleteFile()
        case ..<90: try deleteDirectory()
        default: try linkFile()
        }
    }

    private typealias Place = (parent: Node, name: String, path: String)

    private func url(_ path: String) -> String { base.path + "/" + path }

    /// A directory anywhere, the vault's more often.
    private func directory() -> (node: Node, path: String) {
        var (path, node) = Int.random(in: 0..<5, using: &generator) == 0 ? ("outside", top) : ("vault", top)
        node = top.children![path]!
        while Int.random(in: 0..<3, using: &generator) > 0 {
            let inner = (node.children ?? [:]).filter { $0.value.isDirectory }.sorted { $0.key < $1.key }
            guard let next = inner.randomElement(using: &generator) else { break }
            (node, path) = (next.value, path + "/" + next.key)
        }
        return (node, path)
    }

    private func file() -> Place? {
        for _ in 0..<5 {
            let (node, path) = directory()
            let files = (node.children ?? [:]).filter { !$0.value.isDirectory }.keys.sorted()
            if let name = files.randomElement(using: &generator) { return (node, name, path + "/" + name) }
        }
        return nil
    }

    private func innerDirectory() -> Place? {
        for _ in 0..<5 {
            let (node, path) = directory()
            let inner = (node.children ?? [:]).filter { $0.value.isDirectory }.keys.sorted()
            if let name = inner.randomElement(using: &generator) { return (node, name, path + "/" + name) }
        }
        return nil
    }

    private func fileName() -> String {
        let day = Int.random(in: 1...28, using: &generator)
        return
            "\(["app", "db", "www"].randomElement(using: &generator)!)-2026-0\(Int.random(in: 1...9, using: &generator))-\(day < 10 ? "0" : "")\(day).tar"
    }

    private func directoryName() -> String { "d\(Int.random(in: 0..<6, using: &generator))" }

    private func makeDirectories() throws {
        var (node, path) = directory()
        guard path.split(separator: "/").count < 8 else { return }
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let name = directoryName()
            path += "/" + name
            if let there = node.children?[name] {
                node = there
                continue
            }
            try check(mkdir(url(path), 0o755))
            let fresh = Node(directory: true)
            node.children?[name] = fresh
            node = fresh
        }
        // At once with content: what inotifywait -r loses.
        if Bool.random(using: &generator) { try write(node, path, fileName()) }
    }

    private func writeFile() throws {
        let (node, path) = directory()
        try write(node, path, fileName())
    }

    private func write(_ node: Node, _ path: String, _ name: String) throws {
        let size = Int.random(in: 1...3000, using: &generator)
        let fd = open(url(path + "/" + name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard fd >= 0 else { throw POSIXError(.EIO) }
        defer { close(fd) }
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        guard Foundation.write(fd, bytes, size) == size else { throw POSIXError(.EIO) }
        if let there = node.children?[name] {
            there.size = size
        } else {
            node.children?[name] = Node(directory: false, size: size)
        }
    }

    /// Within, out, in, and over an existing one.
    private func renameFile() throws {
        guard let from = file() else { return }
        let (target, path) = directory()
        let name = Bool.random(using: &generator) ? from.name : fileName()
        if target.children?[name]?.isDirectory ?? false { return }
        try check(rename(url(from.path), url(path + "/" + name)))
        // Of two links of one file the kernel does nothing.
        if target.children?[name] === from.parent.children?[from.name] { return }
        let moved = from.parent.children?.removeValue(forKey: from.name)
        target.children?[name] = moved
    }

    private func renameDirectory() throws {
        guard let from = innerDirectory() else { return }
        let (target, path) = directory()
        let name = directoryName()
        // Not into itself, and over nothing.
        guard !(path + "/").hasPrefix(from.path + "/"), target.children?[name] == nil else { return }
        try check(rename(url(from.path), url(path + "/" + name)))
        let moved = from.parent.children?.removeValue(forKey: from.name)
        target.children?[name] = moved
    }

    private func exchangeTwo() throws {
        let isOfFiles = Bool.random(using: &generator)
        guard let one = isOfFiles ? file() : innerDirectory(), let two = isOfFiles ? file() : innerDirectory(),
            !(one.path + "/").hasPrefix(two.path + "/"), !(two.path + "/").hasPrefix(one.path + "/")
        else { return }
        try exchange(url(one.path), url(two.path))
        let first = one.parent.children?[one.name]
        let second = two.parent.children?[two.name]
        one.parent.children?[one.name] = second
        two.parent.children?[two.name] = first
    }

    private func deleteFile() throws {
        guard let file = file() else { return }
        try check(unlink(url(file.path)))
        file.parent.children?[file.name] = nil
    }

    private func deleteDirectory() throws {
        guard let directory = innerDirectory() else { return }
        try FileManager.default.removeItem(atPath: url(directory.path))
        directory.parent.children?[directory.name] = nil
    }

    private func linkFile() throws {
        guard let file = file() else { return }
        let (target, path) = directory()
        let name = fileName()
        guard target.children?[name] == nil else { return }
        try check(link(url(file.path), url(path + "/" + name)))
        let linked = file.parent.children?[file.name]
        target.children?[name] = linked
    }

    private func check(_ answer: Int32) throws {
        guard answer == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}

struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Two names change places in one step. Glibc's module does not import `renameat2`.
func exchange(_ one: String, _ other: String) throws {
    typealias Call = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
    guard let symbol = dlsym(nil, "renameat2") else { throw POSIXError(.ENOSYS) }
    let renameExchange: UInt32 = 2
    let done = unsafeBitCast(symbol, to: Call.self)(AT_FDCWD, one, AT_FDCWD, other, renameExchange)
    guard done == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
