internal import JSONText
internal import Model

/// The marks as a file: JSON, snake_case, one line a mark, so that a person finds one and takes it out.
struct MarkFile {
    static let currentFormat = "reprieve.marks/1"
    /// With marks about many backups: a program that does not know them must not take the file for one without them.
    static let formatWithItems = "reprieve.marks/2"
    /// Of each vault, by its id.
    var vaults: [String: [Mark]] = [:]

    init(vaults: [String: [Mark]] = [:]) { self.vaults = vaults }

    var format: String {
        vaults.values.contains { $0.contains { $0.items != nil } } ? Self.formatWithItems : Self.currentFormat
    }

    var encoded: Bytes {
        var json = JSONWriter()
        json.object { json in
            json.newLine()
            json.field("format", format)
            json.key("vaults")
            json.object { json in
                for (vault, marks) in vaults.sorted(by: { $0.key < $1.key }) {
                    json.key(vault)
                    json.array(marks, lineEach: true) { mark, json in mark.write(to: &json) }
                }
            }
            json.newLine()
        }
        json.newLine()
        return Bytes(json.bytes)
    }

    init(decoding bytes: Bytes) throws(JSONReader.Malformed) {
        self = try JSONReader.read(bytes) { json throws(JSONReader.Malformed) in try MarkFile(&json) }
    }

    private init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (format, vaults): (String?, [String: [Mark]]?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "format": format = try json.string()
            case "vaults":
                var all: [String: [Mark]] = [:]
                try json.object { vault, json throws(JSONReader.Malformed) in
                    all[vault] = try json.array { json throws(JSONReader.Malformed) in try Mark(&json) }
                }
                vaults = all
            default: try json.skip()
            }
        }
        guard let format, let vaults else { throw json.malformed("a file that lacks a field") }
        guard [Self.currentFormat, Self.formatWithItems].contains(format) else {
            throw json.malformed("a format of another program")
        }
        self.vaults = vaults
    }
}

/// A field that is added to ``Mark`` stands here twice; a test compares.
extension Mark {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("kind", kind.rawValue)
            json.field("target", target)
            json.field("counter", counter)
            json.field("released", released)
            json.field("reason", reason)
            json.field("actor", actor)
            json.field("at", at)
            json.field("until", until)
            json.field("path", path)
            json.field("path_raw", pathRaw)
            json.field("time", time)
            json.field("size", size)
            if let approval {
                json.key("approval")
                json.object { json in
                    json.field("plan", approval.plan)
                    json.field("policy_hash", approval.policyHash)
                    json.field("policy_text", approval.policyText)
                    json.field("ids", approval.ids)
                    if let kinds = approval.kinds { json.field("kinds", kinds) }
                }
            }
            json.field("keep", keep)
            json.field("after", after)
            json.field("objects", objects)
            json.field("policies", policies)
            json.field("cause", cause)
            json.field("is_elsewhere", isElsewhere)
            json.field("items", items?.base64)
            json.field("run", run)
        }
    }

    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (kind, target, counter, released): (Kind?, String?, Int?, Bool?)
        var (reason, actor, at): (String?, String?, Timestamp?)
        // What a mark need not have is set on it when it is there.
        var more: [(inout Mark) -> Void] = []
        try json.object { key, json throws(JSONReader.Malformed) in
            func set<T>(_ field: WritableKeyPath<Mark, T?>, _ value: T) { more.append { $0[keyPath: field] = value } }
            if try json.isNull() { return }
            switch key {
            case "kind": kind = try json.word()
            case "target": target = try json.string()
            case "counter": counter = try json.count()
            case "released": released = try json.bool()
            case "reason": reason = try json.string()
            case "actor": actor = try json.string()
            case "at": at = try json.time()
            case "until": set(\.until, try json.time())
            case "path": set(\.path, try json.string())
            case "path_raw": set(\.pathRaw, try json.string())
            case "time": set(\.time, try json.time())
            case "size": set(\.size, try json.count())
            case "approval": set(\.approval, try Approval(&json))
            case "keep": set(\.keep, try json.count())
            case "after": set(\.after, try json.time())
            case "objects": set(\.objects, try json.strings())
            case "policies": set(\.policies, try json.strings())
            case "cause": set(\.cause, try json.string())
            case "is_elsewhere": set(\.isElsewhere, try json.bool())
            case "items":
                guard let items = MarkedItems(base64: try json.string()) else {
                    throw json.malformed("no list of items")
                }
                set(\.items, items)
            case "run": set(\.run, try json.number())
            default: try json.skip()
            }
        }
        guard let kind, let target, let counter, let released, let reason, let actor, let at else {
            throw json.malformed("a mark that lacks a field")
        }
        self.init(
            kind: kind, target: target, counter: counter, released: released, reason: reason, actor: actor, at: at)
        for set in more { set(&self) }
    }
}

extension Mark.Approval {
    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (plan, hash, text): (String?, String?, String?)
        var (ids, kinds): ([String]?, [String]?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "plan": plan = try json.string()
            case "policy_hash": hash = try json.string()
            case "policy_text": text = try json.string()
            case "ids": ids = try json.strings()
            case "kinds": kinds = try json.strings()
            default: try json.skip()
            }
        }
        guard let plan, let hash, let text, let ids else { throw json.malformed("an approval that lacks a field") }
        self.init(plan: plan, policyHash: hash, policyText: text, ids: ids, kinds: kinds)
    }
}
