internal import Chat
internal import EventLoop
internal import Glibc

/// A server that is a child process: messages are lines of its standard input and output.
final class StdioConnection: MCPConnection {
    private(set) var ending: MCPFailure?
    var told: ((_ method: String) -> Void)?

    private let child: ChildProcess
    private let reader: JSONReader
    private let pending: PendingRequests
    private var lines: LineBuffer
    /// Bytes that wait for room in the child's input.
    private var outgoing: ArraySlice<UInt8> = []
    /// The end of what it wrote to its standard error, for whoever asks why it ended.
    private var lastWords: [UInt8] = []

    /// Starts the server.
    /// - Parameter mostBytes: of one message.
    /// - Throws: `unavailable` when it cannot be started.
    init(_ launch: ChildProcess.Launch, mostBytes: Int, reader: JSONReader, on loop: EventLoop) throws(MCPFailure) {
        do throws(SystemError) { child = try ChildProcess(launch, on: loop) } catch { throw .unavailable("\(error)") }
        self.reader = reader
        pending = PendingRequests(on: loop)
        lines = LineBuffer(longest: mostBytes)
        child.changed = { [weak self] in self?.childChanged() }
    }

    /// The child's process id.
    var processID: Int32 { child.id }

    /// Whether the child has ended and was waited for.
    var hasEnded: Bool { child.ending != nil }

    func request(_ request: MCPRequest) async throws(MCPFailure) -> [UInt8] {
        if let ending { throw ending }
        let id = pending.nextID()
        try send(OutgoingMessage.request(id, request.method, params: request.params))
        do throws(MCPFailure) { return try await pending.answer(to: id, within: request.timeout) } catch {
            if error == .cancelled || error == .timeout(request.timeout), request.method != "initialize" {
                var params = Array("{\"requestId\":\(id),\"reason\":\"".utf8)
                params += error == .cancelled ? Array("cancelled\"}".utf8) : Array("timeout\"}".utf8)
                try? send(OutgoingMessage.notification("notifications/cancelled", params: params))
            }
            throw error
        }
    }

    func notify(_ method: String, params: [UInt8]) async { try? send(OutgoingMessage.notification(method, params: params)) }

    func end() {
        finish(.lost("it was stopped"))
        child.end()
    }

    private func send(_ message: [UInt8]) throws(MCPFailure) {
        if let ending { throw ending }
        guard outgoing.count + message.count <= Self.mostOutgoing else { throw .unavailable("it does not read what it is sent") }
        // A newline in a message would end it: JSON has none outside its strings, and none inside.
        outgoing += message.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") } + [UInt8(ascii: "\n")]
        flush()
    }

    /// The most bytes that wait for a server that does not read.
    private static let mostOutgoing = 16 << 20

    private func flush() {
        while !outgoing.isEmpty {
            guard let count = child.write(outgoing) else { return }
            if count == 0 { return }
            outgoing = outgoing.dropFirst(count)
        }
        outgoing = []
    }

    // MARK: What comes

    private func childChanged() {
        flush()
        if let words = child.read(.error), !words.isEmpty {
            lastWords.append(contentsOf: words)
            lastWords.removeFirst(max(0, lastWords.count - 2_000))
        }
        if let bytes = child.read(.output) {
            do throws(MCPFailure) { for line in try lines.feed(bytes) { take(line) } } catch {
                finish(error)
                child.kill()
            }
        }
        if let how = child.ending { finish(.lost("its process ended with \(how)\(said)")) }
    }

    private var said: String {
        let text = String(decoding: lastWords, as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        return text.isEmpty ? "" : ": \(text.prefix(200))"
    }

    private func take(_ line: [UInt8]) {
        // What is no message is noise of a program that prints.
        switch IncomingMessage.read(line, reader) {
        case .answer(let id, let result)?: pending.settle(id, result)
        case .notification(let method, _)?: told?(method)
        case .request(let id, let method, _)?:
            // Nobody must be left waiting.
            let answer = method == "ping" ? OutgoingMessage.answer(id, result: "{}") : OutgoingMessage.unknownMethod(id)
            try? send(answer)
        case nil: break
        }
    }

    private func finish(_ failure: MCPFailure) {
        guard ending == nil else { return }
        ending = failure
        pending.fail(failure)
    }
}

/// Cuts bytes into lines. A pure state machine.
struct LineBuffer {
    private var rest: [UInt8] = []
    private let longest: Int

    /// - Parameter longest: bytes of a line.
    init(longest: Int) { self.longest = longest }

    /// Takes bytes in.
    /// - Returns: the lines that are complete, without their ends; blank ones are left out.
    /// - Throws: `tooLarge` for a line that is longer than allowed.
    mutating func feed(_ bytes: [UInt8]) throws(MCPFailure) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
        let last = pieces.popLast() ?? []
        for piece in pieces {
            rest.append(contentsOf: piece)
            if rest.count > longest { throw .tooLarge(longest) }
            if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
            if !rest.isEmpty { lines.append(rest) }
            rest.removeAll(keepingCapacity: rest.capacity <= 64 * 1024)
        }
        rest.append(contentsOf: last)
        if rest.count > longest { throw .tooLarge(longest) }
        return lines
    }
}
