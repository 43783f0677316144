internal import Model

/// Reads commands, and the scripts that they name, for what deletes.
struct ScriptReader {
    let files: SearchedFiles
    private(set) var found: [Deletion] = []
    private(set) var followed: Set<ShellState.Call> = []

    /// So many scripts are looked into.
    private static let mostScripts = 500

    mutating func read(
        _ text: Bytes, _ origin: ShellReader.Origin, variables: [Bytes: [ShellWord]], directory: ShellWord?,
        home: ShellWord?, hasBareNames: Bool = false
    ) {
        var reader = ShellReader(text, origin, variables: variables, directory: directory, home: home)
        reader.read()
        found += reader.shell.found
        for call in reader.shell.calls {
            follow(call, directory: reader.shell.directory ?? directory, home: home, hasBareNames: hasBareNames)
        }
    }

    /// A script that is run as it is, and those that it names.
    mutating func read(script path: Bytes, _ text: SearchedFiles.Text, home: ShellWord?) {
        let directory = ShellWord("/")
        var variables: [Bytes: [ShellWord]] = ["0": [ShellWord(path)]]
        if let home { variables["HOME"] = [home] }
        read(
            text.bytes, .init(file: path),
            variables: Self.known(text, path, variables, directory: directory, home: home), directory: directory,
            home: home)
    }

    /// A script that a line names, and none that it names in turn.
    private mutating func follow(
        _ call: ShellState.Call, directory: ShellWord?, home: ShellWord?, hasBareNames: Bool
    ) {
        guard followed.count < Self.mostScripts, let (path, text) = script(call.path, directory, hasBareNames),
            followed.insert(.init(path: ShellWord(path), arguments: call.arguments)).inserted, text.isShell
        else { return }
        var variables: [Bytes: [ShellWord]] = ["0": [ShellWord(path)], "@": call.arguments]
        if let home { variables["HOME"] = [home] }
        for (n, argument) in call.arguments.prefix(9).enumerated() { variables[Bytes(String(n + 1))] = [argument] }
        var reader = ShellReader(
            text.bytes, .init(file: path),
            variables: Self.known(text, path, variables, directory: directory, home: home),
            directory: directory, home: home)
        reader.read()
        found += reader.shell.found
    }

    /// With what a script sets further down: a function stands before the values that it is called with.
    private static func known(
        _ text: SearchedFiles.Text, _ path: Bytes, _ variables: [Bytes: [ShellWord]], directory: ShellWord?,
        home: ShellWord?
    ) -> [Bytes: [ShellWord]] {
        var reader = ShellReader(
            text.bytes, .init(file: path), variables: variables, directory: directory, home: home)
        reader.read()
        return reader.shell.variables.filter { $0.value.allSatisfy(\.isLiteral) }.merging(variables) { $1 }
    }

    private func script(
        _ name: ShellWord, _ directory: ShellWord?, _ hasBareNames: Bool
    ) -> (path: Bytes, text: SearchedFiles.Text)? {
        guard let literal = name.literal else { return nil }
        var candidates: [Bytes] = []
        if literal.storage.contains(UInt8(ascii: "/")) {
            candidates = [name.path(from: directory)?.literal].compactMap { $0 }
        } else if hasBareNames {
            candidates = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].map {
                Bytes($0).appending(literal)
            }
        }
        for path in candidates {
            if let text = files.text(path) { return (path, text) }
        }
        return nil
    }
}
