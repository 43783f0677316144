import Catalog
@testable import Config
import Disk
import Engine
import Foundation
import Model
@testable import Support
import Testing

/// The catalog has the new state after a look: what the look saw must not get lost with it.
@Suite("what the brake for many changes has seen, it keeps")
struct MassChangeMemoryTests {
    private typealias Vault = MassChangeGuardTests.Vault

    @Test("written over in place, size and times put back", arguments: [600, 3])
    func overwritten(pause: Int64) throws {
        var vault = try Vault()
        for back in 1...12 {
            try vault.shell("seq \(back) 4000 | gzip > a-\(vault.date(back)).json.gz")
        }
        try vault.look()
        let present = vault.engine.vaultViews.views(of: vault.engine.configuration.vaults)[0].present
        #expect(present.count == 12 && present.filter(\.isComplete).count == 12)
        try vault.shell(
            """
            for f in *; do touch -r $f ../times
              head -c $(stat -c %s $f) /dev/urandom | dd of=$f conv=notrunc status=none; touch -r ../times $f; done
            """)
        // Seen at once, or while they still settle.
        vault.clock.pass(seconds: pause - 600)
        try vault.look()
        #expect(try vault.look() == ["rewritten"])
    }

    @Test("the audit log cannot be written: what the agent saw meanwhile still freezes")
    func noAudit() throws {
        var vault = try Vault()
        try vault.fill()
        try vault.look()
        try vault.shell("for f in *; do echo other > $f; done")
        vault.clock.pass(seconds: 600)
        try vault.shell("chattr +i ../state/audit.log")
        let open = try vault.engine.access.open(vault.engine.configuration.vaults[0])
        let engine = vault.engine
        #expect(throws: Fault.self) {
            try engine.reconciler.record(try engine.scanner.refresh(open, places: [""]).changes, in: open)
        }
        try vault.shell("chattr -i ../state/audit.log")
        #expect(try vault.look() == ["rewritten"])
        #expect(try vault.frozenRecords() == 1)
    }

    @Test("looks that are stopped one place after the other use nothing up")
    func stopped() throws {
        var vault = try Vault()
        try vault.fill()
        try vault.shell("mkdir a b c d; for s in a b c d; do mv $s-* $s/; done")
        try vault.look()
        try vault.shell("for s in a b c d; do rm $(ls $s/* | tail -8); done")
        vault.clock.pass(seconds: 600)
        var stops = 0
        for most in 0..<200 {
            var calls = 0
            do {
                _ = try vault.engine.wholeScan.run(
                    vault.engine.configuration.vaults[0], acting: true,
                    shouldStop: {
                        calls += 1
                        return calls > most
                    })
                break
            } catch {
                stops += 1
            }
        }
        #expect(stops > 2)
        #expect(vault.freezes().map(\.cause) == ["rewritten"])
    }

    @Test("the state's disk is read-only or full: the brake holds in the process that saw it")
    func unwritable() throws {
        var vault = try Vault()
        try vault.fill()
        try vault.look()
        try vault.shell("mount --bind ../state/brakes ../state/brakes; mount -o remount,bind,ro ../state/brakes")
        defer { try? vault.shell("umount -l ../state/brakes") }
        try vault.shell("rm $(ls | tail -30)")
        #expect(try vault.look(acting: false) == ["rewritten"])
        #expect(try vault.look(acting: false) == ["rewritten"])
    }
}
