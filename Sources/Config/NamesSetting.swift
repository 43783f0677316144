internal import Disk
package import Model
internal import Recognition
internal import Yams

/// `learn`: lines of `names`, put into the file in which a vault stands, each with what speaks for it as a comment. No
/// line that is there is changed; where that is not enough it is refused, with the place.
package struct NamesSetting: Sendable {
    /// The file's path.
    package let file: String
    /// Its text with the lines.
    package let text: String
    private let old: Bytes

    package init(
        _ learnt: [LearntNames], of vault: VaultConfiguration, _ overrides: Overrides
    ) throws(Fault) {
        guard let place = try Self.place(of: vault, in: try Configuration.load(overrides).files) else {
            throw Fault(.failed, "no file has the vault '\(vault.label)'", hint: "reprieve config check")
        }
        (file, old) = (place.file, Bytes(place.text))
        text = try place.inserting(Self.lines(learnt), vault.entry)
        try check(learnt, vault, overrides)
    }

    /// The file as it would be can be read, has the same vaults, and each has the old `names`, and this one the new.
    private func check(_ learnt: [LearntNames], _ vault: VaultConfiguration, _ overrides: Overrides) throws(Fault) {
        let (before, after): (Configuration, Configuration)
        do throws(Fault) {
            before = try Configuration.load(overrides)
            after = try Configuration.load(overrides, substitute: (file, text))
        } catch {
            // The line of a file that is not written yet helps nobody.
            guard error.code == .configuration, error.message.hasPrefix(file) else { throw error }
            let why = error.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? error.message
            throw Fault(.usage, "\(file) cannot have these lines: \(why)", hint: error.hint, path: Bytes(file))
        }
        guard before.vaults.map(\.path) == after.vaults.map(\.path) else {
            throw Fault(
                .configuration, "\(file): with these lines it would have other vaults",
                hint: "put the lines there yourself: reprieve learn \(shell: vault.label) -n", path: Bytes(file))
        }
        for (one, other) in zip(before.vaults, after.vaults) {
            let new = one.entry == vault.entry ? learnt.map { "'\($0.template)'" } : []
            guard Set(one.settings.namesTexts.map(\.value)).union(new) == Set(other.settings.namesTexts.map(\.value))
            else {
                let place = one.settings.names.compactMap(\.origin).first ?? other.settings.names.first?.origin
                throw Fault(
                    .configuration,
                    "\(place?.text ?? file): the names of '\(one.label)' come from here, and lines in \(file) would "
                        + (one.entry == vault.entry ? "replace them, or not count" : "change them"),
                    hint: "put the lines there yourself: reprieve learn \(shell: vault.label) -n", path: Bytes(file))
            }
        }
    }

    package static func lines(_ learnt: [LearntNames]) -> [String] {
        learnt.flatMap { one in
            let examples = one.examples.map(\.display).joined(separator: ", ")
            let place = one.directory.isEmpty ? "." : one.directory.display
            return [
                "# \(place)/: \(one.why)", "# \(one.evidence), such as \(examples)",
                "- \(ReadingLines.quoted(one.template))",
            ]
        }
    }

    /// Writes the file, in one step; its owner and its mode stay.
    package func write() throws(Fault) {
        let path = Surroundings.resolved(Bytes(file)) ?? Bytes(file)
        let directory = try Directory.open(absolute: path.parent)
        guard let seen = try directory.sighting(of: path.lastComponent), seen.kind == .file,
            try Directory.read(absolute: path, limit: 1 << 22) == old
        else {
            throw Fault(
                .failed, "\(file) has changed meanwhile", hint: "nothing was written; try again", path: Bytes(file))
        }
        try directory.ownFiles.rewrite(path.lastComponent, with: Bytes(text), like: seen)
    }
}

// MARK: Where the lines go

extension NamesSetting {
    private static func place(of vault: VaultConfiguration, in files: [String]) throws(Fault) -> Place? {
        for file in files {
            guard let text = try Directory.read(absolute: Bytes(file), limit: 1 << 22).utf8,
                let root = try? Yams.compose(yaml: text), let node = root["vaults"]?[vault.entry]
            else { continue }
            return Place(file: file, text: text, vault: ConfigurationNode(node: node, file: file))
        }
        return nil
    }

    /// The file and the node of a vault in it.
    private struct Place {
        var file: String
        var text: String
        var vault: ConfigurationNode

        func inserting(_ lines: [String], _ name: String) throws(Fault) -> String {
            guard !text.utf8.contains(UInt8(ascii: "\r")) else {
                throw Fault(
                    .configuration, "\(file): its lines end as on Windows: no line can be added",
                    hint: "convert it (dos2unix), or add the lines yourself", path: Bytes(file))
            }
            var all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            guard let mapping = vault.node.mapping, let first = mapping.first?.key.mark,
                all.indices.contains(first.line - 1),
                all[first.line - 1].prefix(first.column - 1).allSatisfy({ $0 == " " })
            else { throw refuse(vault, "the vault '\(name)' has no line of its own for each key") }
            let (at, indent, isList) = try place(mapping, all)
            let space = String(repeating: " ", count: indent)
            all.insert(contentsOf: (isList ? lines : ["names:"] + lines.map { "  " + $0 }).map { space + $0 }, at: at)
            return all.joined(separator: "\n")
        }

        /// In front of which line, how far from the edge, and whether a list of `names` is there.
        private func place(
            _ mapping: Node.Mapping, _ all: [String]
        ) throws(Fault) -> (at: Int, indent: Int, isList: Bool) {
            if let names = mapping["names"] {
                let node = ConfigurationNode(node: names, file: file)
                guard let mark = names.mark, all.indices.contains(mark.line - 1),
                    all[mark.line - 1].dropFirst(mark.column - 1).hasPrefix("- "), names.sequence?.style != .flow
                else { throw refuse(node, "'names' is not a list with a line for each name") }
                return (end(ofList: mark.line - 1, indent: mark.column - 1, all), mark.column - 1, true)
            }
            guard let pair = mapping.first(where: { $0.key.string == "path" }), let key = pair.key.mark,
                let value = pair.value.mark, key.line == value.line,
                pair.value.scalar.map({ [.plain, .singleQuoted, .doubleQuoted].contains($0.style) }) ?? false
            else { throw refuse(vault, "its path does not stand on one line") }
            try checkComments(all, from: key.line, indent: key.column - 1)
            return (value.line, key.column - 1, false)
        }

        /// Behind the last line of a list.
        private func end(ofList start: Int, indent: Int, _ all: [String]) -> Int {
            var end = start + 1
            for (number, text) in all.enumerated().dropFirst(start + 1) {
                let rest = text.drop { $0 == " " }
                if rest.isEmpty || rest.first == "#" { continue }
                let depth = text.count - rest.count
                guard depth > indent || depth == indent && rest.first == "-" else { break }
                end = number + 1
            }
            return end
        }

        /// Lines of `names` that somebody put behind a `#` in this vault: which of them are meant is not ours to say.
        private func checkComments(_ all: [String], from line: Int, indent: Int) throws(Fault) {
            for (number, text) in all.enumerated().dropFirst(line) {
                let rest = text.drop { $0 == " " }
                if rest.isEmpty { continue }
                guard rest.first == "#" else {
                    if text.count - rest.count < indent { return }
                    continue
                }
                let comment = rest.drop { $0 == "#" || $0 == " " }
                guard comment.hasPrefix("names:") else { continue }
                throw Fault(
                    .configuration,
                    "\(file):\(number + 1):\(text.count - rest.count + 1): 'names' stands here as a comment",
                    hint: "take it in or remove it, and learn again", path: Bytes(file))
            }
        }

        private func refuse(_ node: ConfigurationNode, _ what: String) -> Fault {
            node.refuse("\(what): no line can be added", hint: "add the lines yourself: `reprieve learn -n` shows them")
        }
    }
}
