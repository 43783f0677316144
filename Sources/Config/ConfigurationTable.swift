/// Every key that a configuration may have, its default and its meaning: what the reader accepts, and what
/// `docs/reference/configuration.md` is made of.
package enum ConfigurationTable {
    package struct Key: Sendable {
        package var name: String
        /// As a person would write it; "" where one of several keys is needed.
        package var standard: String
        package var meaning: String
    }

    package enum Section: String, CaseIterable, Sendable {
        case top = "The file"
        case vault = "A vault, and `defaults`"
        case vaultOnly = "A vault alone"
        case limits = "`limits`"
        case safeguards = "`safeguards`"
        case hook = "A hook"
        case metrics = "`metrics`"
    }

    /// The names of a section, in the order of the table.
    static func names(_ section: Section) -> [String] { keys(section).map(\.name) }

    package static func keys(_ section: Section) -> [Key] {
        switch section {
        case .top: top
        case .vault: vault
        case .vaultOnly: vaultOnly
        case .limits: limits
        case .safeguards: safeguards
        case .hook: hook
        case .metrics: metrics
        }
    }

    private static let top: [Key] = [
        key("timezone", "the system's", "the zone of days, weeks and months"),
        key("state-directory", "/var/lib/reprieve", "without root: `$XDG_STATE_HOME/reprieve`"),
        key("audit-log", "/var/log/reprieve/audit.log", "without root: in the state directory"),
        key("defaults", "none", "keys of a vault, for all vaults"),
        key("vaults", "required", "`NAME: { path: … }`"),
        key(
            "overrides", "none",
            "`VAULT: { … }` wins over the vault's own keys; `reprieve retention set` writes such a file"),
        key("hooks", "none", "`NAME: { … }`; see [hooks](../guide/hooks.md)"),
        key("metrics", "off", "see below"),
    ]

    private static let vault: [Key] = [
        key(
            "keep", "all",
            "`last secondly minutely hourly daily weekly monthly 13weekly quarterly yearly` (a count; a range `7-14`: at least 7, up to 14 while the `limits` you wrote are met; `unlimited`), `within`, `within-secondly` … `within-yearly` (a time, counted back from the newest; `9999y` is all), `full` (the newest N full ones with their chains), `diff` (of the differential ones that stay with a full one, only the newest N; full ones count), `window` (a time, and one full one before it), `logs` (a time: transaction logs older than it go), `all`; `max-count`, `max-age` and `3monthly` are other names of `last`, `within` and `quarterly`"
        ),
        key(
            "semantics", "reprieve",
            "what the rules mean: `restic` (0.19), `borg` (1.4), `borg2`, `proxmox`, `kopia`, `rotate-backups` (8.1), `pgbackrest` keep what those tools keep (kopia with one exception: [design/](../design/README.md)); `reprieve` is restic's meaning (each rule for itself, the newest of each period that has one, the oldest while a rule has room) with 25 hours on the day the clocks go back. Or single switches: `{ like: restic, anchor: now, of-period: oldest, empty-periods: count, oldest-bonus: false, rules: overlap }`. With `empty-periods: count`, `daily: 7` reaches seven days back from the newest, with backups or without"
        ),
        key("quiet-period", "60s", "at rest for so long, and written by nobody: complete"),
        key("schedule", "after-backup", "when the agent cleans up: `after-backup`, `HH:MM`, `hourly` or `manual`"),
        key("cleanup-every", "1h", "at most one cleanup in this time, where `schedule` is `after-backup`"),
        key("grace-period", "14d", "how long the trash keeps what goes; never shorter than `min-grace`"),
        key("min-grace", "24h", "the shortest grace: lack of room ends the grace of nothing before it"),
        key("min-age", "1h", "nothing goes that is younger"),
        key("purge-rate", "off", "files that a purge unlinks in a second at most"),
        key("min-observed-age", "24h", "nothing goes that was first seen (or copied here) more recently"),
        key("incomplete-after", "7d", "an incomplete backup goes when a complete one is newer by this"),
        key("time-from", "name", "or `mtime`: then a directory is a series, and only `within` and `all` make sense"),
        key(
            "names", "none",
            "templates of names, one or a list: `'{series}_%Y-%m-%d.sql.gz'`; see [names](../guide/names.md)"),
        key("match", "none", "the same as regular expressions, tried after `names`"),
        key(
            "exclude", "none",
            "what is skipped before all else: patterns as in a `.gitignore`, from the vault's top: `[ '*.log', '/old/**', '!keep.log' ]`"
        ),
        key(
            "include", "none",
            "what is read although it looks like live data (pictures, documents, a home directory); never a repository"),
        key("approval", "on-change", "`always` for every plan, `never` for none"),
        key("safeguards", "see below", "what stops by itself where something looks wrong"),
        key("limits", "see below", "what may be used of a disk"),
        key(
            "sizes", "exact",
            "what purging frees where files have several links; `apparent`: not that; `off`: nor the size of repositories"
        ),
        key(
            "requires-mount", "false",
            "`true`: the vault lies on a disk of its own; as long as only the root file system is at its path, it is offline"
        ),
        key("removable", "false", "`true`: the disk comes and goes; no alarm is raised while it is away"),
    ]

    private static let vaultOnly: [Key] = [
        key("path", "required", "the directory; `*` in it makes a vault of each match"),
        key("series", "none", "`pattern: { keep: …, importance: critical }`; `*` within a directory, `**` across"),
        key(
            "system-directory", "false",
            "`true` where a directory such as `/home` is meant; such a path is refused otherwise"),
    ]

    private static let limits: [Key] = [
        key("max-size", "off", "of a vault with its trash"),
        key(
            "min-free", "5%",
            "of the file system, or a size (`200GiB`), or `off`: below it the oldest in the trash go early, see below"),
        key("min-free-inodes", "off", "of the file system: a share or a number"),
    ]

    private static let safeguards: [Key] = [
        key("min", "1", "so many complete ones of each series always stay"),
        key(
            "max-condemned", "25%",
            "of a series, beyond what arrived in it since its last run (two may always go); over it the oldest go and the rest waits for the next runs"
        ),
        key(
            "max-condemned-bytes", "30%",
            "of the bytes of a vault, in the same way. `off` or 100% lifts a limit; `max-condemned: off` lifts both, unless this one is written"
        ),
        key("only-backup-of", "off", "no cleanup takes the last backup of a `day`, `week`, `month`, `year`"),
        key(
            "clock", "until-synchronised",
            "how the freeze of a clock that jumped ends: by itself, `until-unfrozen`, or `off`"),
        key(
            "set-aside-suspect", "on",
            "empty, of a very unusual size, or not what the name says: counts for nothing until you `accept` it"),
        key("freeze-if-suspect", "3", "so many suspect ones in a row freeze their series"),
        key(
            "freeze-if-rewritten", "20%",
            "of a vault rewritten, renamed or gone within an hour, beyond its writers' own rotation: frozen"),
    ]

    private static let hook: [Key] = [
        key("run", "", "a program with arguments, without a shell"),
        key("webhook", "", "a URL that JSON is posted to"),
        key("healthchecks", "", "a URL that is pinged at start, success and failure"),
        key("mail", "", "an address"),
        key("on", "required", "event names, with `*`; or `before-condemn`, `before-purge`"),
        key("vaults", "all", "names of vaults, with `*`"),
        key("time-limit", "30s", "then its whole process group is killed"),
        key("sendmail", "/usr/sbin/sendmail", "the program that mails"),
    ]

    private static let metrics: [Key] = [
        key("textfile", "off", "a directory for node_exporter"),
        key("listen", "off", "`127.0.0.1:PORT` or `unix:/PATH`: answers `GET /metrics`"),
        key("every", "15s", "how often figures are collected where something changed"),
    ]

    private static func key(_ name: String, _ standard: String, _ meaning: String) -> Key {
        Key(name: name, standard: standard, meaning: meaning)
    }

    package static var markdown: String {
        var text = """
            # Configuration

            Made from the table in `Sources/Config/ConfigurationTable.swift`; a test compares the two, and the reader
            accepts the keys of this table and no others. The file is `/etc/reprieve/reprieve.yaml`, with
            `conf.d/*.yaml` beside it; without root `~/.config/reprieve/`. `reprieve config check` names file, line and
            column of what it does not understand; `reprieve retention show` tells where each value comes from.


            """
        for section in Section.allCases {
            text += "## \(section.rawValue)\n\n| key | default | meaning |\n|---|---|---|\n"
            for key in keys(section) { text += "| `\(key.name)` | \(key.standard) | \(key.meaning) |\n" }
            text += "\n"
        }
        return String(text.dropLast())
    }
}
