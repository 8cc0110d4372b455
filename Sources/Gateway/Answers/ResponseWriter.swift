internal import Chat
internal import HTTPServer

/// The destination of the answer to a request.
enum ResponseWriter {
    /// To the client.
    case client(HTTPExchange)
    /// To a kept answer that any number of clients read (`Idempotency-Key`).
    case recorder(AnswerRecorder)

    /// The head of the request. To read one field, ask for that: a copy of the head retains everything in it.
    var head: HTTPRequestHead {
        switch self {
        case .client(let exchange): exchange.head
        case .recorder(let recorder): recorder.head
        }
    }

    /// The value of the request's first field called `name`, which is in lower case.
    func field(_ name: StaticString) -> ArraySlice<UInt8>? {
        switch self {
        case .client(let exchange): exchange.head.first(name)
        case .recorder(let recorder): recorder.head.first(name)
        }
    }

    /// The same as text; bytes that are not UTF-8 become U+FFFD.
    func text(_ name: StaticString) -> String? { field(name).map { String(decoding: $0, as: UTF8.self) } }

    /// Whether the first byte of the answer has been written.
    var hasBegun: Bool {
        switch self {
        case .client(let exchange): exchange.hasBegun
        case .recorder(let recorder): recorder.hasBegun
        }
    }

    /// Sends a complete answer.
    func respond(_ status: Int, body: [UInt8], fields: (inout HTTPResponseHead) -> Void) {
        switch self {
        case .client(let exchange): exchange.respond(status, body: body, fields: fields)
        case .recorder(let recorder): recorder.respond(status, body: body, fields: fields)
        }
    }

    /// Begins a stream.
    func begin(_ status: Int, fields: (inout HTTPResponseHead) -> Void) {
        switch self {
        case .client(let exchange): exchange.begin(status, fields: fields)
        case .recorder(let recorder): recorder.begin(status, fields: fields)
        }
    }

    /// Writes a piece of a stream.
    func write(_ bytes: [UInt8]) {
        switch self {
        case .client(let exchange): exchange.write(bytes)
        case .recorder(let recorder): recorder.write(bytes)
        }
    }

    /// Waits until more can be written; false when no reader is left.
    func readyForMore() async -> Bool {
        switch self {
        case .client(let exchange): await exchange.readyForMore()
        case .recorder(let recorder): await recorder.readyForMore()
        }
    }

    /// Ends a stream.
    /// - Parameter ending: whether the answer is whole, or failed.
    func end(_ ending: RecordedAnswer.Ending = .whole) {
        switch self {
        case .client(let exchange): exchange.end()
        case .recorder(let recorder): recorder.end(ending)
        }
    }

    /// Runs `action` each time nothing has been written for `interval`.
    func whenQuiet(for interval: Duration, _ action: @escaping () -> Void) {
        switch self {
        case .client(let exchange): exchange.whenQuiet(for: interval, action)
        case .recorder(let recorder): recorder.whenQuiet(for: interval, action)
        }
    }
}
