package import Model
internal import State

/// The figures of one moment, and their text for Prometheus.
///
/// Everything that costs a question is asked when it is made; the text needs no more than what stands here, so that
/// thousands of series are written in milliseconds. The text is UTF-8, whatever the names of files are.
package struct Metrics: Sendable {
    /// So many series have figures of their own.
    package static let mostSeries = 5000
    /// The label of all others of a vault together.
    package static let others = Counters.others

    /// `{vault="dumps",series="app/orders-*.dump"`: the part of the labels that many samples share, escaped once.
    package struct Labels: Hashable, Sendable {
        fileprivate var text: [UInt8]

        fileprivate init(_ text: [UInt8]) { self.text = text }

        /// No labels.
        package static let none = Labels([])

        package init(_ name: StaticString, _ value: Bytes) { self = Labels.none.adding(name, value) }
        package init(_ name: StaticString, _ value: String) { self = Labels.none.adding(name, Bytes(value)) }

        package func adding(_ name: StaticString, _ value: Bytes) -> Labels {
            var text = text
            text.reserveCapacity(text.count + name.utf8CodeUnitCount + value.count + 8)
            text.append(text.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            name.withUTF8Buffer { text.append(contentsOf: $0) }
            text.append(contentsOf: "=\"".utf8)
            Self.escape(value, to: &text)
            text.append(UInt8(ascii: "\""))
            return Labels(text)
        }

        package func adding(_ name: StaticString, _ value: String) -> Labels { adding(name, Bytes(value)) }

        /// Escapes backslash, quote and line feed as the format demands, and shows bytes that are not UTF-8 and
        /// deceptive characters as everywhere else.
        private static func escape(_ value: Bytes, to text: inout [UInt8]) {
            let bytes = value.utf8.map { Bytes($0.readable) } ?? Bytes(value.display)
            for byte in bytes.storage {
                switch byte {
                case UInt8(ascii: "\\"): text.append(contentsOf: #"\\"#.utf8)
                case UInt8(ascii: "\""): text.append(contentsOf: #"\""#.utf8)
                case 0x0A: text.append(contentsOf: #"\n"#.utf8)
                default: text.append(byte)
                }
            }
        }
    }

    package struct Sample: Sendable {
        package var labels: Labels
        package var value: Int64
        /// Behind the decimal point, in billionths.
        package var fraction: Int64 = 0
    }

    /// By metric, in its order. No two samples of a metric have the same labels.
    private var samples: [[Sample]] = Array(repeating: [], count: Metric.allCases.count)
    private static let places = Dictionary(
        uniqueKeysWithValues: Metric.allCases.enumerated().map { ($1, $0) })

    package init() {}

    package subscript(_ metric: Metric) -> [Sample] {
        samples[Self.places[metric]!]  // of all cases
    }

    package mutating func add(_ metric: Metric, _ value: Int64) { add(metric, .none, value) }

    package mutating func add(_ metric: Metric, _ labels: Labels, _ value: Int64) {
        samples[Self.places[metric]!].append(Sample(labels: labels, value: value))
    }

    package mutating func add(_ metric: Metric, _ labels: Labels = .none, at time: Timestamp) {
        samples[Self.places[metric]!].append(Sample(labels: labels, value: time.seconds, fraction: time.fraction))
    }

    /// Prometheus' text format 0.0.4. A metric without samples is left out.
    package var text: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(samples.reduce(0) { $0 + $1.count } * 120 + 8192)
        for (metric, samples) in zip(Metric.allCases, samples) where !samples.isEmpty {
            text.append(contentsOf: "# HELP \(metric.name) ".utf8)
            // No line feed is in them; a quote needs nothing here.
            text.append(contentsOf: metric.help.utf8)
            text.append(contentsOf: "\n# TYPE \(metric.name) \(metric.isCounter ? "counter" : "gauge")\n".utf8)
            let name = Array(metric.name.utf8)
            for sample in samples {
                text.append(contentsOf: name)
                if !sample.labels.text.isEmpty {
                    text.append(contentsOf: sample.labels.text)
                    text.append(UInt8(ascii: "}"))
                }
                text.append(UInt8(ascii: " "))
                Self.write(sample.value, to: &text)
                if sample.fraction > 0 { Self.write(milliseconds: sample.fraction / 1_000_000, to: &text) }
                text.append(0x0A)
            }
        }
        return text
    }

    private static func write(_ value: Int64, to text: inout [UInt8]) {
        if value < 0 { text.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = text.count
        repeat {
            text.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        text[start...].reverse()
    }

    private static func write(milliseconds: Int64, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "."))
        for unit in [100, 10, 1] as [Int64] {
            text.append(UInt8(ascii: "0") + UInt8(milliseconds / unit % 10))
        }
    }
}
