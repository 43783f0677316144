import Foundation
@testable import JSONText
import Testing

@testable import Model
@testable import Trash

struct ManifestCodingTests {
    private static func manifest() -> Manifest {
        let member = Manifest.Member(
            path: "app/o\"1.dump", pathRaw: "YXBwL/8=", object: "h:1:00ff", inode: .max, directory: false, size: 12,
            mtime: Timestamp(nanoseconds: 1_700_000_000_000_000_001), ctime: Timestamp(nanoseconds: -5))
        var bare = member
        bare.pathRaw = nil
        let item = Manifest.Item(
            id: "00112233aabbccdd", object: "h:1:00ff", series: "app/o-*", seriesRaw: "/w==", path: "app/o",
            pathRaw: "YQ==", time: Timestamp(seconds: 0), timeSource: .name, kind: .incremental, parent: "ff",
            contents: "a\u{1F}\u{1D}", condition: .complete, members: [member, bare], size: .max, allocated: 0,
            mode: 0o100600, uid: .max, gid: 0,
            decision: .init(retain: false, priority: "low", reasons: ["week keeps b812", "\\ and \u{1}"]))
        var plain = item
        (plain.seriesRaw, plain.pathRaw, plain.parent, plain.contents) = (nil, nil, nil, nil)
        return Manifest(
            vault: VaultID(text: "v"), batch: "20261123T041500.123Z", run: 81, plan: "9c41", program: "reprieve 0.1",
            condemnedAt: .init(
                moment: Moment(wall: Timestamp(seconds: 1_700_000_000), boot: 5, bootID: "b"), witness: "w",
                witnessedSeconds: 9),
            graceSeconds: 1_209_600, policy: .init(hash: "h", text: "keep:\n  daily: 7\n"),
            parents: [.init(path: "app", pathRaw: nil, mode: 0o40750, uid: 1, gid: 2)], items: [item, plain])
    }

    @Test("what is written is JSON, one line an item, and comes back byte for byte")
    func roundTrip() throws {
        let written = Self.manifest().sealed
        let back = try Manifest(decoding: written.bytes)
        #expect(back.sealed.bytes == written.bytes)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(written.bytes.storage)) as? [String: Any])
        let items = try #require(json["items"] as? [[String: Any]])
        #expect(items.count == 2 && (items[0]["members"] as? [Any])?.count == 2)
        #expect(items[0]["time_source"] as? String == "name" && items[1]["path_raw"] == nil)
        let lines = String(decoding: written.bytes.storage, as: UTF8.self).split(separator: "\n")
        #expect(lines.count { $0.contains("\"id\":") } == 2)
    }

    @Test("cut anywhere or with a field taken out it cannot be read; then nothing of the batch is purged")
    func damaged() throws {
        let bytes = Self.manifest().sealed.bytes.storage
        for n in stride(from: 0, to: bytes.count - 2, by: 7) {
            #expect(throws: JSONReader.Malformed.self) { try Manifest(decoding: Bytes(Array(bytes[..<n]))) }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        for field in ["\"object\":", "\"witness\":", "\"retain\":", "\"condition\":", "\"uid\":", "\"parents\":"] {
            #expect(text.contains(field))
            #expect(throws: JSONReader.Malformed.self, "\(field)") {
                try Manifest(decoding: Bytes(text.replacing(field, with: "\"other\":")))
            }
        }
    }

    @Test("the form of earlier versions, indented and sorted, is read")
    func earlier() throws {
        let manifest = Self.manifest()
        let object = try JSONSerialization.jsonObject(with: Data(manifest.sealed.bytes.storage))
        let indented = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
        #expect(try Manifest(decoding: Bytes(indented)).sealed.bytes == manifest.sealed.bytes)
    }
}
