internal import Conflicts
internal import Disk
internal import Foundation
internal import Model

/// Lines of a shell or a crontab.
extension OldRule {
    static func shell(_ text: Bytes) throws(Fault) -> OldRule? {
        var reader = ShellReader(text, .init(file: "--from", line: nil))
        reader.shell.keepsCommands = true
        reader.read()
        var found: [OldRule] = []
        for (n, command) in reader.shell.commands.enumerated() {
            // In front of it may stand a crontab's time, and sudo; `[ -x /usr/bin/find ]` runs none.
            guard let first = command.first?.text, !["[", "test"].contains(first),
                let at = command.firstIndex(where: { known.contains($0.lastName.text) })
            else { continue }
            let tool = command[at].lastName.text
            guard !command[..<at].contains(where: { $0.lastName.text == "ssh" }) else {
                throw refuse(tool.display, "it runs on another host", hint: "give it there, or without ssh")
            }
            let words = Array(command[(at + 1)...])
            let texts = words.map(\.text.display)
            switch tool {
            case "restic" where !texts.contains("forget"), "borg" where !texts.contains("prune"),
                "borg2" where !texts.contains("prune"):
                continue
            default: break
            }
            if let unknown = words.first(where: \.hasUnknown) {
                throw refuse(
                    tool.display, "'\(unknown.text.display)' has a variable whose value is not known",
                    hint: "give the line with its value in place of $…")
            }
            switch tool {
            case "find": found.append(try find(words, remover: reader.shell.remover(behind: n)))
            case "restic": found.append(try restic(texts))
            case "rotate-backups": found.append(try rotateBackups(texts))
            default: found.append(try borg(texts))
            }
        }
        guard found.count < 2 else {
            throw refuse(found[0].tool, "there are \(found.count) rules in it", hint: "give one line at a time")
        }
        return found.first
    }

    private static let known: Set<Bytes> = ["find", "restic", "borg", "borg2", "rotate-backups"]

    // MARK: find

    /// `remover`: the words of a command that removes what this one prints.
    private static func find(_ all: [ShellWord], remover: [String]?) throws(Fault) -> OldRule {
        if let pattern = all.first(where: \.isPattern) {
            throw refuse(
                "find", "the shell would fill in '\(pattern.text.display)'",
                hint: "name the directory, and quote patterns")
        }
        var rule = OldRule("find")
        var words = all.map(\.text.display)[...]
        var followsLinks = false
        while let word = words.first, ["-H", "-L", "-P"].contains(word) {
            followsLinks = word != "-P"
            words.removeFirst()
        }
        while let word = words.first, !word.hasPrefix("-"), !["(", "!"].contains(word) {
            words.removeFirst()
            guard followsLinks || word.hasSuffix("/") || !isLink(Bytes(word)) else {
                throw refuse(
                    "find", "'\(word)' is a symbolic link, which find does not follow", hint: "name where it leads")
            }
            rule.places.append(Bytes(word))
        }
        var files = OldFiles(seconds: -1)
        var (deletes, deletesTrees, isNegated, last) = (false, false, false, "")
        /// In parentheses are alternatives, and nothing else.
        var (isGroup, hasGroup, wantsOr) = (false, false, false)
        func remove(by command: some Collection<String>) throws(Fault) {
            deletes = true
            for word in command.dropFirst() {
                let isShort = word.hasPrefix("-") && !word.hasPrefix("--")
                guard !isShort || !word.contains("i") else {
                    throw refuse("find", "'\(command.first ?? "") \(word)' asks before each file")
                }
                if word == "--recursive" || isShort && word.lowercased().contains("r") { deletesTrees = true }
            }
        }
        if let remover { try remove(by: remover) }
        func value() throws(Fault) -> String {
            guard let value = words.popFirst() else { throw refuse("find", "'\(last)' has no value") }
            return value
        }
        while let word = words.popFirst() {
            let before = last
            last = word
            let isName = ["-name", "-iname"].contains(word)
            guard !isNegated || isName || ["-path", "-wholename"].contains(word) else {
                throw refuse("find", "'\(before) \(word)' is not understood")
            }
            guard !isGroup || isName || ["-o", "-or", ")"].contains(word) else {
                throw refuse("find", "in parentheses '\(word)' is not understood: only names may be alternatives")
            }
            switch word {
            case "-a", "-and", "-print", "-print0", "-depth", "-d", "-xdev", "-mount", "-noleaf",
                "-ignore_readdir_race":
                break
            case "(":
                guard !hasGroup, files.names.isEmpty, !isNegated else {
                    throw refuse("find", "a second '(' is not understood")
                }
                (isGroup, hasGroup, wantsOr) = (true, true, false)
            case ")": isGroup = false
            case "-o", "-or":
                guard isGroup, wantsOr else {
                    throw refuse("find", "'-o' without parentheses takes other files than it seems to")
                }
                wantsOr = false
            case "!", "-not": isNegated = true
            case "-name", "-iname":
                let pattern = try self.pattern(try value(), foldsCase: word == "-iname")
                if isNegated {
                    files.notNames.append(pattern)
                } else {
                    guard isGroup ? !wantsOr : files.names.isEmpty else {
                        throw refuse("find", "two names at once are not understood: both have to match")
                    }
                    files.names.append(pattern)
                    wantsOr = true
                }
                isNegated = false
            case "-path", "-wholename":
                let pattern = try value()
                guard isNegated, pattern.contains(".trash") else {
                    throw refuse("find", "'\(word) \(pattern)' is not understood: only .trash is")
                }
                isNegated = false
            case "-type":
                let type = try value()
                guard ["f", "d"].contains(type) else { throw refuse("find", "'-type \(type)' is not understood") }
                files.type = type.utf8.first
            case "-maxdepth":
                guard let depth = Int(try value()), depth > 0 else { throw refuse("find", "'-maxdepth' has no number") }
                files.depth = files.depth.lowerBound...depth
            case "-mindepth":
                guard let depth = Int(try value()), (0...1).contains(depth) else {
                    throw refuse("find", "'-mindepth' beyond 1 is not understood")
                }
                files.depth = depth...files.depth.upperBound
            case "-mtime", "-mmin":
                let text = try value()
                guard files.seconds < 0 else { throw refuse("find", "two ages in one line are not understood") }
                guard text.hasPrefix("+"), let number = Int64(text.dropFirst()), (0..<100_000_000).contains(number)
                else { throw refuse("find", "'\(word) \(text)' is not 'older than'") }
                // Whole days, or minutes, are counted: +30 begins with 31.
                files.seconds = (number + 1) * (word == "-mtime" ? 86_400 : 60)
                rule.keep = [("within", "\(number + 1)\(word == "-mtime" ? "d" : "min")")]
            case "-delete": deletes = true
            case "-exec", "-execdir":
                let verb = try value()
                guard ["rm", "unlink", "shred"].contains(Bytes(verb).lastComponent) else {
                    throw refuse("find", "'\(word) \(verb)' is not understood")
                }
                let options = words.prefix { $0 != ";" && $0 != "+" }
                words = words.dropFirst(options.count + 1)
                try remove(by: [verb] + options)
            default: throw refuse("find", "'\(word)' is not understood")
            }
        }
        guard !isGroup, !isNegated else { throw refuse("find", "it ends in the middle") }
        guard deletes else {
            throw refuse("find", "this line deletes nothing", hint: "give it with -delete or -exec rm")
        }
        guard files.seconds >= 0 else { throw refuse("find", "this line deletes whatever its age is") }
        guard !deletesTrees || files.type != nil else {
            throw refuse(
                "find", "it removes files and whole directories", hint: "one line with -type f, one with -type d")
        }
        let isOfDirectories = files.type == UInt8(ascii: "d")
        guard deletesTrees || !isOfDirectories else {
            throw refuse("find", "of directories it removes empty ones only")
        }
        rule.exclude = files.notNames
        if files.depth.upperBound < 10 {
            let below = files.depth.upperBound + (isOfDirectories ? 1 : 0)
            rule.exclude.append("/" + String(repeating: "*/", count: below))
        }
        if !files.names.isEmpty {
            rule.limit(to: isOfDirectories ? files.names.map { $0 + "/" } : files.names)
        } else if isOfDirectories {
            rule.limit(to: [])
        }
        rule.remarks = ["find goes by the time of the last change; here a date in a name counts"]
        rule.files = [files]
        return rule
    }

    private static func isLink(_ path: Bytes) -> Bool {
        guard path.storage.first == UInt8(ascii: "/"),
            let entries = try? Directory.open(absolute: path.parent.isEmpty ? "/" : path.parent).entries()
        else { return false }
        return entries.contains { $0.name == path.lastComponent && $0.kind == .symlink }
    }

    /// As a line of `exclude` has it.
    private static func pattern(_ text: String, foldsCase: Bool) throws(Fault) -> String {
        guard !text.isEmpty, !text.contains("/"), !text.hasPrefix("!"), !text.hasPrefix("#"), !text.contains("\\")
        else {
            throw refuse("find", "the name '\(text)' is not understood")
        }
        guard foldsCase else { return text }
        guard !text.contains("["), text.allSatisfy(\.isASCII) else {
            throw refuse("find", "'-iname \(text)' is not understood")
        }
        return text.map { character in
            character.isASCII && character.isLetter
                ? "[\(character.lowercased())\(character.uppercased())]" : String(character)
        }.joined()
    }

    // MARK: restic, borg, rotate-backups

    /// The options among these words that say what to keep: `--keep-daily 7`, `--keep-daily=7`, `-d 7`, `-d7`.
    private static func options(
        _ tool: String, _ words: [String], short: [Character: String], begin: String
    ) throws(Fault) -> (found: [(rule: String, value: String)], others: [String]) {
        var (found, others): ([(rule: String, value: String)], [String]) = ([], [])
        var rest = words[...]
        while let word = rest.popFirst() {
            var (rule, value): (String?, String?) = (nil, nil)
            if word.hasPrefix(begin), word.count > begin.count, word.dropFirst(2).first != nil {
                let text = word.dropFirst(begin.count)
                let sign = text.firstIndex(of: "=")
                rule = String(text[..<(sign ?? text.endIndex)])
                value = sign.map { String(text[text.index(after: $0)...]) }
            } else if word.hasPrefix("-"), let letter = word.dropFirst().first, let known = short[letter] {
                let text = word.dropFirst(2)
                rule = known
                value = text.isEmpty ? nil : String(text.first == "=" ? text.dropFirst() : text)
            }
            guard let rule else {
                others.append(word)
                continue
            }
            guard let value = value ?? rest.popFirst() else { throw refuse(tool, "'\(word)' has no value") }
            found.append((rule, value))
        }
        return (found, others)
    }

    private static func rules(
        _ tool: String, _ found: [(rule: String, value: String)], known: [String: String]
    ) throws(Fault) -> [(rule: String, value: String)] {
        var rules: [(rule: String, value: String)] = []
        for (rule, value) in found {
            guard let own = known[rule] else { throw refuse(tool, "'\(rule)' is not understood") }
            if ["0", ""].contains(value) { continue }
            let isAll = ["-1", "unlimited", "always"].contains(value)
            let count = isAll ? "unlimited" : value
            // `2*7`, as rotate-backups has it.
            let factors = value.split(separator: "*").map { Int($0.trimmingCharacters(in: .whitespaces)) ?? 0 }
            let product =
                factors.count > 2 || factors.contains { !(1...1_000_000).contains($0) } ? 0 : factors.reduce(1, *)
            guard isAll || own.hasPrefix("within") || product > 0 || tool == "borg2" else {
                throw refuse(tool, "'\(value)' is not a number for '\(rule)'")
            }
            rules.removeAll { $0.rule == own }
            rules.append((own, value.contains("*") ? String(product) : count))
        }
        return rules
    }

    private static func names(_ words: [String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: words.map { ($0, $0) })
    }

    private static let periods = ["hourly", "daily", "weekly", "monthly", "yearly"]

    private static func restic(_ words: [String]) throws(Fault) -> OldRule {
        var rule = OldRule("restic forget")
        let short: [Character: String] = [
            "l": "last", "H": "hourly", "d": "daily", "w": "weekly", "m": "monthly", "y": "yearly",
        ]
        let (found, others) = try options(rule.tool, words, short: short, begin: "--keep-")
        try refuseChoice(
            rule.tool, others, ["--tag", "--host", "--path", "-n", "--dry-run"], verb: "forget",
            valued: [
                "-r", "--repo", "-p", "--password-file", "--password-command", "-o", "--option", "--cache-dir",
                "--cacert",
                "--max-unused", "--max-repack-size", "--group-by", "-g", "--retry-lock", "--limit-upload",
                "--limit-download",
            ])
        let within = ["within"] + periods.map { "within-" + $0 }
        rule.keep = try rules(rule.tool, found, known: names(["last"] + periods + within))
        rule.semantics = "restic"
        return rule
    }

    private static func borg(_ words: [String]) throws(Fault) -> OldRule {
        let choosing = ["--keep", "--from", "--older", "--newer", "--oldest", "--newest", "--first", "--last"]
        if let other = words.first(where: { word in choosing.contains { word == $0 || word.hasPrefix($0 + "=") } }) {
            throw refuse("borg prune", "'\(other)' is not understood")
        }
        let short: [Character: String] = ["H": "hourly", "d": "daily", "w": "weekly", "m": "monthly", "y": "yearly"]
        let (found, others) = try options("borg prune", words, short: short, begin: "--keep-")
        // Ages in place of counts are borg 2's.
        let isSecond = found.contains { $0.rule != "within" && Int($0.value) == nil }
        var rule = OldRule(isSecond ? "borg2" : "borg prune")
        let all = ["last", "secondly", "minutely", "13weekly", "3monthly", "within"] + periods
        rule.keep = try rules(rule.tool, found, known: names(all))
        try refuseChoice(
            rule.tool, others,
            ["-a", "--glob-archives", "-P", "--prefix", "--match-archives", "-n", "--dry-run", "--list-archives"],
            verb: nil, valued: [])
        rule.semantics = isSecond ? "borg2" : "borg"
        return rule
    }

    /// Options that choose among what the tool has, and runs that remove nothing. Behind `verb` no word stands alone.
    private static func refuseChoice(
        _ tool: String, _ words: [String], _ choosing: [String], verb: String?, valued: Set<String>
    ) throws(Fault) {
        if let found = words.first(where: { word in choosing.contains { word == $0 || word.hasPrefix($0 + "=") } }) {
            throw refuse(tool, "'\(found)' is not understood: the rules are to be for all")
        }
        guard let verb, let start = words.firstIndex(of: verb) else { return }
        var isValue = false
        for word in words[(start + 1)...] {
            defer { isValue = valued.contains(word) }
            guard word.hasPrefix("-") || isValue || word.hasPrefix(">") || word.hasPrefix("2>") else {
                throw refuse(tool, "'\(word)' is not understood: the rules are to be for all")
            }
        }
    }

    private static func rotateBackups(_ words: [String]) throws(Fault) -> OldRule {
        let short: [Character: String] = [
            "M": "minutely", "H": "hourly", "d": "daily", "w": "weekly", "m": "monthly", "y": "yearly",
            "I": "include", "x": "exclude", "t": "timestamp-pattern", "i": "ionice", "c": "config",
            "C": "removal-command", "S": "syslog",
        ]
        let flags = [
            "--relaxed", "--prefer-recent", "--parallel", "--use-rmdir", "--force", "--verbose", "--quiet", "--dry-run",
            "--use-sudo",
        ]
        let (found, others) = try options(
            "rotate-backups", words.map { flags.contains($0) ? String($0.dropFirst()) : $0 }, short: short, begin: "--")
        var settings = found
        if others.contains(where: { ["-dry-run", "-n"].contains($0) }) {
            throw refuse("rotate-backups", "with --dry-run it deletes nothing")
        }
        if others.contains(where: { ["-relaxed", "-r"].contains($0) }) { settings.append(("strict", "no")) }
        if others.contains(where: { ["-prefer-recent", "-p"].contains($0) }) {
            settings.append(("prefer-recent", "yes"))
        }
        var rule = try rotateBackups(settings: settings)
        rule.places = others.filter { !$0.hasPrefix("-") }.map { Bytes($0) }
        return rule
    }

    static func rotateBackups(settings: [(rule: String, value: String)]) throws(Fault) -> OldRule {
        var rule = OldRule("rotate-backups")
        var counts: [(rule: String, value: String)] = []
        var (included, switches): ([String], [String]) = ([], [])
        func patterns(_ value: String) throws(Fault) -> [String] {
            let found = value.split { $0 == "," || $0.isWhitespace }.map(String.init)
            let plain = { (one: Character) in one.isASCII && (one.isLetter || one.isNumber || "._-*?".contains(one)) }
            guard let odd = found.first(where: { !$0.allSatisfy(plain) }) else { return found }
            throw refuse("rotate-backups", "the pattern '\(odd)' is not understood")
        }
        for (key, value) in settings {
            let isOn = ["yes", "true", "1", "on"].contains(value.lowercased())
            switch key {
            case "include", "include-list": included += try patterns(value)
            case "exclude", "exclude-list": rule.exclude += try patterns(value)
            case "prefer-recent": if isOn { switches.append("of-period: newest") }
            case "strict": if !isOn { switches.append("empty-periods: skip") }
            case "timestamp-pattern":
                throw refuse("rotate-backups", "a pattern of its own for times", hint: "write it as names: see docs")
            case "removal-command": throw refuse("rotate-backups", "a command of its own that removes")
            case "ionice", "use-sudo", "ssh-user", "config", "syslog": continue
            default: counts.append((key, value))
            }
        }
        rule.keep = try rules(rule.tool, counts, known: names(["minutely"] + periods))
        if !included.isEmpty { rule.limit(to: included) }
        // It looks at what lies in its directory, and not below.
        rule.exclude.append("/*/**")
        let all = ["like: rotate-backups"] + switches
        rule.semantics = switches.isEmpty ? "rotate-backups" : "{ " + all.joined(separator: ", ") + " }"
        return rule
    }
}

extension ShellState {
    /// The words from `rm` on, where what this command prints goes to xargs with one that removes it.
    fileprivate func remover(behind command: Int) -> [String]? {
        guard commands.indices.contains(command + 1) else { return nil }
        let words = commands[command + 1].map(\.text)
        guard words.first?.lastComponent == "xargs",
            let verb = words.firstIndex(where: { ["rm", "unlink", "shred"].contains($0.lastComponent) })
        else { return nil }
        return words[verb...].map(\.display)
    }
}
