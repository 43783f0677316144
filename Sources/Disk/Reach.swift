internal import Dispatch
internal import Foundation
package import Model
internal import Synchronization

/// Questions about paths whose file system may never answer: the system call of a hung FUSE or NFS mount cannot be
/// interrupted, only left behind. Each is asked in a thread of its own, and waited for no longer than a time.
///
/// Such a thread ends when the file system answers after all, or with the process (the kernel's wait is killable).
package enum Reach {
    /// What did not answer in time and has not answered since: it is not waited for again.
    private static let overdue = Mutex<Set<Question>>([])

    private struct Question: Hashable, Sendable {
        var what: String
        var path: Bytes
    }

    /// So many are asked at once: the paths of one dead server all hang.
    private static let atOnce = 16

    /// The answer, or `nil`: none for so long. Asked again while the first is still waited for, it is `nil` at once.
    package static func ask<T: Sendable>(
        _ what: String, of path: Bytes, seconds: Double, _ body: @escaping @Sendable (Bytes) -> T
    ) -> T? {
        ask(what, of: [path], seconds: seconds, body)[path]
    }

    /// The answers of all that answered. The time begins anew with each answer.
    package static func ask<T: Sendable>(
        _ what: String, of paths: [Bytes], seconds: Double, _ body: @escaping @Sendable (Bytes) -> T
    ) -> [Bytes: T] {
        let open = Set(paths).filter { path in overdue.withLock { !$0.contains(Question(what: what, path: path)) } }
        let round = Round<T>(waiting: Array(open))
        func start(_ count: Int) {
            for _ in 0..<count {
                let thread = Thread {
                    while let path = round.next() {
                        guard round.finish(path, body(path)) else {
                            overdue.withLock { _ = $0.remove(Question(what: what, path: path)) }
                            return  // another thread took its place
                        }
                    }
                }
                thread.name = what
                thread.stackSize = 1 << 20
                thread.start()
            }
        }
        start(min(open.count, atOnce))
        var left = open.count
        while left > 0 {
            if round.progress.wait(timeout: .now() + seconds) == .success {
                left -= 1
                continue
            }
            let stuck = round.giveUp { paths in
                overdue.withLock { all in all.formUnion(paths.map { Question(what: what, path: $0) }) }
            }
            left -= stuck
            start(min(stuck, left))
        }
        return round.answers
    }

    /// One call's questions.
    private final class Round<T: Sendable>: Sendable {
        private struct State: Sendable {
            var waiting: [Bytes]
            var asking: Set<Bytes> = []
            var answers: [Bytes: T] = [:]
        }

        private let state: Mutex<State>
        let progress = DispatchSemaphore(value: 0)

        init(waiting: [Bytes]) { state = Mutex(State(waiting: waiting)) }

        var answers: [Bytes: T] { state.withLock(\.answers) }

        func next() -> Bytes? {
            state.withLock { state in
                guard let path = state.waiting.popLast() else { return nil }
                state.asking.insert(path)
                return path
            }
        }

        /// `false`: it was given up meanwhile.
        func finish(_ path: Bytes, _ answer: T) -> Bool {
            let isWanted = state.withLock { state in
                guard state.asking.remove(path) != nil else { return false }
                state.answers[path] = answer
                return true
            }
            if isWanted { progress.signal() }
            return isWanted
        }

        /// What is being asked now is waited for no longer; `note` is told before any of it can answer. How many.
        func giveUp(_ note: (Set<Bytes>) -> Void) -> Int {
            state.withLock { state in
                note(state.asking)
                defer { state.asking = [] }
                return state.asking.count
            }
        }
    }
}

extension Reach {
    /// How long a path's links are followed: what does not answer is taken as it is written.
    private static var resolveSeconds: Double { patience.withLock { $0 } }
    private static let patience = Mutex(2.0)

    /// For a process that must answer soon whatever hangs.
    package static func hurry() { patience.withLock { $0 = 0.3 } }

    /// Paths with every link resolved; without those that are not there, or do not answer.
    package static func resolved(_ paths: [Bytes]) -> [Bytes: Bytes] {
        ask("resolve", of: paths, seconds: resolveSeconds) { Surroundings.resolved($0) }.compactMapValues { $0 }
    }

    package static func resolved(_ path: Bytes) -> Bytes? { resolved([path])[path] }

    /// Those of the paths that are directories, and those that do not answer.
    package static func directories(_ paths: [Bytes]) -> (found: Set<Bytes>, silent: Set<Bytes>) {
        let answers = ask("open", of: paths, seconds: resolveSeconds) { (try? Directory.open(absolute: $0)) != nil }
        return (Set(answers.filter(\.value).keys), Set(paths).subtracting(answers.keys))
    }

    /// What a directory lists; `nil`: it cannot be listed, or does not answer.
    package static func entries(of path: Bytes) -> [Directory.Entry]? {
        ask("list", of: path, seconds: resolveSeconds) { path in
            (try? Directory.open(absolute: path)).flatMap { try? $0.entries() }
        } ?? nil
    }

    /// What a file system answered to the first question.
    package enum Answer: Sendable {
        case writable, readOnly
        /// There is nothing to open, or not for us: whoever opens it will say why.
        case closed
    }

    /// Whether what is at this path answers at all, within a time.
    package static func answer(of path: Bytes, seconds: Double) -> Answer? {
        ask("answer", of: path, seconds: seconds) { path in
            guard let directory = try? Directory.open(absolute: path), (try? directory.sighting()) != nil else {
                return .closed
            }
            return FileSystem.isReadOnly(directory) ? .readOnly : .writable
        }
    }
}
