internal import Config
internal import Model

/// Texts of settings files.
extension OldRule {
    // MARK: Proxmox

    /// `prune-backups keep-last=3,keep-daily=7`, `--keep-last 3`, `maxfiles: 4`.
    static func proxmox(_ lines: [Substring]) throws(Fault) -> OldRule? {
        let words = lines.joined(separator: "\n").split { !($0.isLetter || $0.isNumber || $0 == "-") }.map {
            $0.drop { $0 == "-" }
        }
        let known = ["last", "hourly", "daily", "weekly", "monthly", "yearly", "all"]
        var rule = OldRule("prune-backups")
        var (isMeant, seen): (Bool, Set<String>) = (false, [])
        for (word, value) in zip(words, words.dropFirst() + [""]) where word.hasPrefix("keep-") || word == "maxfiles" {
            isMeant = true
            guard !seen.contains(String(word)) else {
                throw refuse(rule.tool, "'\(word)' is there twice", hint: "give one line at a time")
            }
            seen.insert(String(word))
            let name = word == "maxfiles" ? "last" : String(word.dropFirst(5))
            guard known.contains(name), let count = Int(value), count >= 0 else {
                throw refuse(rule.tool, "'\(word) \(value)' is not understood")
            }
            if name == "all" || word == "maxfiles" && count == 0 {
                if name != "all" || count != 0 { rule.keep = [("all", "true")] }
            } else if count > 0, rule.keep.first?.rule != "all" {
                rule.keep.append((name, String(count)))
            }
        }
        rule.semantics = "proxmox"
        // It prunes its own only.
        rule.limit(to: ["vzdump-*"])
        return isMeant ? rule : nil
    }

    // MARK: rotate-backups.ini

    /// `[/srv/backups]` and lines `daily = 7`.
    static func rotation(_ lines: [Substring], _ paths: [Bytes]) throws(Fault) -> OldRule? {
        guard lines.contains(where: { $0.hasPrefix("[/") }) else { return nil }
        var sections: [(place: String, settings: [(rule: String, value: String)])] = []
        for line in lines {
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                sections.append((String(line[line.index(after: line.startIndex)..<end]), []))
            } else if let sign = line.firstIndex(where: { $0 == "=" || $0 == ":" }), !sections.isEmpty {
                let key = line[..<sign].trimmed, value = line[line.index(after: sign)...].trimmed
                sections[sections.count - 1].settings.append((String(key), String(value)))
            }
        }
        let fitting = sections.filter { section in
            paths.isEmpty || paths.contains { Wildcard.name(of: $0, in: Bytes(section.place)) != nil }
        }
        guard let section = fitting.first, fitting.count == 1 else {
            let all = sections.map(\.place).joined(separator: ", ")
            throw refuse(
                "rotate-backups", fitting.isEmpty ? "no section for this directory" : "\(fitting.count) sections",
                hint: "name the directory of one section: \(all)")
        }
        var rule = try rotateBackups(settings: section.settings)
        if !section.place.contains(where: { "*?[".contains($0) }) { rule.places = [Bytes(section.place)] }
        return rule
    }

    // MARK: logrotate

    /// `/srv/backups/db.sql { rotate 14 daily dateext }`
    static func logrotate(_ lines: [Substring]) throws(Fault) -> OldRule? {
        let text = lines.joined(separator: "\n")
        guard let open = text.firstIndex(of: "{"), text[..<open].contains("/"), text.contains("rotate") else {
            return nil
        }
        var rule = OldRule("logrotate")
        guard text.filter({ $0 == "{" }).count == 1, let end = text[open...].firstIndex(of: "}") else {
            throw refuse(rule.tool, "there is more than one '{'", hint: "give one stanza at a time")
        }
        let before = text[..<open].split(whereSeparator: \.isWhitespace)
        // What stands above the paths is said of all stanzas.
        let directives =
            text[text.index(after: open)..<end].split { $0.isWhitespace || $0 == "=" || $0 == ";" }
            + before.filter { !$0.hasPrefix("/") }
        func number(_ name: String) -> Int? {
            directives.firstIndex { $0 == name }.flatMap { $0 + 1 < directives.count ? Int(directives[$0 + 1]) : nil }
        }
        guard directives.contains("dateext") else {
            throw refuse(
                rule.tool, "without dateext each run renames all, and no name stays one backup's",
                hint: "leave them to logrotate, or add dateext first")
        }
        if let other = ["olddir", "dateformat", "extension", "addextension", "nodateext"].first(where: { name in
            directives.contains { $0 == name }
        }) {
            throw refuse(rule.tool, "'\(other)' is not understood")
        }
        guard let count = number("rotate") else { throw refuse(rule.tool, "there is no 'rotate N'") }
        guard count != 0 else { throw refuse(rule.tool, "'rotate 0' keeps nothing") }
        rule.keep = count < 0 ? [("all", "true")] : [("last", String(count))]
        if number("maxage") != nil {
            rule.remarks.append("maxage took some earlier: that is not carried over, and more stays")
        }
        let patterns = before.filter { $0.hasPrefix("/") }.map { Bytes(String($0)) }
        guard !text[..<open].contains(where: { "\"{}'".contains($0) }), let place = patterns.first?.parent,
            patterns.allSatisfy({ $0.parent == place }), !place.display.contains("*")
        else {
            throw refuse(rule.tool, "its paths are not in one directory", hint: "give one stanza, with plain paths")
        }
        rule.places = [place]
        // Its patterns do not reach below.
        let day = String(repeating: "[0-9]", count: 8)
        rule.exclude =
            ["*"]
            + patterns.flatMap { pattern in
                ["", ".gz", ".bz2", ".xz", ".zst"].map { "!/\(pattern.lastComponent.display)-\(day)\($0)" }
            }
        return rule
    }

    // MARK: autopostgresqlbackup, automysqlbackup

    private static let directories = ["daily", "weekly", "monthly"]

    /// Both write `daily/`, `weekly/` and `monthly/`. Newer versions have counts (autopostgresqlbackup 2) or days
    /// of `find -mtime` (automysqlbackup 3); older ones, as in Debian, take the weekday of last week and the fifth week
    /// before.
    static func sqlBackups(_ lines: [Substring]) throws(Fault) -> OldRule? {
        var settings: [String: String] = [:]
        for line in lines {
            guard let sign = line.firstIndex(of: "=") else { continue }
            let value = line[line.index(after: sign)...].split { $0 == "#" }.first ?? ""
            settings[String(line[..<sign].trimmed)] = value.filter { !"\"' \t\r".contains($0) }
        }
        let (counts, days) = (["BRDAILY", "BRWEEKLY", "BRMONTHLY"], directories.map { "CONFIG_rotation_" + $0 })
        var rule: OldRule
        if counts.contains(where: { settings[$0] != nil }) {
            rule = OldRule("autopostgresqlbackup")
            for (directory, key) in zip(directories, counts) {
                guard let number = try number(key, settings, rule.tool) else { continue }
                rule.series.append((directory + "/**", [("last", String(number))]))
            }
        } else if days.contains(where: { settings[$0] != nil }) {
            rule = OldRule("automysqlbackup")
            guard settings["CONFIG_mysql_dump_differential"] != "yes" else {
                throw refuse(rule.tool, "it keeps differential backups longer than it says")
            }
            for (directory, key) in zip(directories, days) {
                guard let number = try number(key, settings, rule.tool) else { continue }
                rule.series.append((directory + "/**", [("within", "\(number + 1)d")]))
                rule.files.append(
                    OldFiles(directory: Bytes(directory), type: UInt8(ascii: "f"), seconds: (number + 1) * 86_400))
            }
        } else if settings["DOWEEKLY"] != nil, settings["BACKUPDIR"] != nil {
            rule = OldRule("automysqlbackup or autopostgresqlbackup")
            rule.series = [("daily/**", [("last", "7")]), ("weekly/**", [("last", "5")])]
        } else {
            return nil
        }
        for key in ["BACKUPDIR", "CONFIG_backup_dir"] {
            if let place = settings[key], place.hasPrefix("/") { rule.places = [Bytes(place)] }
        }
        return rule
    }

    /// `nil`: nothing is said, or 0: what is there stays.
    private static func number(_ key: String, _ settings: [String: String], _ tool: String) throws(Fault) -> Int64? {
        guard let text = settings[key] else { return nil }
        guard let number = Int64(text), (0..<100_000).contains(number) else {
            throw refuse(tool, "\(key)=\(text) is not a number")
        }
        return number == 0 ? nil : number
    }
}
