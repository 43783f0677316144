import Model
import Support
import Testing

@Suite("what people keep beside their backups")
struct RandomTreesTests {
    private typealias Files = [String: String]

    /// Digits of a random day from 2016 on.
    private func day(_ joint: String, _ g: inout Seeded) -> String {
        func two(_ range: ClosedRange<Int>) -> String {
            let number = Int.random(in: range, using: &g)
            return number < 10 ? "0\(number)" : "\(number)"
        }
        return ["\(Int.random(in: 2016...2026, using: &g))", two(1...12), two(1...28)].joined(separator: joint)
    }

    private func time(_ joint: String, _ g: inout Seeded) -> String {
        ["1\(Int.random(in: 0...9, using: &g))", "3\(Int.random(in: 0...9, using: &g))", "20"].joined(separator: joint)
    }

    private func pictures(_ at: String, _ g: inout Seeded) -> Files {
        var files: Files = [:]
        for n in 0..<Int.random(in: 3...10, using: &g) {
            let name: String =
                switch Int.random(in: 0...7, using: &g) {
                case 0: "IMG_\(day("", &g))_\(time("", &g)).jpg"
                case 1: "PXL_\(day("", &g))_\(time("", &g))482.jpg"
                case 2: "Screenshot \(day("-", &g)) at \(time(".", &g)) PM.png"
                case 3: "VID_\(day("", &g))_\(time("", &g)).mp4"
                case 4: "IMG-\(day("", &g))-WA\(1000 + n).jpeg"
                case 5: "DSC0\(1000 + n).NEF"
                case 6: "scan \(day("-", &g)).pdf"
                default: "\(1_700_000_000 + n * 86_400).heic"
                }
            files["\(at)/\(day("-", &g).prefix(7))/\(name)"] = ""
        }
        return files
    }

    private func mail(_ at: String, _ g: inout Seeded) -> Files {
        var files: Files = ["\(at)/cur/x": "", "\(at)/new/x": "", "\(at)/tmp/x": ""]
        for n in 0..<6 {
            files["\(at)/cur/\(1_700_000_000 + n * 86_400).M\(n)P7.host,S=300:2,S"] = ""
            files["\(at)/\(day("-", &g)) letter.eml"] = ""
        }
        return files
    }

    private func code(_ at: String, _ g: inout Seeded) -> Files {
        var files: Files = ["\(at)/.git/HEAD": "ref: refs/heads/main", "\(at)/README.md": ""]
        for n in 0..<6 {
            files["\(at)/db/\(day("", &g))\(time("", &g))_create_\(n).sql"] = ""
            files["\(at)/posts/\(day("-", &g))-post-\(n).md"] = ""
            files["\(at)/dist/app-\(n).\(n % 3).0.tar.gz"] = ""
        }
        return files
    }

    private func logs(_ at: String, _ g: inout Seeded) -> Files {
        var files: Files = ["\(at)/syslog": ""]
        for n in 1..<7 {
            files["\(at)/access.log-\(day("", &g)).gz"] = ""
            files["\(at)/app.log.\(day("-", &g))"] = ""
            files["\(at)/syslog.\(n).gz"] = ""
            files["\(at)/error-\(day("-", &g)).log"] = ""
        }
        return files
    }

    @Test("in 5,000 random trees of pictures, mail, code and logs, nothing is a backup")
    func trees() {
        var generator = Seeded(seed: 11)
        for n in 0..<5000 {
            var files: Files = [:]
            for part in 0..<Int.random(in: 1...3, using: &generator) {
                let at =
                    ["home/bob", "srv/nas", "\(2016 + part)", "data"].randomElement(using: &generator)! + "/p\(part)"
                let more =
                    switch Int.random(in: 0...3, using: &generator) {
                    case 0: pictures(at, &generator)
                    case 1: mail(at, &generator)
                    case 2: code(at, &generator)
                    default: logs(at, &generator)
                    }
                files.merge(more) { first, _ in first }
            }
            let found = MemoryVault(files).read().backups
            #expect(found.isEmpty, "\(n): \(found.map(\.path))")
            if !found.isEmpty { return }
        }
    }
}
