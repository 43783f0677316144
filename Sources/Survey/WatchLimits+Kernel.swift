internal import Disk
package import Model

extension WatchLimits {
    /// As it is now. `ours`: the process that is not counted among the others.
    package static func now(user: UInt32, ours: Int32?) -> WatchLimits {
        var limits = WatchLimits()
        limits.watches = allowed
        limits.queue = number("/proc/sys/fs/inotify/max_queued_events")
        limits.others = watched(by: user, but: ours)
        return limits
    }

    /// Directories that all programs of one user may watch together.
    package static var allowed: Int? {
        let both = ["/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches"] as [Bytes]
        return both.compactMap(number).min()
    }

    private static func number(_ path: Bytes) -> Int? {
        guard let text = try? Directory.read(absolute: path, limit: 64) else { return nil }
        return Int(String(decoding: text.storage.prefix { $0 > 0x20 }, as: UTF8.self))
    }

    /// Every descriptor of inotify has a line for each watch in `/proc/PID/fdinfo`. Processes that end meanwhile, or
    /// are none of our business, count nothing.
    private static func watched(by user: UInt32, but ours: Int32?) -> Int {
        guard let all = try? Directory.open(absolute: "/proc"), let processes = try? all.entries() else { return 0 }
        var count = 0
        for process in processes where process.name.storage.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard Int32(process.name.display) != ours, let one = try? all.open(process.name),
                (try? one.sighting().uid) == user, let open = try? one.open("fdinfo"),
                let descriptors = try? open.entries()
            else { continue }
            for descriptor in descriptors {
                guard let text = try? open.readAny(descriptor.name, limit: 1 << 26) else { continue }
                count += text.storage.split(separator: 0x0A).count { $0.starts(with: "inotify wd:".utf8) }
            }
        }
        return count
    }
}
