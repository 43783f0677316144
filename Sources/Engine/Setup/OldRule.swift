internal import Disk
package import Model
internal import Recognition

/// What another program's line deletes, read so that its meaning can be kept: `init --from`. What is not understood is
/// refused: a rule that deletes more than the old one would be a lie.
package struct OldRule: Sendable {
    /// `find`, `restic forget`
    package let tool: String
    /// The directories that the line names.
    package var places: [Bytes] = []
    /// What is not the same any more, for a person.
    package var remarks: [String] = []
    /// The value of `keep`.
    var keep: [(rule: String, value: String)] = []
    /// The value of `semantics`.
    var semantics: String?
    /// Lines of `exclude`: what the old line never deleted.
    var exclude: [String] = []
    /// Rules of some series only, and what they are.
    var series: [(pattern: String, keep: [(rule: String, value: String)])] = []
    /// What it looks at, where it is not what `keep` says in the tool's own semantics.
    var files: [OldFiles] = []

    init(_ tool: String) { self.tool = tool }

    /// Reads a line of a shell or a crontab, or the text of a settings file; a path of a file stands for its text.
    package init(reading text: String, for paths: [Bytes]) throws(Fault) {
        var text = text
        if text.hasPrefix("/"), !text.contains(where: \.isWhitespace), Surroundings.resolved(Bytes(text)) != nil {
            text = try Directory.read(absolute: Bytes(text), limit: 1 << 20).display(lines: true)
        }
        let lines = text.split(whereSeparator: \.isNewline).map(\.trimmed)
            .filter { !$0.isEmpty && !$0.hasPrefix("#") && !$0.hasPrefix(";") }
        if let found = try Self.rotation(lines, paths) {
            self = found
        } else if let found = try Self.logrotate(lines) {
            self = found
        } else if let found = try Self.sqlBackups(lines) {
            self = found
        } else if let found = try Self.shell(Bytes(text)) {
            self = found
        } else if let found = try Self.proxmox(lines) {
            self = found
        } else {
            throw Fault(
                .usage, "no rule is found in '\(lines.first.map(String.init) ?? "")'",
                hint: "known are: find … -delete, rotate-backups, restic forget, borg prune, Proxmox' prune-backups, "
                    + "logrotate, and settings of autopostgresqlbackup and automysqlbackup")
        }
        guard !keep.isEmpty || !series.isEmpty else {
            throw Fault(.usage, "\(tool) has no rule of what to keep here", hint: "give the line with its options")
        }
    }

    // MARK: As configuration

    /// Lines of a vault, each without its indent.
    package var lines: [String] {
        func mapping(_ keep: [(rule: String, value: String)]) -> String {
            if keep.contains(where: { $0.rule == "all" }) { return "all" }
            return "{ " + keep.map { "\($0.rule): \($0.value)" }.joined(separator: ", ") + " }"
        }
        var lines = remarks.map { "# \($0)" }
        if let semantics { lines.append("semantics: \(semantics)") }
        lines.append("keep: \(keep.isEmpty ? "all" : mapping(keep))")
        if !series.isEmpty {
            lines.append("series:")
            lines += series.map { "  \(ReadingLines.quoted($0.pattern)): { keep: \(mapping($0.keep)) }" }
        }
        if !exclude.isEmpty {
            lines.append("# what the old line never deleted")
            lines.append("exclude: [ " + exclude.map(ReadingLines.quoted).joined(separator: ", ") + " ]")
        }
        return lines
    }

    /// Everything else than names like these.
    mutating func limit(to names: [String]) {
        exclude = ["*", "!*/"] + names.map { "!" + $0 } + exclude
    }

    static func refuse(_ tool: String, _ what: String, hint: String? = nil) -> Fault {
        Fault(.usage, "\(tool): \(what)", hint: hint ?? "write the policy yourself: reprieve init without --from")
    }
}

/// Files that a line deletes by their age, wherever `keep` speaks of series.
struct OldFiles: Sendable {
    /// Below the vault; empty: all of it.
    var directory = Bytes()
    var names: [String] = []
    var notNames: [String] = []
    /// `f` or `d`.
    var type: UInt8?
    var depth: ClosedRange<Int> = 0...(.max)
    /// What is younger stays.
    var seconds: Int64

    /// `path`: below the vault.
    func take(_ path: Bytes, isDirectory: Bool, written: Timestamp, now: Timestamp) -> Bool {
        guard path.isWithin(directory), type.map({ ($0 == UInt8(ascii: "d")) == isDirectory }) ?? true,
            depth.contains(path.components.count), now.seconds(since: written) >= seconds
        else { return false }
        let name = path.lastComponent
        func isLike(_ pattern: String) -> Bool {
            (try? PathRule(pattern, origin: ""))?.matches(name, in: [], isDirectory: isDirectory) ?? false
        }
        return (names.isEmpty || names.contains(where: isLike)) && !notNames.contains(where: isLike)
    }
}

extension Bytes {
    fileprivate func display(lines: Bool) -> String {
        storage.split(separator: 0x0A, omittingEmptySubsequences: false).map { Bytes($0).display }
            .joined(separator: "\n")
    }
}
