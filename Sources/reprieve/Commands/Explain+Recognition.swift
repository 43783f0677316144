internal import Engine
internal import JSONText
internal import Model

/// A path that no vault knows: what recognition takes it for.
extension Explain {
    func show(_ taken: Taken, _ session: Session) {
        guard !session.json else {
            return session.emit("explain", [.init("recognised", .array([json(taken, session)]))])
        }
        print(taken.path.display)
        print(Text.wrap(text(taken, session)))
    }

    private func text(_ taken: Taken, _ session: Session) -> String {
        let place = taken.vault.map { "is in the vault \($0)" } ?? "is in no vault"
        switch taken.what {
        case .backup(let reading):
            let is_ = taken.vault == nil ? "In one it would be a backup" : "It is taken for a backup"
            return (["\(place). \(is_):"] + lines(reading, session)).joined(separator: "\n")
        case .part(let whole): return "\(place). It is part of '\(whole.display)', and goes where that goes."
        case .skippedEntries(.managed(let tool, let prune)):
            return
                "\(place), and belongs to a repository of \(tool): Reprieve never touches it. What removes old backups there: \(prune)"
        case .skippedEntries(let why): return "\(place), and is not a backup that Reprieve knows: \(why.text)."
        case .lookedInto: return "\(place). It is a directory without a date of its own: what lies in it decides."
        }
    }

    private func lines(_ reading: Taken.Reading, _ session: Session) -> [String] {
        let source = reading.series.parent.components.contains("*") ? "its path" : "its name"
        let time =
            reading.time.map { "\(Text.dayAndTime($0, session.zone)) \(session.zone.name)  (from \(source))" }
            ?? "of its content  (from mtime)"
        var lines = [
            "  taken for  \(reading.recogniser)", "  key        \(reading.series.display)", "  time       \(time)",
        ]
        if reading.kind != .full {
            lines.append(
                "  kind       \(reading.kind.rawValue)")
        }
        if let when = reading.completeWhen { lines.append("  complete   when \(when)") }
        if reading.isTemporary { lines.append("  but        its writer is not done: a temporary name") }
        return lines
    }

    private func json(_ taken: Taken, _ session: Session) -> JSON {
        var fields = [JSON.Field](path: taken.path) + [.init("vault", JSON(taken.vault))]
        switch taken.what {
        case .backup(let reading):
            fields.append(.init("taken_for", .string(reading.recogniser)))
            fields += [JSON.Field](path: reading.series, key: "series_key")
            fields += [
                .init("time", JSON(reading.time?.rfc3339(in: session.zone))),
                .init("time_source", .string(reading.time == nil ? "mtime" : "name")),
                .init("kind", .string(reading.kind.rawValue)),
                .init("complete_when", JSON(reading.completeWhen)), .init("temporary", .bool(reading.isTemporary)),
            ]
        case .part(let whole): fields.append(.init("part_of", .string(whole.display)))
        case .skippedEntries(let why):
            fields += [.init("condition", .string(why.condition)), .init("why", .string(why.text))]
            if case .managed(_, let prune) = why { fields.append(.init("prune_with", .string(prune))) }
        case .lookedInto: fields.append(.init("taken_for", "a directory to be looked into"))
        }
        return .object(fields)
    }
}
