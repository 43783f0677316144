import Model
import Testing

@Suite("near names")
struct NearestTests {
    @Test(
        "a name that differs in a few letters is offered, another one is not",
        arguments: [
            ("staus", "status"), ("stauts", "status"), ("STATUS", "status"), ("purg", "purge"), ("undoo", "undo"),
            ("x", nil), ("frobnicate", nil), ("", nil),
        ])
    func nearest(typed: String, meant: String?) {
        #expect(typed.nearest(of: ["list", "plan", "purge", "status", "undo"]) == meant)
    }
}
