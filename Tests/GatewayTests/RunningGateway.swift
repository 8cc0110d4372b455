import Chat
import Core
import EventLoop
import Execution
import Foundation
import HTTPServer
import Ledger
import Limits
import Policies
import Synchronization
import Testing

@testable import Gateway

/// A gateway that serves on this machine: policies, keys and ledger in a folder of its own, both listeners on a loop of its own, and a
/// provider that answers what the test wants.
final class RunningGateway {
    /// What a test may choose.
    struct Choices {
        var maxRequests = 1_000
        var maxRequestsPerKey: Int?
        var memory = 512 << 20
        var idempotency = IdempotencyLimits()
    }

    let folder: Folder
    let provider: Receiver
    let log = LogLines()
    let gateway: Gateway
    let keys: KeyStore
    private let group: LoopGroup
    private let serving: Serving
    private let isStopped = Mutex(false)

    /// The key that stands in the policies, of the team `acme/research`.
    static let key = "sk-of-the-policies"
    /// The key of the admin listener.
    static let adminKey = "sk-of-the-operator-of-this"

    init(_ policies: String, in folder: Folder? = nil, _ choices: Choices = Choices()) throws {
        self.folder = try folder ?? Folder()
        provider = try Receiver(status: 200, answer: Self.answer)
        try self.folder.write(policies)
        let (path, logger) = (self.folder.path, log.logger)
        let environment = ["HOUSE_URL": "http://127.0.0.1:\(provider.port)/v1"]
        let store = try PolicyStore(directory: path, environment: environment, log: logger)
        let ledger = try SQLiteLedger(path: path + "/ledger.db")
        keys = try KeyStore(path: path + "/keys.db")
        let hooks = LimitHooks(alert: { _ in }, misuse: { _ in })
        gateway = Gateway(
            policies: store, keys: LiveKeys(source: KeyDirectory(path: path + "/keys.db"), log: logger), ledger: ledger,
            budgets: try Budgets(store.current.snapshot, ledger: ledger, lease: nil, log: logger, hooks: hooks),
            maxRequests: choices.maxRequests, maxRequestsPerKey: choices.maxRequestsPerKey, mostJSONValues: 10_000,
            memory: MemoryBudget(limit: choices.memory), idempotency: choices.idempotency, log: logger)
        group = try LoopGroup(count: 1)
        let access = AdminAccess(
            address: ListenAddress(host: "127.0.0.1", port: 1), names: [], key: try AdminKey(environment: Self.adminKey, file: "/none"))
        let (gateway, loop) = (gateway, group.loops[0])
        serving = try loop.runAndWait { Result { try Serving(gateway, access, on: loop) } }.get()
    }

    /// Ends everything. What is on disk stays as long as the folder.
    func stop() throws {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        provider.open()
        let serving = serving
        group.loops[0].runAndWait { serving.end() }
        try gateway.ledger.close()
        group.stopAndWait()
        provider.stop()
    }

    /// The records of all calls, in the order in which they were committed. Ends the gateway.
    func records() throws -> [UsageRecord] {
        try stop()
        var records: [UsageRecord] = []
        try UsageReader(path: folder.path + "/ledger.db").forEachRecord(UsageQuery()) { records.append($0) }
        return records.sorted { $0.time.microseconds < $1.time.microseconds }
    }

    // MARK: Asking

    /// Sends a request and waits for the whole answer.
    /// - Parameter key: of the client; `nil`: none is sent.
    func ask(
        _ method: String, _ target: String, _ lines: [String] = [], body: String? = nil, key: String? = RunningGateway.key
    ) async throws -> Heard {
        try await begin(method: method, target: target, lines, body: body, key: key).heard()
    }

    /// Asks for a chat.
    func chat(_ lines: [String] = [], body: String = RunningGateway.chat, key: String? = RunningGateway.key) async throws -> Heard {
        try await ask("POST", "/v1/chat/completions", ["content-type: application/json"] + lines, body: body, key: key)
    }

    /// Where the admin listener is.
    var adminURL: String { "http://127.0.0.1:\(serving.adminPort)" }

    /// Asks the admin listener.
    func askAdmin(
        _ method: String, _ target: String, _ lines: [String] = [], body: String? = nil, key: String? = RunningGateway.adminKey
    ) async throws -> Heard {
        try await begin(method: method, target: target, lines, body: body, key: key, port: serving.adminPort).heard()
    }

    /// Sends a request and does not wait.
    func begin(
        method: String = "POST", target: String = "/v1/chat/completions", _ lines: [String] = [], body: String? = nil,
        key: String? = RunningGateway.key, port: UInt16? = nil, isNarrow: Bool = false
    ) throws -> Line {
        let line = try Line(to: port ?? serving.port, isNarrow: isNarrow)
        var head = ["\(method) \(target) HTTP/1.1", "host: 127.0.0.1", "connection: close"] + lines
        if let key { head.append("authorization: Bearer \(key)") }
        if let body { head.append("content-length: \(body.utf8.count)") }
        line.send(head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
        return line
    }

    // MARK: What is said

    static let chat = #"{"model":"house/small","messages":[{"role":"user","content":"Hi"}],"max_tokens":10}"#
    static let streamedChat = String(chat.dropLast()) + #","stream":true}"#

    /// Ten tokens in, five out: 20 micro-dollars by ``policies(limits:more:)``.
    static let answer =
        #"{"id":"c1","object":"chat.completion","created":1,"model":"small","choices":[{"index":0,"message":{"role":"assistant","#
        + #""content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"#

    static let events =
        [
            #"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"small","choices":[{"index":0,"delta":{"content":"Hel"}}]}"#,
            #"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"small","choices":[{"index":0,"delta":{"content":"lo"},"#
                + #""finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"#, "[DONE]",
        ].map { "data: \($0)\n\n" }.joined()

    /// Policies with two models and the team `acme/research`.
    /// - Parameters:
    ///   - limits: of the team, as a list in YAML.
    ///   - more: further sections.
    static func policies(limits: String = "[]", more: String = "") -> String {
        let digest = KeyDigest.sha256(of: key).bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
        return """
            providers:
              house: {kind: openai, base_url: "${HOUSE_URL}", retry: {attempts: 1}, breaker: "off"}
            models:
              house/small: {provider: house, price: {input: 1, output: 2}, context_window: 1000, max_output_tokens: 100, aliases: [small]}
              house/large: {provider: house, price: {input: 10, output: 20}, context_window: 1000, max_output_tokens: 100}
            organizations:
              acme:
                teams:
                  research: {keys: [{name: ci, sha256: "\(digest)"}], limits: \(limits)}
                  sales: {models: [house/large]}
            \(more)

            """
    }
}

/// Runs `body` with a gateway.
func serving<Result>(
    _ policies: String = RunningGateway.policies(), _ choices: RunningGateway.Choices = RunningGateway.Choices(),
    _ body: (RunningGateway) async throws -> Result
) async throws -> Result {
    let running = try RunningGateway(policies, choices)
    do {
        let result = try await body(running)
        try running.stop()
        return result
    } catch {
        try running.stop()
        throw error
    }
}

/// The listeners of a gateway; used on their loop only, except for the ports.
private final class Serving: @unchecked Sendable {
    let port, adminPort: UInt16
    private let servers: [HTTPServer]

    init(_ gateway: Gateway, _ access: AdminAccess, on loop: EventLoop) throws {
        let clients = HTTPServer(loop: loop, handler: try GatewayLoop(gateway, loop: loop), maxConnections: 1_000)
        let admin = HTTPServer(
            loop: loop, handler: AdminHandler(gateway, access: access, loop: loop), limits: AdminHandler.limits, maxConnections: 100)
        servers = [clients, admin]
        port = try clients.listen(on: ListenAddress(host: "127.0.0.1", port: 0, isPlain: true), tls: nil)
        adminPort = try admin.listen(on: ListenAddress(host: "127.0.0.1", port: 0, isPlain: true), tls: nil)
    }

    func end() { for server in servers { server.abortConnections() } }
}

// MARK: - A client

/// An answer as a client hears it.
struct Heard: Sendable {
    let status: Int
    /// The fields by their names in lower case.
    let fields: [String: String]
    let body: String

    /// The value at `path` of the body, e.g. `error.code`; `nil` where there is none.
    func value(_ path: String) throws -> String? {
        var value: Any? = try JSONSerialization.jsonObject(with: Data(body.utf8))
        for name in path.split(separator: ".") {
            value = Int(name).map { (value as? [Any])?[$0] } ?? (value as? [String: Any])?[String(name)]
        }
        return value.flatMap { $0 is NSNull ? nil : "\($0)" }
    }

    /// The code of an error; `nil` for what is none.
    var code: String? { try? value("error.code") }
}

/// A client's connection, which is reset with the end of its object.
final class Line: Sendable {
    private let descriptor: Int32

    /// - Parameter isNarrow: whether little more is taken than what is read.
    init(to port: UInt16, isNarrow: Bool = false) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var bytes: Int32 = 4_096
        if isNarrow { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size)) }
        // Without TLS a client that only closes may still be reading; this one is gone.
        var reset = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        let isConnected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw NotHeard(text: "not connected: \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        Array(text.utf8).withUnsafeBytes { _ = Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// The answer, once the gateway has closed the connection.
    func heard() async throws -> Heard {
        // On a thread of its own: those of tasks are few, and the gateway needs them.
        let bytes = await withUnsafeContinuation { continuation in
            Thread.detachNewThread { [self] in continuation.resume(returning: read()) }
        }
        return try Heard(bytes)
    }

    private func read() -> [UInt8] {
        var (all, piece): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 65_536))
        while case let count = recv(descriptor, &piece, piece.count, 0), count > 0 { all += piece.prefix(count) }
        return all
    }
}

struct NotHeard: Error { let text: String }

extension Heard {
    fileprivate init(_ bytes: [UInt8]) throws {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { throw NotHeard(text: String(decoding: bytes, as: UTF8.self)) }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        status = Int(lines[0].split(separator: " ")[1]) ?? 0
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.components(separatedBy: ": ")
            fields[parts[0], default: ""] += (fields[parts[0]] == nil ? "" : ", ") + parts.dropFirst().joined(separator: ": ")
        }
        self.fields = fields
        let rest = Array(bytes[end.upperBound...])
        body = String(decoding: fields["transfer-encoding"] == "chunked" ? try Self.unchunked(rest) : rest, as: UTF8.self)
    }

    private static func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
        var (rest, body): (ArraySlice<UInt8>, [UInt8]) = (bytes[...], [])
        while let end = rest.firstRange(of: Array("\r\n".utf8)) {
            guard let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16) else { break }
            if size == 0 { return body }
            body += rest[end.upperBound...].prefix(size)
            rest = rest[end.upperBound...].dropFirst(size + 2)
        }
        throw NotHeard(text: "cut: " + String(decoding: bytes, as: UTF8.self))
    }
}
