internal import Logging
internal import Model

/// The agent's log, on standard error: one line a record, and nothing deceptive in it.
struct ReadableLog: LogHandler {
    private var stream = StreamLogHandler.standardError(label: "reprieve")

    var logLevel: Logger.Level {
        get { stream.logLevel }
        set { stream.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { stream.metadata }
        set { stream.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { stream[metadataKey: key] }
        set { stream[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(event.message.description.readable.replacing("\n", with: "\\n"))"
        stream.log(event: event)
    }
}
