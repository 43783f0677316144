internal import Model

/// Macrium Reflect names an image by its set and two numbers, `A0AF1234A0AF1234-01-01.mrimg`; which ones it needs
/// stands inside.
extension Repository {
    static let macrium = Repository(
        "Macrium Reflect image", names: "`ID-00-00.mrimg`, `ID-01-01.mrimg`, `.mrimgx`, `.mrbak`, `.mrbakx`",
        prunes: "the retention rules of Macrium Reflect",
        signs: [".mrimg", ".mrbak"],
        file: { name in
            guard let last = name.storage.last, Array("gxk".utf8).contains(last) else { return false }
            return endings.contains { name.hasSuffix($0) }
        }, place: never)

    private static let endings: [Bytes] = [".mrimg", ".mrimgx", ".mrbak", ".mrbakx"]
}
