import Model
import Retention
import Testing

@Suite("look twice")
struct LookTwiceTests {
    private static func series(_ keys: [Bytes], _ count: Int) -> [Bytes: Int] {
        Dictionary(uniqueKeysWithValues: keys.map { ($0, count) })
    }

    /// Numbers that are no part of the thing's name.
    private static let copies: [Bytes] = ["a/orders-1.tar-*", "a/orders-22.tar-*", "a/orders-copy.tar-*"]

    @Test(
        "many series of one backup each with names alike are one series taken apart, perhaps",
        arguments: [
            (series(copies, 1), 3),
            (series(copies, 1).merging(series(["x-*", "y-*", "z-*"], 9)) { $1 }, 3),
            // A quarter of twelve.
            (series(copies, 1).merging(series((10..<19).map { Bytes("big\($0)-*") }, 5)) { $1 }, 3),
            (series((1...40).map { Bytes("\($0)-*.tar") }, 1), 40),
            (series((1...5).map { Bytes("host\($0)/db-*.tar") }, 1), 5),
        ])
    func alike(counts: [Bytes: Int], found: Int) {
        #expect(LookTwice(counts: counts)?.series.count == found)
    }

    @Test(
        "different things with one backup each, a few among many, and full series are nothing to look at",
        arguments: [
            series(["web-*.tar", "db-*.sql", "mail-*.tar", "x/files-*.tar"], 1),
            series(Array(copies.prefix(2)), 1), series(copies, 2),
            series(copies, 1).merging(series((10..<20).map { Bytes("big\($0)-*") }, 5)) { $1 }, [:],
        ])
    func nothing(counts: [Bytes: Int]) {
        #expect(LookTwice(counts: counts) == nil)
    }

    @Test("the order of the series does not matter, the first in byte order is named")
    func order() {
        #expect(LookTwice(counts: Self.series(Self.copies.reversed(), 1))?.series == Self.copies.sorted())
    }
}
