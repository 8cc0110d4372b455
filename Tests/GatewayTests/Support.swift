import Chat
import Core
import EventLoop
import Foundation
import Ledger
import Limits
import Logging
import Policies
import Synchronization

@testable import HTTPServer

/// Log lines as they come.
final class LogLines: Sendable {
    let lines = Mutex<[String]>([])

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    func count(of text: String) -> Int { lines.withLock { $0.count { $0.contains(text) } } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") } }
    }
}

/// A webhook's other end, or a provider: an HTTP server on a loop of its own, which can hold its answers back.
final class Receiver: HTTPHandler, @unchecked Sendable {
    private struct State {
        var bodies: [String] = []
        var isOpen = true
        var status = 204
        var answer = ""
        var underWay = 0
        var mostUnderWay = 0
    }

    private let state = Mutex(State())
    private let group: LoopGroup
    private(set) var port: UInt16 = 0
    /// Used on the loop only.
    private var server: HTTPServer?

    var url: String { "http://127.0.0.1:\(port)/hook" }
    var bodies: [String] { state.withLock { $0.bodies } }
    var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }

    init(status: Int = 204, isOpen: Bool = true, answer: String = "") throws {
        group = try LoopGroup(count: 1)
        state.withLock { ($0.status, $0.isOpen, $0.answer) = (status, isOpen, answer) }
        let loop = group.loops[0]
        port = try loop.runAndWait { () -> Result<UInt16, SystemError> in
            let server = HTTPServer(loop: loop, handler: self, maxConnections: 1_000)
            self.server = server
            do throws(SystemError) {
                return .success(try server.listen(on: ListenAddress(host: "127.0.0.1", port: 0, isPlain: true), tls: nil))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    /// Lets the answers go.
    func open() { state.withLock { $0.isOpen = true } }

    /// Holds further answers back.
    func close() { state.withLock { $0.isOpen = false } }

    /// Answers so from now on: events where the text begins with `data:`, else JSON.
    func answer(_ text: String, status: Int = 200) { state.withLock { ($0.status, $0.answer) = (status, text) } }

    /// Requests that have come and have no answer yet.
    var underWay: Int { state.withLock { $0.underWay } }

    func stop() { group.stopAndWait() }

    func handle(_ exchange: HTTPExchange) async {
        let body = (try? await exchange.body()) ?? []
        state.withLock { state in
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
        }
        while !state.withLock({ $0.isOpen }) { await group.loops[0].sleep(until: .now() + .milliseconds(5)) }
        let (status, answer) = state.withLock { state in
            state.underWay -= 1
            state.bodies.append(String(decoding: body, as: UTF8.self))
            return (state.status, state.answer)
        }
        exchange.respond(status, body: Array(answer.utf8)) { fields in
            if !answer.isEmpty { fields.contentType = answer.hasPrefix("data:") ? "text/event-stream" : "application/json" }
        }
    }

    func refuse(_ violation: HTTPViolation, _ refusal: HTTPRefusal) { refusal.respond(400, body: []) { _ in } }

    func turnedAway() {}
}

/// Waits until `condition` holds, for at most a minute.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<6_000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}

/// A team's soft limit with a webhook, and what is told of it.
func alert(_ webhook: String?) throws -> LimitAlert {
    let told = Mutex<LimitAlert?>(nil)
    let rule = LimitRule(.usd(NanoUSD(nanos: 1_500_000_000)), per: .day, soft: true, webhook: webhook)
    let limits = try LimitConfiguration(scopes: [ScopeRules(path: "acme/research", limits: [rule])]) { _ in nil }
    let tree = LimitTree(limits, hooks: LimitHooks(alert: { alert in told.withLock { $0 = alert } }, misuse: { _ in }))
    let amount = Spending(usd: NanoUSD(nanos: 2_000_000_000))
    let request = SpendRequest(RequestScopes(team: "acme/research"), model: "m", amount: amount)
    guard case .held(let hold) = tree.organization(of: "acme").reserve(request, at: .now) else { throw NothingHeld() }
    hold.settle(amount, at: .now)
    guard let alert = told.withLock({ $0 }) else { throw NothingHeld() }
    return alert
}

struct NothingHeld: Error {}

/// The head of a request with these further lines; without a host in HTTP/1.0.
func request(_ method: String, _ target: String, _ lines: [String] = [], host: String? = "h") throws -> HTTPRequestHead {
    let all = ["\(method) \(target) HTTP/1.\(host == nil ? 0 : 1)"] + (host.map { ["host: \($0)"] } ?? []) + lines
    return try parsed(Array((all.joined(separator: "\r\n") + "\r\n\r\n").utf8))
}

func parsed(_ bytes: [UInt8]) throws -> HTTPRequestHead {
    var parser = HTTPRequestParser(limits: HTTPLimits())
    guard case .head(let head, _) = parser.parseHead(bytes.span) else { throw NotAHead() }
    return head
}

/// The fields that `append` appends, as HTTP/1 writes them, the content type included.
func fields(_ append: (inout HTTPResponseHead) -> Void) -> [String] {
    var head = HTTPResponseHead(status: 204)
    append(&head)
    var bytes: [UInt8] = []
    HTTP1Writer.append(head, to: &bytes)
    return String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n").dropFirst().filter { !$0.isEmpty }
}

/// A folder of its own, which goes with its object.
final class Folder {
    let path = NSTemporaryDirectory() + "purser-gateway-" + UUID().uuidString

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String = "a.yaml") throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }
}

/// Policies as they are compiled.
func snapshot(_ text: String) throws -> PolicySnapshot {
    let compilation = PolicyCompiler.compile([PolicyFile(path: "a.yaml", text: text)], environment: [:])
    guard let snapshot = compilation.snapshot else { throw NotCompiled(reasons: compilation.diagnostics.map(\.rendered)) }
    return snapshot
}

struct NotCompiled: Error { let reasons: [String] }

/// Waits until `value` is `wanted`, for at most ten seconds.
func eventuallyIs<Value: Equatable>(_ wanted: Value, _ value: () async throws -> Value?) async throws -> Bool {
    for _ in 0..<1_000 {
        if try await value() == wanted { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try await value() == wanted
}
