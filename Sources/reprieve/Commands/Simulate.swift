import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import Retention

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Decide on a list of backups, without touching any disk.",
        discussion: Help.text(
            "The input is JSON: {\"backups\": [{\"id\": \"a\", \"time\": \"2026-11-23T01:00:00Z\", \"kind\": "
                + "\"full\", \"parent\": null, \"size\": 0, \"tags\": [], \"complete\": true, \"preserved\": "
                + "false}]}. Only id and time are needed.",
            "The rules are those of every command: --keep-last, --keep-daily, --keep-within-weekly and so on; "
                + "a count is 7, 7-14 or unlimited. --semantics restic, borg, borg2, proxmox, kopia, rotate-backups "
                + "or pgbackrest keeps exactly what that tool keeps.",
            examples: [
                ("reprieve retention simulate --input l.json --keep-daily 7", "a list in a file"),
                ("reprieve retention simulate --input - --keep-last 3", "from standard input"),
            ],
            exits: ["0 decided", "1 the list cannot be read"]))

    @Option(help: ArgumentHelp("The list, as JSON; - is standard input.", valueName: "file")) var input: String
    @Option(help: ArgumentHelp("A policy: keep, series, semantics, safeguards, timezone.", valueName: "file"))
    var policy: String?
    @Option(help: ArgumentHelp("The zone of days and weeks.", valueName: "zone")) var timezone: String?
    @Option(help: ArgumentHelp("The present; else the clock's.", valueName: "time")) var now: String?
    @Option(help: ArgumentHelp("Keep what has all tags of a set: 'a,b;c'.", valueName: "sets")) var tagSets: String?
    @Option(help: ArgumentHelp("Drop the least important within ranges over this many bytes.", valueName: "bytes"))
    var maxSize: Int64?
    @Flag(help: "Also what protects a real vault: newest, min, min-age, future dates, ended series.")
    var safeguards = false
    @Flag(help: "One JSON object instead of text.") var json = false
    @OptionGroup(visibility: .hidden) var rules: Common.AdHoc

    func run() throws {
        let (vault, zone) = try policyAndZone()
        var policy = vault.policy(zone: zone.value)
        policy.hasSafeguards = safeguards
        if let tagSets {
            let sets = tagSets.split(separator: ";", omittingEmptySubsequences: false).map { set in
                set.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
            policy.keep.tagSets = sets
            for n in policy.series.indices { policy.series[n].keep?.tagSets = sets }
        }
        if policy.keep.isEmpty, policy.semantics.preset.refusesNoRules {
            throw Fault(
                .usage, "no rule is given; \(policy.semantics.preset.rawValue) refuses that too", hint: "--keep-daily 7"
            )
        }
        let simulation = try Simulation(json: try Simulation.read(input), zone: zone.value)
        let result = try simulation.decide(policy, now: try moment(zone.value), maxBytes: maxSize)
        let idle = Simulation.idle(policy.keep.tagSets ?? [], result.decisions)
        warn(idle)
        if json {
            Output.write(output(simulation, result, idle).pretty + "\n")
        } else {
            print(text(simulation, result, zone.value))
        }
    }

    /// A typing error in a tag must not look as if the policy kept what it names.
    private func warn(_ idle: [String]) {
        for set in idle {
            let text = set.isEmpty ? "every backup has a tag" : "no backup that counts has all tags of '\(set)'"
            Output.warn("warning: --tag-sets keeps nothing: \(text)")
        }
    }

    private func policyAndZone() throws -> (vault: VaultConfiguration, zone: Sourced<Zone>) {
        guard rules.vault.isEmpty, rules.timeFrom == nil, rules.gracePeriod == nil else {
            throw Fault(
                .usage, "--vault, --time-from and --grace-period mean nothing for a list",
                hint: "of a real directory: reprieve plan --vault DIRECTORY --keep-daily 7")
        }
        var vault = VaultConfiguration.bare("simulation")
        // It says how lengths of time are written, also in the file.
        if let preset = rules.semantics.flatMap(Semantics.Preset.init(rawValue:)) {
            vault.settings.semantics = Sourced(Semantics(preset))
        }
        var zone = Sourced(Zone.system)
        if let policy { (vault, zone) = try Configuration.policy(file: policy, over: vault, zone: zone) }
        // Options win over the file; as the file that would mean the same, so that there is one reader.
        var yaml = rules.semantics.map { "semantics: \"\($0)\"\n" } ?? ""
        if !rules.keep.isEmpty {
            yaml += "keep: { \(rules.keep.map { "\($0.rule): \"\($0.value)\"" }.joined(separator: ", ")) }\n"
        }
        if let timezone { yaml += "timezone: \"\(timezone)\"\n" }
        guard !yaml.isEmpty else { return (vault, zone) }
        do {
            return try Configuration.policy(Bytes(yaml), file: "options", over: vault, zone: zone)
        } catch {
            let fault = error
            let text = fault.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? fault.message
            throw Fault(.usage, fault.message.hasPrefix("options") ? text : fault.message, hint: fault.hint)
        }
    }

    private func moment(_ zone: Zone) throws -> Timestamp {
        try now.map { try Timestamp(argument: $0, .past, now: Simulation.now, zone: zone) } ?? Simulation.now
    }

    private func output(
        _ simulation: Simulation, _ result: (decisions: [Decision], shortfall: Int64), _ idle: [String]
    ) -> JSON {
        let decisions = zip(simulation.items, result.decisions).map { item, decision -> JSON in
            [
                "id": .string(item.name), "retain": .bool(decision.retain),
                "priority": .string(decision.priority.rawValue),
                "reasons": .array(decision.reasons.map { .string(simulation.text($0) { $0.rfc3339(in: .utc) }) }),
                "set_aside": .bool(decision.isSetAside),
            ]
        }
        var fields: [JSON.Field] = [
            .init("schema", "reprieve.simulate/1"), .init("decisions", .array(decisions)),
        ]
        if tagSets != nil { fields.append(.init("idle_tag_sets", .array(idle.map { .string($0) }))) }
        if maxSize != nil { fields.append(.init("shortfall", .integer(result.shortfall))) }
        return .object(fields)
    }

    private func text(
        _ simulation: Simulation, _ result: (decisions: [Decision], shortfall: Int64), _ zone: Zone
    ) -> String {
        var table = Table(sides: [.left, .left, .left, .left, .left])
        let pairs = zip(simulation.items, result.decisions).sorted {
            ($0.0.candidate.time, $0.0.candidate.path) > ($1.0.candidate.time, $1.0.candidate.path)
        }
        for (item, decision) in pairs {
            table.add([
                decision.retain ? " " : "-", decision.isSetAside ? "aside" : decision.retain ? "keep" : "go",
                Bytes(item.name).display, Text.dayAndTime(item.candidate.time, zone),
                decision.reasons.map { simulation.text($0) { Text.day($0, zone) } }
                    .joined(separator: ", "),
            ])
        }
        let kept = result.decisions.count { $0.retain }
        let sum = "\(Text.plural(kept, "backup")) of \(Text.count(pairs.count)) stay (\(zone.name))"
        let over = result.shortfall > 0 ? "\n\(Text.size(result.shortfall)) more than --max-size must stay" : ""
        return (pairs.isEmpty ? "" : table.text + "\n") + sum + over
    }
}
