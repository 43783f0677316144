import Foundation
import Testing

/// A vault with all its bookkeeping on one disk, and what must be there whenever that disk's power went.
final class PowerCutVault {
    /// What is done while the power goes, and what it is done to.
    enum Deed: String, CaseIterable, Sendable {
        case condemn, restore, purge
    }

    /// A backup: its members by path, each with its files (`""`: the member itself).
    struct Unit {
        /// The path that names it.
        var path: String { members[0].path }
        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
        var members: [(path: String, files: [String: Data])]
    }

    let house: CLIFixture
    /// Kept by the policy.
    private(set) var kept: [Unit] = []
    /// Not kept; the first is the one that is restored.
    private(set) var going: [Unit] = []

    /// On a disk that is mounted at `root`.
    init(root: URL) throws {
        house = try CLIFixture(grace: "1s", root: root.appending(path: "house", directoryHint: .isDirectory))
        var generator = SeededGenerator(state: 5)
        func content(_ bytes: Int) -> Data {
            Data((0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        for day in 1...4 {
            let dump = "app/orders-\(CLIFixture.day(day)).dump"
            let site = "web/site-\(CLIFixture.day(day))"
            let units = [
                Unit(members: [(dump, ["": content(9_000)]), (dump + ".sha256", ["": Data("sum \(day)".utf8)])]),
                Unit(members: [(site, ["index.html": content(500), "files/photo": content(7_000)])]),
            ]
            for unit in units { try write(unit) }
            if day <= 2 { going += units } else { kept += units }
        }
        try house.settle()
        try house.run("plan")
    }

    private func write(_ unit: Unit) throws {
        for (path, files) in unit.members {
            for (name, content) in files {
                let url = house.vault.appending(path: name.isEmpty ? path : path + "/" + name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try content.write(to: url)
            }
        }
    }

    func command(_ deed: Deed) -> [String] {
        switch deed {
        case .condemn: ["cleanup", "--approve"]
        case .restore: ["restore", going[0].name]
        case .purge: ["purge"]
        }
    }

    /// Between the deeds: a second passes, and the grace is over.
    func makeReady(for deed: Deed) throws {
        if deed == .purge { try house.pass(1.2) }
    }

    /// A condemn as it must not be: the manifest is written, and only the directories are made to last. Every disk
    /// shows it; a test that does not see it sees nothing.
    func condemnCarelessly() throws {
        let batch = house.vault.appending(path: ".trash/20200101T000000.000Z")
        let files = FileManager.default
        let member = kept[0].members[0].path
        let target = batch.appending(path: "files/\(member)")
        try files.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        let manifest = #"{"items": [{"members": [{"path": "\#(member)"}]}]}"#
        // Not with Foundation, which makes it last.
        let descriptor = open(batch.appending(path: "manifest.json").path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        #expect(Foundation.write(descriptor, manifest, manifest.utf8.count) == manifest.utf8.count)
        close(descriptor)
        try files.moveItem(at: house.vault.appending(path: member), to: target)
        for directory in [batch, target.deletingLastPathComponent(), house.vault.appending(path: "app")] {
            let descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(descriptor) }
            #expect(fsync(descriptor) == 0)
        }
    }

    static let unnamed = "whose manifest does not name it"

    // MARK: Where things are

    enum Place: String, CaseIterable {
        case origin, half = "half and half", trash, purging, bad
    }

    /// Looks at every byte of every backup, and at what the bookkeeping of the same disk says of it.
    /// `isDone`: the deed had answered that it is done, so it must last.
    func place(_ deed: Deed, isDone: Bool) -> (place: Place, problems: [String]) {
        var problems: [String] = []
        let audit = AuditOnDisk(house)
        let batches = house.batches().map { BatchOnDisk(house, $0) }
        for unit in kept where places(of: unit, batches, &problems) != [.origin] {
            problems.append("\(unit.path) is kept, and is not whole at its origin")
        }
        var found: [Place] = []
        for (n, unit) in going.enumerated() {
            let places = places(of: unit, batches, &problems)
            let isRestored = n == 0 && deed != .condemn
            if places.contains(.trash), !audit.has("condemn.intent", unit.path) {
                problems.append("\(unit.path) is in the trash without an audited intent")
            }
            if places.contains(.purging), deed != .purge || isRestored || !audit.has("purge.intent", unit.path) {
                problems.append("\(unit.path) is gone or going without an audited intent of this purge")
            }
            if deed == .restore, isRestored, places.contains(.origin), !isReprieved() {
                problems.append("\(unit.path) is back without the mark that keeps it there")
            }
            problems += misplaced(unit, places, deed, isRestored: isRestored, isDone: isDone)
            if (deed == .restore) == isRestored || deed == .condemn {
                found.append(places.contains(.purging) ? .purging : places.count > 1 ? .half : places.first ?? .bad)
            }
        }
        guard problems.isEmpty else { return (.bad, problems) }
        if found.contains(.purging) { return (.purging, []) }
        return (Set(found).count > 1 ? .half : found[0], [])
    }

    /// Whether a unit is where this deed cannot have brought it, or is not yet where it was said to be.
    private func misplaced(
        _ unit: Unit, _ places: Set<Place>, _ deed: Deed, isRestored: Bool, isDone: Bool
    ) -> [String] {
        let (allowed, end): (Set<Place>, Place) =
            switch (deed, isRestored) {
            case (.condemn, _): ([.origin, .trash], .trash)
            case (.restore, true): ([.origin, .trash], .origin)
            case (.restore, false): ([.trash], .trash)
            case (.purge, true): ([.origin], .origin)
            case (.purge, false): ([.trash, .purging], .purging)
            }
        let words = places.map(\.rawValue).sorted().joined(separator: ", ")
        if !places.isSubset(of: allowed) { return ["\(unit.path) cannot be in: \(words)"] }
        return isDone && places != [end] ? ["\(deed) was said to be done, and \(unit.path) is in: \(words)"] : []
    }

    /// Where the members of a unit are. `purging` is also what is gone: only the caller knows whether it may be.
    private func places(of unit: Unit, _ batches: [BatchOnDisk], _ problems: inout [String]) -> Set<Place> {
        var found: Set<Place> = []
        for member in unit.members {
            var places: [Place] = []
            for (place, url) in [(Place.origin, house.vault.appending(path: member.path))]
                + batches.map({ (Place.trash, $0.files.appending(path: member.path)) })
            where FileManager.default.fileExists(atPath: url.path) {
                places.append(place)
                if let difference = difference(url, member.files) {
                    problems.append("\(member.path) in \(place.rawValue) is not whole: \(difference)")
                }
            }
            for batch in batches where FileManager.default.fileExists(atPath: batch.files.path + "/" + member.path) {
                if !batch.named.contains(member.path) {
                    problems.append("\(member.path) is in \(batch.name), \(Self.unnamed)")
                }
            }
            if places.count > 1 { problems.append("\(member.path) is in \(places.count) places") }
            found.formUnion(places.isEmpty ? [.purging] : places)
        }
        return found
    }

    private func difference(_ url: URL, _ files: [String: Data]) -> String? {
        for (name, content) in files {
            guard let seen = try? Data(contentsOf: name.isEmpty ? url : url.appending(path: name)) else {
                return "'\(name)' cannot be read"
            }
            if seen != content { return "'\(name)' has \(seen.count) other bytes of \(content.count)" }
        }
        return nil
    }

    /// The mark of the one that is restored, in either copy.
    private func isReprieved() -> Bool {
        [house.state, house.vault.appending(path: ".trash")].contains { directory in
            let text = try? String(contentsOf: directory.appending(path: "marks.json"), encoding: .utf8)
            return text?.contains("reprieved") == true && text?.contains(going[0].path) == true
        }
    }

    // MARK: Recovery

    /// The real binary with what it finds: the interrupted deed is brought to its end, and the trash can be restored.
    func recover(_ deed: Deed) throws -> [String] {
        var problems: [String] = []
        func run(_ arguments: [String]) throws {
            let outcome = try house.run(arguments)
            if outcome.status != 0 {
                problems.append("\(arguments.joined(separator: " ")): \(outcome.status) \(outcome.out)\(outcome.error)")
            }
        }
        try run(command(deed))
        problems += place(deed, isDone: true).problems
        try house.checkInvariants()
        if deed == .purge, !(house.batches() + house.purging()).isEmpty {
            problems.append("left in the trash: \(house.batches() + house.purging())")
        }
        try run(["audit", "verify"])
        if try house.run("status").out.contains("FROZEN") { problems.append("the vault is frozen") }
        if deed == .condemn {
            for unit in going { try run(["restore", unit.name]) }
            for unit in kept + going where places(of: unit, [], &problems) != [.origin] {
                problems.append("\(unit.path) was not restored")
            }
        }
        return problems
    }
}

/// What a batch says of itself, after a power cut.
private struct BatchOnDisk {
    let name: String
    let files: URL
    /// The paths that its manifest names; none where it is not whole.
    let named: Set<String>

    init(_ house: CLIFixture, _ name: String) {
        self.name = name
        let directory = house.vault.appending(path: ".trash/\(name)")
        files = directory.appending(path: "files")
        let data = (try? Data(contentsOf: directory.appending(path: "manifest.json"))) ?? Data()
        let manifest = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
        let items = manifest?["items"] as? [[String: Any]] ?? []
        named = Set(
            items.flatMap { item in
                (item["members"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
            })
    }
}

/// The audit log after a power cut: its last line may be torn.
private struct AuditOnDisk {
    private let records: Set<String>

    init(_ house: CLIFixture) {
        let data = (try? Data(contentsOf: house.state.appending(path: "audit.log"))) ?? Data()
        records = Set(
            data.split(separator: 0x0A).compactMap { line in
                let record = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any]
                guard let event = record?["event"] as? String, let path = record?["path"] as? String else { return nil }
                return event + " " + path
            })
    }

    func has(_ event: String, _ path: String) -> Bool { records.contains(event + " " + path) }
}
