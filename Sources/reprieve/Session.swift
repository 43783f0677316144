import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import Retention
internal import State

/// Options that every command takes.
struct Common: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration file; conf.d/*.yaml beside it is read too.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Where catalog, marks and plans are kept.", valueName: "directory"))
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "How long to wait for a lock of another process, or a hung file system.", valueName: "duration"))
    var wait = "10s"

    @Flag(help: "One JSON object instead of text.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print only errors and warnings.")
    var quiet = false

    @Flag(help: "Plain text, no colour (this version has none).")
    var plain = false

    @OptionGroup var adHoc: AdHoc

    /// Only --vault is listed by every command; the root's help tells the rest.
    struct AdHoc: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "This directory without any configuration; add --keep-daily 7 and the like (reprieve --help).",
                valueName: "path"))
        var vault: [String] = []

        @Option(help: ArgumentHelp("The newest N of each series.", visibility: .hidden)) var keepLast: String?
        @Option(help: ArgumentHelp("The newest of each of the last N hours that have one.", visibility: .hidden))
        var keepHourly: String?
        @Option(help: ArgumentHelp("The same for minutes.", visibility: .hidden)) var keepMinutely: String?
        @Option(help: ArgumentHelp("The same for seconds.", visibility: .hidden)) var keepSecondly: String?
        @Option(help: ArgumentHelp("The same for days.", visibility: .hidden)) var keepDaily: String?
        @Option(help: ArgumentHelp("The same for weeks.", visibility: .hidden)) var keepWeekly: String?
        @Option(help: ArgumentHelp("The same for months.", visibility: .hidden)) var keepMonthly: String?
        @Option(help: ArgumentHelp("The same for years.", visibility: .hidden)) var keepYearly: String?
        @Option(
            name: [.long, .customLong("keep-3monthly")],
            help: ArgumentHelp("The same for quarters.", visibility: .hidden))
        var keepQuarterly: String?
        @Option(
            name: .customLong("keep-13weekly"),
            help: ArgumentHelp("The same for quarters of 13 weeks.", visibility: .hidden))
        var keepThirteenWeekly: String?
        @Option(help: ArgumentHelp("The newest N full ones with their chains.", visibility: .hidden))
        var keepFull: String?
        @Option(
            help: ArgumentHelp("Of the differential ones of these only the newest N.", visibility: .hidden))
        var keepDiff: String?
        @Option(help: ArgumentHelp("As within, and one full one before it.", visibility: .hidden))
        var keepWindow: String?
        @Option(help: ArgumentHelp("One an hour of those younger than this.", visibility: .hidden))
        var keepWithinHourly: String?
        @Option(help: ArgumentHelp("The same for minutes.", visibility: .hidden)) var keepWithinMinutely: String?
        @Option(help: ArgumentHelp("The same for seconds.", visibility: .hidden)) var keepWithinSecondly: String?
        @Option(help: ArgumentHelp("The same for days.", visibility: .hidden)) var keepWithinDaily: String?
        @Option(help: ArgumentHelp("The same for weeks.", visibility: .hidden)) var keepWithinWeekly: String?
        @Option(help: ArgumentHelp("The same for months.", visibility: .hidden)) var keepWithinMonthly: String?
        @Option(help: ArgumentHelp("The same for years.", visibility: .hidden)) var keepWithinYearly: String?
        @Option(
            name: [.long, .customLong("keep-within-3monthly")],
            help: ArgumentHelp("The same for quarters.", visibility: .hidden))
        var keepWithinQuarterly: String?
        @Option(
            name: .customLong("keep-within-13weekly"),
            help: ArgumentHelp("The same for quarters of 13 weeks.", visibility: .hidden))
        var keepWithinThirteenWeekly: String?
        @Option(
            help: ArgumentHelp(
                "reprieve, restic, borg, borg2, proxmox, kopia, rotate-backups or pgbackrest.", visibility: .hidden))
        var semantics: String?
        @Option(help: ArgumentHelp("All younger than this, counted from the newest: 30d.", visibility: .hidden))
        var keepWithin: String?
        @Option(help: ArgumentHelp("name (a date in it) or mtime.", visibility: .hidden)) var timeFrom: String?
        @Option(help: ArgumentHelp("How long the trash keeps what goes: 14d.", visibility: .hidden))
        var gracePeriod: String?
        @Flag(help: ArgumentHelp("A directory of the system, such as /home, is meant.", visibility: .hidden))
        var systemDirectory = false

        /// The rules given as options.
        var keep: [(rule: String, value: String)] {
            let rules: [(String, String?)] = [
                ("last", keepLast), ("secondly", keepSecondly), ("minutely", keepMinutely), ("hourly", keepHourly),
                ("daily", keepDaily), ("weekly", keepWeekly), ("monthly", keepMonthly),
                ("13weekly", keepThirteenWeekly), ("quarterly", keepQuarterly), ("yearly", keepYearly),
                ("within", keepWithin), ("within-secondly", keepWithinSecondly),
                ("within-minutely", keepWithinMinutely), ("within-hourly", keepWithinHourly),
                ("within-daily", keepWithinDaily), ("within-weekly", keepWithinWeekly),
                ("within-monthly", keepWithinMonthly), ("within-13weekly", keepWithinThirteenWeekly),
                ("within-quarterly", keepWithinQuarterly), ("within-yearly", keepWithinYearly), ("full", keepFull),
                ("diff", keepDiff), ("window", keepWindow),
            ]
            return rules.compactMap { rule, value in value.map { (rule: rule, value: $0) } }
        }

        func overrides() throws -> Overrides.AdHoc? {
            let settings =
                [("time-from", timeFrom), ("grace-period", gracePeriod), ("semantics", semantics)]
                .compactMap { key, value in value.map { (key: key, value: $0) } }
                + (systemDirectory ? [(key: SystemDirectory.key, value: "true")] : [])
            guard !vault.isEmpty else {
                guard keep.isEmpty, settings.allSatisfy({ $0.key == SystemDirectory.key }) else {
                    throw Fault(
                        .usage, "--keep-… and the like need a directory",
                        hint: "add --vault PATH; the rules of configured vaults stand in their file")
                }
                return nil
            }
            return Overrides.AdHoc(paths: vault, keep: keep, settings: settings)
        }
    }

    func overrides() throws -> Overrides {
        Overrides(
            config: config, stateDirectory: stateDir, adHoc: try adHoc.overrides(),
            environment: ProcessInfo.processInfo.environment)
    }

    /// Reads the configuration and opens the state. `visiting`: also for the disk of another host, as it is. `run`:
    /// all that this command condemns is one run. `always`: it must work whatever else is broken. `isTried`: the
    /// configuration is only checked, and does not become the last good one.
    func session(
        visiting: Bool = false, run: RunNumber? = nil, always: Bool = false, isTried: Bool = false
    ) throws -> Session {
        let overrides = try overrides()
        var broken: Fault?
        let configuration: Configuration
        do {
            configuration = try Configuration.load(overrides)
        } catch {
            guard always, let good = Configuration.lastGood(overrides, insteadOf: error) else { throw error }
            (configuration, broken) = (good.configuration, good.warning)
        }
        let state = try StateDirectory(
            configuration: configuration, program: "reprieve \(Reprieve.version)",
            damage: always ? Degraded.damage : nil)
        if let broken {
            Degraded.damage.add(broken, broken.path)
        } else if !isTried {
            state.keep(configuration, overrides)
        }
        var engine = Engine(configuration: configuration, state: state)
        engine.context.isVisiting = visiting
        engine.context.run = run
        do {
            engine.context.waitSeconds = Double(try Span(parsing: wait).fixedSeconds)
        } catch Span.Problem.zero {
            engine.context.waitSeconds = 0
        } catch {
            throw Fault(.usage, "'\(wait)' is not a valid length of time for --wait", hint: "write it as 30s or 5min")
        }
        let session = Session(engine: engine, json: json, quiet: quiet)
        for notice in state.notices { session.warn(notice) }
        AfterWork.record(session)
        return session
    }
}

/// Asks whether something is meant, on the terminal.
enum Confirmation {
    /// `y` or `yes` on the terminal; without one, only `--yes`.
    static func isMeant(_ question: String, yes: Bool, json: Bool, hint: String = "add --yes") throws -> Bool {
        if yes { return true }
        try checkAnswers(json: json, hint: hint)
        print(Text.wrap("\(question) [y/N]") + " ", terminator: "")
        return ["y", "yes"].contains(answer().lowercased())
    }

    /// Whether somebody can be asked.
    static func checkAnswers(json: Bool, hint: String) throws {
        guard !isTerminal || json else { return }
        throw Fault(
            .usage,
            "nothing is done without an answer, and "
                + (json ? "with --json nobody is asked" : "standard input is not a terminal"), hint: hint)
    }

    static var isTerminal: Bool { isatty(0) == 1 }

    static func answer() -> String {
        // Whoever could not read the question has not answered it.
        Output.flush() ? readLine() ?? "" : ""
    }
}

/// One command's run: what it works with, and how it speaks.
struct Session {
    func isMeant(_ question: String, yes: Bool) throws -> Bool {
        try Confirmation.isMeant(question, yes: yes, json: json)
    }

    /// Of all vaults, the disk of a removable one may be away: that is told, and no error. Who names it hears of it.
    func isAwayByRight(_ fault: Fault, _ named: [String]) -> Bool {
        guard fault.code == .away, named.isEmpty else { return false }
        tell("\(fault.message); \(fault.hint ?? "")")
        return true
    }

    /// For the agent that runs, when the configuration has changed.
    static let toldToAgent =
        "The running agent reads it when it is told: systemctl reload reprieve (or kill -HUP)"

    /// A hold's sentence.
    func text(_ hold: Plan.Hold, _ names: SeriesNames) -> String {
        hold.text(series: names.text, size: Text.size)
    }

    let engine: Engine
    let json: Bool
    let quiet: Bool

    var zone: Zone { engine.configuration.zone.value }

    func tell(_ text: @autoclosure () -> String) {
        if !quiet, !json { print(Text.wrap(text())) }
    }

    /// How far it is, on a terminal; `nil`: it is over.
    func progress(_ text: String?) {
        if !quiet, !json { Output.progress(text) }
    }

    /// How every dry run begins. What follows is what the command would say.
    func tellDryRun() { tell("Dry run: nothing is changed.") }

    /// The first ten of them, and how many more there are.
    func warn(_ faults: [Fault]) {
        for fault in faults.prefix(10) { warn(fault) }
        if faults.count > 10 { Output.warn("and \(Text.count(faults.count - 10)) more problems; --json has all") }
    }

    /// A warning that does not end the command.
    func warn(_ fault: Fault) {
        Output.warn(fault)
    }

    /// Puts the audit log aside and packs it where that is due. The deed itself is done.
    func rotateAudit() {
        do {
            try engine.auditTrail.rotateAudit()
        } catch {
            warn(error)
        }
    }

    func emit(_ schema: String, _ fields: [JSON.Field]) {
        Output.write(JSON.object([.init("schema", .string("reprieve.\(schema)/1"))] + fields).pretty + "\n")
    }

    /// The vaults that the first words name, and the words that are left. No vault named: all.
    func vaults(_ words: [String]) -> (vaults: [VaultConfiguration], rest: [String]) {
        let all = engine.configuration.vaults
        var named: [VaultConfiguration] = []
        var rest = words[...]
        while let word = rest.first {
            let path = Configuration.absolute(word)
            let matching = all.filter { $0.label == word || $0.entry == word || $0.path == path }
            guard !matching.isEmpty else { break }
            named += matching
            rest = rest.dropFirst()
        }
        return (named.isEmpty ? all : named, Array(rest))
    }

    /// What the arguments name: the vaults that stand first, or what is named in them. `preferring`: see
    /// ``Engine/targets(_:in:preferring:)``.
    func targets(
        _ words: [String], preferring kinds: Set<ArgumentResolver.Target.Kind> = []
    ) throws -> (views: [VaultView], targets: [ArgumentResolver.Target]) {
        let (vaults, rest) = vaults(words)
        let views = engine.vaultViews.views(of: vaults)
        guard !rest.isEmpty else { return (views, words.isEmpty ? [] : views.map { .vault($0) }) }
        return (views, try engine.arguments.targets(rest, in: views, preferring: kinds))
    }

    /// Vaults only: anything else is a mistake.
    func onlyVaults(_ words: [String]) throws -> [VaultConfiguration] {
        let (vaults, rest) = vaults(words)
        guard rest.isEmpty else {
            let known = engine.configuration.vaults.map(\.label)
            throw Fault(
                .notFound, "there is no vault '\(Bytes(rest[0]).display)'",
                hint: rest[0].didYouMean(known) + "known: \(known.joined(separator: ", "))")
        }
        return vaults
    }

    func time(_ text: String?) throws -> Timestamp? {
        try text.map { try Timestamp(argument: $0, .past, now: engine.now().wall, zone: zone) }
    }

    /// A reason is what somebody reads in a year.
    func reason(_ text: String) throws -> String {
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw Fault(.usage, "the reason is empty", hint: "--reason 'audit 2026'")
        }
        return text
    }

    /// A time ahead: a date, or a length of time from now.
    func deadline(_ text: String?) throws -> Timestamp? {
        try text.map { try Timestamp(argument: $0, .ahead, now: engine.now().wall, zone: zone) }
    }
}
