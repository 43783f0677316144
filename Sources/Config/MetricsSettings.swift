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
