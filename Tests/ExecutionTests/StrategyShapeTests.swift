import Chat
import Core
import Dialects
import EventLoop
import Ledger
import Policies
import Testing

@testable import Execution
@testable import Upstream

/// A strategy that nobody is offered shows what strategies are made of: a captured member, a nested plan with a request and a share of the money of its
/// own, and a last call whose stream goes to the client. No endpoint knows of it.
@Suite(.timeLimit(.minutes(5))) struct StrategyShapeTests {
    struct Seen: Sendable {
        var answer: Result<String, GatewayError> = .success("")
        var models: [String] = []
        var bodies: [String] = []
        var parents: [Int?] = []
        var records = 0
        var leftOver = 0
        var spent: Int64 = 0
    }

    /// A model drafts, another one answers with the draft before it.
    private func draftAndAnswer(
        isStream: Bool, ceiling: NanoUSD? = nil, share: NanoUSD? = nil, _ script: @escaping @Sendable (String) -> Script
    ) async throws -> Seen {
        try await onLoop { loop in
            let bench = try RunBench(on: loop) { script($0) }
            let (draft, last) = (Plan.firstOf([try bench.call(0), try bench.call(1)]), try bench.call(2))
            let run = try #require(try bench.run(draft, isStream: isStream))
            let request = try bench.request(isStream: isStream)
            let whole = ceiling.map { Allowance($0) }
            let part = share.map { Allowance($0, of: whole) } ?? whole
            var seen = Seen()
            do throws(GatewayError) {
                let started: StartedAnswer
                do throws(GatewayError) {
                    let node = Node(plan: draft, question: Question(request, as: ClientDialect.chatCompletions.form, allowance: part))
                    let drafted = try await run.capture(node)
                    var edit = RequestEdit()
                    edit.system = "Improve the draft."
                    var message = Array("{\"role\":\"assistant\",\"content\":".utf8)
                    message.appendJSONString(drafted.text)
                    message.append("}")
                    edit.messages = [message]
                    let edited = try request.edited(edit, reader: run.executor.reader)
                    let question = Question(
                        edited, as: ClientDialect.chatCompletions.form, allowance: whole, parent: run.attempts.last?.id)
                    started = try await run.open(Node(plan: last, question: question))
                    try await run.begun(started)
                } catch { throw await run.closed(after: error) }
                seen.answer = .success(try await bench.finish(run, started))
            } catch { seen.answer = .failure(error) }
            seen.models = bench.calls.models
            seen.bodies = bench.calls.bodies
            seen.parents = run.attempts.map(\.parent)
            seen.spent = bench.spent
            seen.leftOver = bench.calls.transfers.count { !$0.isOver } + Int(bench.held.reduce(0, +))
            seen.leftOver += try bench.openHolds()
            seen.records = try bench.records().count
            return seen
        }
    }

    @Test(arguments: [false, true]) func aDraftIsCapturedAndTheLastCallAnswers(isStream: Bool) async throws {
        let seen = try await draftAndAnswer(isStream: isStream) { model in
            model == "m0" ? .error(500) : .answer(isStream: isStream && model == "m2")
        }
        let text = try seen.answer.get()
        #expect(seen.models == ["m0", "m1", "m2"] && seen.parents == [nil, nil, 1])
        #expect(text.contains(isStream ? "chat.completion.chunk" : "\"chat.completion\""))
        #expect(seen.bodies[1].contains("\"stream\":true") == false && seen.bodies[2].contains("\"stream\":true") == isStream)
        #expect(seen.bodies[2].contains(#"[{"role":"system","content":"Improve the draft."},{"role":"user","content":"hi"},"#))
        #expect(seen.bodies[2].contains(#"{"role":"assistant","content":"hello"}]"#))
        #expect(seen.records == 3 && seen.leftOver == 0 && seen.spent == 10_000)
    }

    /// A share that covers the worst case of one call, which a broken one is in doubt for, leaves nothing for a second, whatever the whole has left.
    @Test func aShareBoundsItsOwnCallsOnly() async throws {
        let script: @Sendable (String) -> Script = { model in model == "m0" ? Script(failure: .cut("scripted")) : .answer() }
        let free = try await draftAndAnswer(isStream: false, ceiling: NanoUSD(nanos: 1_000_000_000), script)
        #expect(free.models == ["m0", "m1", "m2"])
        let one = try await draftAndAnswer(
            isStream: false, ceiling: NanoUSD(nanos: 1_000_000_000), share: NanoUSD(nanos: free.spent - 10_000), script)
        #expect(one.models == ["m0"] && one.leftOver == 0 && one.records == 1)
    }

    @Test func whatFailsInsideIsToldAndNothingIsLeft() async throws {
        let seen = try await draftAndAnswer(isStream: true) { model in model == "m2" ? .error(503) : .answer() }
        guard case .failure(let error) = seen.answer else {
            Issue.record("an answer")
            return
        }
        #expect(error.code == .upstreamError && seen.models == ["m0", "m2"] && seen.records == 2 && seen.leftOver == 0)
    }
}
