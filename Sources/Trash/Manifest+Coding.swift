internal import JSONText
internal import Model

/// The manifest as a file: JSON, snake_case, one line an item, so that `grep` finds one.
extension Manifest {
    var encoded: Bytes {
        var json = JSONWriter()
        json.object { json in
            json.newLine()
            json.field("format", format)
            json.field("vault", vault.text)
            json.field("batch", batch)
            json.field("run", run)
            json.field("plan", plan)
            json.field("program", program)
            json.key("condemned_at")
            condemnedAt.write(to: &json)
            json.field("earliest_purge", earliestPurge)
            json.field("grace_seconds", graceSeconds)
            json.key("policy")
            json.object { json in
                json.field("hash", policy.hash)
                json.field("text", policy.text)
            }
            json.key("parents")
            json.array(parents, lineEach: true) { parent, json in parent.write(to: &json) }
            json.key("items")
            json.array(items, lineEach: true) { item, json in item.write(to: &json) }
            json.newLine()
        }
        json.newLine()
        return Bytes(json.bytes)
    }

    init(decoding bytes: Bytes) throws(JSONReader.Malformed) {
        self = try JSONReader.read(bytes) { json throws(JSONReader.Malformed) in try Manifest(&json) }
    }

    private init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (format, vault, batch, plan, program): (String?, String?, String?, String?, String?)
        var (run, grace, earliest): (Int?, Int64?, Timestamp?)
        var (condemnedAt, policy): (CondemnedAt?, Policy?)
        var (parents, items): ([Parent]?, [Item]?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "format": format = try json.string()
            case "vault": vault = try json.string()
            case "batch": batch = try json.string()
            case "run": run = try json.count()
            case "plan": plan = try json.string()
            case "program": program = try json.string()
            case "condemned_at": condemnedAt = try CondemnedAt(&json)
            case "earliest_purge": earliest = try json.time()
            case "grace_seconds": grace = try json.count()
            case "policy": policy = try Policy(&json)
            case "parents":
                parents = try json.array { json throws(JSONReader.Malformed) in try Parent(&json) }
            case "items": items = try json.array { json throws(JSONReader.Malformed) in try Item(&json) }
            default: try json.skip()
            }
        }
        guard let format, let vault, let batch, let plan, let program, let run, let grace, let earliest,
            let condemnedAt, let policy, let parents, let items
        else { throw json.malformed("a manifest that lacks a field") }
        self.init(
            vault: VaultID(text: vault), batch: batch, run: run, plan: plan, program: program, condemnedAt: condemnedAt,
            graceSeconds: grace, policy: policy, parents: parents, items: items)
        self.format = format
        earliestPurge = earliest
    }
}

extension Manifest.CondemnedAt {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("wall", wall)
            json.field("boot_id", bootId)
            json.field("boot_nanoseconds", bootNanoseconds)
            json.field("witness", witness)
            json.field("witnessed_seconds", witnessedSeconds)
        }
    }

    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (wall, bootID, boot, witness, seconds): (Timestamp?, String?, Int64?, String?, Int64?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "wall": wall = try json.time()
            case "boot_id": bootID = try json.string()
            case "boot_nanoseconds": boot = try json.count()
            case "witness": witness = try json.string()
            case "witnessed_seconds": seconds = try json.count()
            default: try json.skip()
            }
        }
        guard let wall, let bootID, let boot, let witness, let seconds else {
            throw json.malformed("a time of condemning that lacks a field")
        }
        self.init(
            moment: Moment(wall: wall, boot: boot, bootID: bootID), witness: witness, witnessedSeconds: seconds)
    }
}

extension Manifest.Policy {
    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (hash, text): (String?, String?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "hash": hash = try json.string()
            case "text": text = try json.string()
            default: try json.skip()
            }
        }
        guard let hash, let text else { throw json.malformed("a policy that lacks a field") }
        self.init(hash: hash, text: text)
    }
}

extension Manifest.Parent {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("path", path)
            json.field("path_raw", pathRaw)
            json.field("mode", mode)
            json.field("uid", uid)
            json.field("gid", gid)
        }
    }

    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (path, raw, mode, uid, gid): (String?, String?, UInt32?, UInt32?, UInt32?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "path": path = try json.string()
            case "path_raw": raw = try json.stringOrNull()
            case "mode": mode = try json.number()
            case "uid": uid = try json.number()
            case "gid": gid = try json.number()
            default: try json.skip()
            }
        }
        guard let path, let mode, let uid, let gid else { throw json.malformed("a directory that lacks a field") }
        self.init(path: path, pathRaw: raw, mode: mode, uid: uid, gid: gid)
    }
}

extension Manifest.Item {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("object", object)
            json.field("series", series)
            json.field("series_raw", seriesRaw)
            json.field("path", path)
            json.field("path_raw", pathRaw)
            json.field("time", time)
            json.field("time_source", timeSource.rawValue)
            json.field("kind", kind.rawValue)
            json.field("parent", parent)
            if let contents { json.field("contents", contents) }
            json.field("condition", condition.rawValue)
            json.field("size", size)
            json.field("allocated", allocated)
            json.field("mode", mode)
            json.field("uid", uid)
            json.field("gid", gid)
            json.key("decision")
            json.object { json in
                json.field("retain", decision.retain)
                json.field("priority", decision.priority)
                json.field("reasons", decision.reasons)
            }
            json.key("members")
            json.array(members) { member, json in member.write(to: &json) }
        }
    }

    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (id, object, series, seriesRaw, path): (String?, String?, String?, String?, String?)
        var (pathRaw, parent, contents): (String?, String?, String?)
        var (time, source, kind): (Timestamp?, Backup.TimeSource?, Backup.Kind?)
        var (condition, members): (Backup.Condition?, [Manifest.Member]?)
        var (size, allocated): (Int64?, Int64?)
        var (mode, uid, gid): (UInt32?, UInt32?, UInt32?)
        var decision: Manifest.Decision?
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "id": id = try json.string()
            case "object": object = try json.string()
            case "series": series = try json.string()
            case "series_raw": seriesRaw = try json.stringOrNull()
            case "path": path = try json.string()
            case "path_raw": pathRaw = try json.stringOrNull()
            case "time": time = try json.time()
            case "time_source": source = try json.word()
            case "kind": kind = try json.word()
            case "parent": parent = try json.stringOrNull()
            case "contents": contents = try json.stringOrNull()
            case "condition": condition = try json.word()
            case "size": size = try json.count()
            case "allocated": allocated = try json.count()
            case "mode": mode = try json.number()
            case "uid": uid = try json.number()
            case "gid": gid = try json.number()
            case "decision": decision = try Manifest.Decision(&json)
            case "members":
                members = try json.array { json throws(JSONReader.Malformed) in try Manifest.Member(&json) }
            default: try json.skip()
            }
        }
        guard let id, let object, let series, let path, let time, let source, let kind, let condition, let members,
            let size, let allocated, let mode, let uid, let gid, let decision
        else { throw json.malformed("an item that lacks a field") }
        self.init(
            id: id, object: object, series: series, seriesRaw: seriesRaw, path: path, pathRaw: pathRaw, time: time,
            timeSource: source, kind: kind, parent: parent, contents: contents, condition: condition, members: members,
            size: size, allocated: allocated, mode: mode, uid: uid, gid: gid, decision: decision)
    }
}

extension Manifest.Decision {
    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (retain, priority, reasons): (Bool?, String?, [String]?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "retain": retain = try json.bool()
            case "priority": priority = try json.string()
            case "reasons": reasons = try json.strings()
            default: try json.skip()
            }
        }
        guard let retain, let priority, let reasons else { throw json.malformed("a decision that lacks a field") }
        self.init(retain: retain, priority: priority, reasons: reasons)
    }
}

extension Manifest.Member {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("path", path)
            json.field("path_raw", pathRaw)
            json.field("object", object)
            json.field("inode", inode)
            json.field("directory", directory)
            json.field("size", size)
            json.field("mtime", mtime)
            json.field("ctime", ctime)
        }
    }

    fileprivate init(_ json: inout JSONReader) throws(JSONReader.Malformed) {
        var (path, raw, object): (String?, String?, String?)
        var (inode, directory, size): (UInt64?, Bool?, Int64?)
        var (mtime, ctime): (Timestamp?, Timestamp?)
        try json.object { key, json throws(JSONReader.Malformed) in
            switch key {
            case "path": path = try json.string()
            case "path_raw": raw = try json.stringOrNull()
            case "object": object = try json.string()
            case "inode": inode = try json.number()
            case "directory": directory = try json.bool()
            case "size": size = try json.count()
            case "mtime": mtime = try json.time()
            case "ctime": ctime = try json.time()
            default: try json.skip()
            }
        }
        guard let path, let object, let inode, let directory, let size, let mtime, let ctime else {
            throw json.malformed("a member that lacks a field")
        }
        self.init(
            path: path, pathRaw: raw, object: object, inode: inode, directory: directory, size: size, mtime: mtime,
            ctime: ctime)
    }
}
