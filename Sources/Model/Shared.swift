/// A large value in one place, copied only when one of several holders changes it.
struct Shared<Value: Hashable & Sendable>: Hashable, Sendable {
    /// Changed only by its one holder (`isKnownUniquelyReferenced`), and read by all: that is what makes it sendable.
    private final class Box: @unchecked Sendable {
        var value: Value

        init(_ value: Value) { self.value = value }
    }

    private var box: Box

    init(_ value: Value) { box = Box(value) }

    var value: Value {
        _read { yield box.value }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = Box(box.value) }
            yield &box.value
        }
    }

    static func == (a: Shared, b: Shared) -> Bool { a.box === b.box || a.box.value == b.box.value }
    func hash(into hasher: inout Hasher) { hasher.combine(box.value) }
}
