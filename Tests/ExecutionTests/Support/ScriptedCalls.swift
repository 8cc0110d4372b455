import Chat
import EventLoop
import Foundation
import Ledger
import Testing

@testable import Execution
@testable import Policies
@testable import Upstream

/// What one call comes to.
struct Script: Sendable {
    /// How long the provider takes before its head comes.
    var pause = Duration.zero
    var status = 200
    var isStream = false
    var pieces: [String] = []
    /// How long it takes before each piece.
    var step = Duration.zero
    /// How the transfer ends behind its pieces; before them when there are none. `nil`: whole.
    var failure: UpstreamFailure?

    static let usage = #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#

    /// A good answer, in one piece or as a stream.
    static func answer(after pause: Duration = .zero, isStream: Bool = false, step: Duration = .zero) -> Script {
        guard isStream else {
            let body =
                #"{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"#
                + #""finish_reason":"stop"}],"# + usage + "}"
            return Script(pause: pause, pieces: [body])
        }
        func chunk(_ rest: String) -> String {
            #"data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"m","# + rest + "}\n\n"
        }
        return Script(
            pause: pause, isStream: true,
            pieces: [
                chunk(#""choices":[{"index":0,"delta":{"role":"assistant","content":"he"},"finish_reason":null}]"#),
                chunk(#""choices":[{"index":0,"delta":{"content":"llo"},"finish_reason":null}]"#),
                chunk(#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#), chunk(#""choices":[],"# + usage),
                "data: [DONE]\n\n",
            ], step: step)
    }

    /// An error answer of the provider.
    static func error(_ status: Int, after pause: Duration = .zero) -> Script {
        Script(pause: pause, status: status, pieces: [#"{"error":{"message":"no","type":"server_error","param":null,"code":null}}"#])
    }

    /// A stream that breaks behind its first `count` pieces.
    static func cut(behind count: Int, after pause: Duration = .zero) -> Script {
        var script = answer(after: pause, isStream: true)
        script.pieces.removeLast(script.pieces.count - count)
        script.failure = .cut("scripted")
        return script
    }
}

/// Begins scripted calls, and remembers them.
final class ScriptedCalls: CallStarting {
    private let loop: EventLoop
    private let script: (String) -> Script
    private(set) var transfers: [ScriptedTransfer] = []
    /// What was sent, in order.
    private(set) var bodies: [String] = []

    /// - Parameter script: what a call to the model of that name at the provider comes to.
    init(on loop: EventLoop, _ script: @escaping (String) -> Script) {
        self.loop = loop
        self.script = script
    }

    func begin(_ request: UpstreamRequest, to endpoint: UpstreamEndpoint) throws(UpstreamFailure) -> any CallTransfer {
        let body = String(decoding: request.wholeBody ?? [], as: UTF8.self)
        let model = body.firstMatch(of: /"model":\s*"([^"]*)"/).map { String($0.1) } ?? ""
        let transfer = ScriptedTransfer(on: loop, model, script(model))
        bodies.append(body)
        transfers.append(transfer)
        return transfer
    }

    /// Models that were called, in order.
    var models: [String] { transfers.map(\.model) }
}

/// A call that does what its script says, and ends when it is told to.
final class ScriptedTransfer: CallTransfer {
    let model: String
    let startTime = MonotonicTime.now()
    private(set) var firstByteTime: MonotonicTime?
    private(set) var status = 0
    private(set) var wasSent = false
    let waitedForConsumer = false
    /// Whether it has come to an end, one way or another.
    private(set) var isOver = false
    private let loop: EventLoop
    private let script: Script
    private var next = 0

    init(on loop: EventLoop, _ model: String, _ script: Script) {
        self.loop = loop
        self.model = model
        self.script = script
    }

    func head() async throws(UpstreamFailure) -> UpstreamHead {
        wasSent = true
        try await sleep(script.pause)
        if script.pieces.isEmpty, let failure = script.failure { throw end(failure) }
        status = script.status
        var head = UpstreamHead()
        head.begin(status: script.status)
        head.contentType = script.isStream && script.status == 200 ? "text/event-stream" : "application/json"
        return head
    }

    func nextBytes(_ bytes: inout [UInt8]) async throws(UpstreamFailure) -> Bool {
        try await sleep(script.step)
        guard next < script.pieces.count else {
            if let failure = script.failure { throw end(failure) }
            isOver = true
            return false
        }
        bytes = Array(script.pieces[next].utf8)
        next += 1
        if firstByteTime == nil { firstByteTime = .now() }
        return true
    }

    private func sleep(_ time: Duration) async throws(UpstreamFailure) {
        if time > .zero, !isOver { await loop.sleep(until: .now() + time) }
        if Task.isCancelled || isOver { throw end(.canceled) }
    }

    private func end(_ failure: UpstreamFailure) -> UpstreamFailure {
        isOver = true
        return failure
    }

    func countOnlyProgress() {}
    func madeProgress() {}
    func cancel() { isOver = true }
    func release() { isOver = true }
}
