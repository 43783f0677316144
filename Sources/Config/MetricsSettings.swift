package import Model

/// `metrics`: off unless somebody asks for it.
package struct MetricsSettings: Sendable {
    /// node_exporter's directory for text files.
    package var textfile: Sourced<Bytes>?
    /// Where `GET /metrics` is answered.
    package var listen: Sourced<Listen>?
    /// Between two collections, at least.
    package var every = Sourced(Span(seconds: 15))

    package init() {}

    /// Never an address that others can reach: what stands there are names of hosts and databases, for whoever asks.
    package enum Listen: Hashable, Sendable {
        /// A numeric address of the loopback interface.
        case loopback(String, port: UInt16, isSix: Bool)
        case unix(Bytes)

        package var text: String {
            switch self {
            case .loopback(let host, let port, let isSix): isSix ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix:\(path.display)"
            }
        }
    }
}

extension MetricsSettings {
    /// `metrics: { textfile: DIR, listen: 127.0.0.1:PORT | unix:PATH, every: 15s }`
    mutating func read(_ node: ConfigurationNode) throws(Fault) {
        for (key, name, value) in try node.pairs("metrics", known: ConfigurationTable.names(.metrics)) {
            switch name {
            case "textfile":
                if let other = textfile?.origin { throw Self.twice(key, name, other) }
                textfile = Sourced(try value.absolute(name), value.origin)
            case "listen":
                if let other = listen?.origin { throw Self.twice(key, name, other) }
                listen = Sourced(try Listen(value), value.origin)
            default:
                every = Sourced(try value.span(name), value.origin)
                guard (1...3600).contains(every.value.fixedSeconds) else {
                    throw value.refuse("'every' must be from 1s to 1h", hint: "Prometheus asks every 15s or 1min")
                }
            }
        }
    }

    private static func twice(_ key: ConfigurationNode, _ name: String, _ other: Origin) -> Fault {
        key.refuse("'\(name)' stands in \(other.text) already", hint: "keep one of the two")
    }
}

extension MetricsSettings.Listen {
    init(_ node: ConfigurationNode) throws(Fault) {
        let text = try node.text("listen")
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.contains("\0") else {
                throw node.refuse(
                    "'\(path)' is not an absolute path of a socket", hint: "write unix:/run/reprieve/metrics")
            }
            guard path.utf8.count <= Self.mostSocketBytes else {
                throw node.refuse(
                    "the path of a socket has at most \(Self.mostSocketBytes) bytes, '\(path)' has \(path.utf8.count)",
                    hint: "choose a shorter one: unix:/run/reprieve/metrics")
            }
            self = .unix(Bytes(path).normalised)
            return
        }
        guard let (host, port, isSix) = Self.address(text) else {
            throw node.refuse(
                "'\(text)' is not a valid address to listen on",
                hint: "write 127.0.0.1:9941, [::1]:9941 or unix:/run/reprieve/metrics")
        }
        guard isSix ? host == "::1" : Self.isLoopback(host) else {
            throw node.refuse(
                "'\(text)' can be reached by others, and metrics tell the names of all backups to whoever asks",
                hint:
                    "write 127.0.0.1:\(port) and let Prometheus come through a tunnel or a proxy with a password, or use `textfile` with node_exporter"
            )
        }
        self = .loopback(host, port: port, isSix: isSix)
    }

    /// The kernel's limit, without the NUL.
    private static let mostSocketBytes = 107

    /// `127.0.0.1:9941`, `[::1]:9941`. Any other host is answered as well, so that its refusal can say why.
    private static func address(_ text: String) -> (host: String, port: UInt16, isSix: Bool)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return (String(host.dropFirst().dropLast()), port, true) }
        return host.isEmpty || host.contains(":") ? nil : (String(host), port, false)
    }

    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
