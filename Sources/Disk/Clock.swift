internal import CLinux
internal import Glibc
package import Model

/// The one place that asks the clocks; everywhere else a ``Moment`` is an argument.
package struct Clock: Sendable {
    package var now: @Sendable () -> Moment
    /// Whether the kernel says that the wall clock is synchronised; `nil`: it does not say (a container).
    package var isSynchronised: @Sendable () -> Bool?

    package init(
        now: @escaping @Sendable () -> Moment, isSynchronised: @escaping @Sendable () -> Bool? = { nil }
    ) {
        self.now = now
        self.isSynchronised = isSynchronised
    }

    package static let system: Clock = {
        let bootID = Surroundings.bootID
        return Clock(
            now: {
                Moment(wall: Timestamp(nanoseconds: ask(CLOCK_REALTIME)), boot: ask(CLOCK_BOOTTIME), bootID: bootID)
            },
            isSynchronised: {
                let answer = cl_clock_is_synchronised()
                return answer < 0 ? nil : answer == 1
            })
    }()

    /// The system's. In a debug build a test may move it on: by the seconds in `.reprieve-test-clock` beside the state
    /// directory, as they are at each question.
    package static func system(for state: Bytes) -> Clock {
        #if DEBUG
            let file = state.parent.appending(".reprieve-test-clock")
            guard (try? Directory.read(absolute: file, limit: 32)) != nil else { return .system }
            return Clock(
                now: {
                    var now = Clock.system.now()
                    let text = (try? Directory.read(absolute: file, limit: 32))?.utf8 ?? ""
                    let nanoseconds = Int64((Double(text) ?? 0) * 1e9)
                    now.wall = Timestamp(nanoseconds: now.wall.nanoseconds.adding(nanoseconds))
                    now.boot = now.boot.adding(nanoseconds)
                    return now
                }, isSynchronised: Clock.system.isSynchronised)
        #else
            return .system
        #endif
    }

    /// As the service manager counts the time of a reload.
    package static var monotonicMicroseconds: Int64 { ask(CLOCK_MONOTONIC) / 1000 }

    private static func ask(_ clock: clockid_t) -> Int64 {
        var t = timespec()
        precondition(clock_gettime(clock, &t) == 0, "these clocks exist on every Linux")
        return Int64(t.tv_sec) * 1_000_000_000 + Int64(t.tv_nsec)
    }
}

/// What else differs between machines and runs: who we are, chance, the host.
package enum Surroundings {
    package static var bootID: String {
        // A container may hide it; then every start counts as another boot, which only makes grace longer.
        (try? Directory.read(absolute: "/proc/sys/kernel/random/boot_id", limit: 64))
            .map { String(decoding: $0.storage.prefix { $0 > 0x20 }, as: UTF8.self) } ?? randomHex(bytes: 16)
    }

    package static func randomHex(bytes: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<bytes).map { _ in Bytes.hex(UInt8.random(in: 0...255, using: &generator)) }.joined()
    }

    package static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package static var userID: UInt32 { geteuid() }
    package static var isRoot: Bool { geteuid() == 0 }
    /// What was freed goes back to the system, which the allocator would keep: after a large piece of work, in a
    /// process that lives on.
    package static func giveMemoryBack() { cl_trim() }
    package static var processID: Int32 { getpid() }

    /// When a process began, as the kernel counts it: two with the same number differ in it. `nil`: there is none, or
    /// not for us to see.
    static func startTime(ofProcess pid: Int32) -> String? {
        guard let text = try? Directory.read(absolute: Bytes("/proc/\(pid)/stat"), limit: 4096),
            // The name before it may hold anything.
            let end = text.storage.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = text.storage[(end + 1)...].split(separator: 0x20)
        return fields.count > 19 ? String(decoding: fields[19], as: UTF8.self) : nil
    }

    /// The user who logged in, through sudo and su; `nil` for a service.
    package static var loginUserID: UInt32? {
        guard let text = try? Directory.read(absolute: "/proc/self/loginuid", limit: 32) else { return nil }
        let id = UInt32(String(decoding: text.storage.prefix { $0 > 0x20 }, as: UTF8.self))
        return id == .max ? nil : id
    }

    /// Who called sudo, as it says; `nil` without it, and where anybody could say so.
    package static var sudoUser: String? {
        guard isRoot, let name = getenv("SUDO_USER") else { return nil }
        return String(cString: name)
    }

    package static func userName(_ uid: UInt32) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return String(uid) }
        return String(cString: entry.pw_name)
    }

    /// The path with every link resolved; `nil` where there is nothing.
    package static func resolved(_ path: Bytes) -> Bytes? {
        guard let found = path.withCString({ realpath($0, nil) }) else { return nil }
        defer { free(found) }
        return Bytes(UnsafeBufferPointer(start: found, count: strlen(found)).map { UInt8(bitPattern: $0) })
    }
}

extension Bytes {
    /// The bytes with a NUL behind them. A name never has one inside: the kernel gave it to us, or it is refused first.
    func withCString<T>(_ body: (UnsafePointer<CChar>) throws -> T) rethrows -> T {
        precondition(!storage.contains(0), "a NUL inside a name")
        return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: storage.count + 1) { buffer in
            storage.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            buffer[storage.count] = 0
            return try body(buffer.baseAddress!)  // it has at least one byte
        }
    }
}
