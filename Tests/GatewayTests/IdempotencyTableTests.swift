import Chat
import EventLoop
import Ledger
import Synchronization
import Testing

@testable import Gateway
@testable import HTTPServer

/// The head of a chat request with these further lines.
func head(_ lines: String..., path: String = "/v1/chat/completions") throws -> HTTPRequestHead {
    let text = "POST \(path) HTTP/1.1\r\nhost: h\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
    var parser = HTTPRequestParser(limits: HTTPLimits())
    guard case .head(let head, _) = parser.parseHead(Array(text.utf8).span) else { throw NotAHead() }
    return head
}

struct NotAHead: Error {}

func fingerprint(_ body: String = "{}") throws -> RequestFingerprint { RequestFingerprint(try head(), body: Array(body.utf8)) }

func key(_ value: String, of owner: String = "ann") -> IdempotencyKey {
    IdempotencyKey(owner: .sha256(of: owner), value: value)
}

func limits(_ change: (inout IdempotencyLimits) -> Void = { _ in }) -> IdempotencyLimits {
    var limits = IdempotencyLimits()
    change(&limits)
    return limits
}

let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

extension IdempotencyTable {
    /// Has a first request give an answer of `bytes` bytes, as large as may be.
    func serve(_ key: IdempotencyKey, bytes: Int = 0, at now: MonotonicTime = start) throws {
        guard case .first(let answer) = claim(key, try fingerprint(), at: now) else { throw NotTheFirst() }
        let isKept = take(bytes, for: key.owner)
        finish(key, isKept ? .kept : .notKept, at: now)
        let head = RecordedAnswer.Head(status: 200, fields: HTTPResponseHead(status: 200), isStream: false)
        answer.respond(head, [UInt8](repeating: 0x78, count: bytes), taken: isKept ? bytes : nil, .whole)
    }

    /// What a request hears, in a word.
    func word(_ key: IdempotencyKey, _ body: String = "{}", at now: MonotonicTime = start) throws -> String {
        switch claim(key, try fingerprint(body), at: now) {
        case .first: "first"
        case .another: "another"
        case .reused: "reused"
        case .notKept: "not kept"
        case .full: "full"
        }
    }
}

struct NotTheFirst: Error {}

@Suite struct IdempotencyTableTests {
    @Test func oneRunsAndTheOthersJoin() throws {
        let table = IdempotencyTable(limits())
        guard case .first(let answer) = table.claim(key("a"), try fingerprint(), at: start) else { throw NotTheFirst() }
        guard case .another(let joined) = table.claim(key("a"), try fingerprint(), at: start) else { throw NotTheFirst() }
        #expect(joined === answer)
        table.finish(key("a"), .kept, at: start)
        guard case .another(let later) = table.claim(key("a"), try fingerprint(), at: start + .seconds(599)) else { throw NotTheFirst() }
        #expect(later === answer)
    }

    @Test func keysBelongToTheirOwners() throws {
        let table = IdempotencyTable(limits())
        #expect(try table.word(key("a", of: "ann")) == "first")
        #expect(try table.word(key("a", of: "bob"), "other") == "first")
        #expect(try table.word(key("a", of: "bob")) == "reused")
        #expect(try table.word(key("a", of: "ann")) == "another")
    }

    @Test func anotherRequestIsToldWhileItRunsAndAfterwards() throws {
        let table = IdempotencyTable(limits())
        #expect(try table.word(key("a")) == "first")
        #expect(try table.word(key("a"), "{ }") == "reused")
        table.finish(key("a"), .kept, at: start)
        #expect(try table.word(key("a"), "{ }") == "reused")
    }

    @Test func itIsKeptForItsTimeFromItsEnd() throws {
        let table = IdempotencyTable(limits { $0.keep = .seconds(60) })
        #expect(try table.word(key("a")) == "first")
        // However long it runs.
        #expect(try table.word(key("a"), at: start + .seconds(3_600)) == "another")
        table.finish(key("a"), .kept, at: start + .seconds(3_600))
        #expect(try table.word(key("a"), at: start + .seconds(3_659)) == "another")
        #expect(try table.word(key("a"), at: start + .seconds(3_660)) == "first")
    }

    @Test func theTimeIsUpWithoutAnybodyAsking() throws {
        let table = IdempotencyTable(limits { $0.keep = .seconds(60) })
        for number in 0..<5_000 { try table.serve(key("\(number)"), bytes: 10, at: start + .milliseconds(number)) }
        #expect(table.count == 5_000 && table.bytes == 50_000)
        table.forgetExpired(at: start + .milliseconds(62_499))
        #expect(table.count == 2_500 && table.bytes == 25_000)
        #expect(try table.word(key("2499"), at: start) == "first")
        #expect(try table.word(key("2500"), at: start) == "another")
        table.forgetExpired(at: start + .seconds(90))
        #expect(table.count == 1 && table.bytes == 0)
    }

    @Test func aFailureIsForgotten() throws {
        let table = IdempotencyTable(limits())
        #expect(try table.word(key("a")) == "first")
        table.finish(key("a"), .failed, at: start)
        #expect(table.count == 0)
        #expect(try table.word(key("a"), "another body") == "first")
    }

    @Test func whatIsNotKeptIsRemembered() throws {
        let table = IdempotencyTable(limits { $0.keep = .seconds(60) })
        #expect(try table.word(key("a")) == "first")
        table.finish(key("a"), .notKept, at: start)
        #expect(try table.word(key("a")) == "not kept")
        #expect(try table.word(key("a"), "another body") == "reused")
        #expect(try table.word(key("a"), at: start + .seconds(60)) == "first")
    }

    @Test func theOldestAnswersGiveWayAndTheirRequestsAreRemembered() throws {
        let table = IdempotencyTable(limits { $0.totalBytes = 100 })
        for name in ["a", "b", "c"] { try table.serve(key(name), bytes: 30) }
        #expect(table.bytes == 90)
        try table.serve(key("d"), bytes: 60)
        #expect(table.bytes == 90)
        #expect(try ["a", "b", "c", "d"].map { try table.word(key($0)) } == ["not kept", "not kept", "another", "another"])
        // Larger than everything: it is not kept, and the others need not have given way, but have.
        try table.serve(key("e"), bytes: 101)
        #expect(try table.word(key("e")) == "not kept")
        #expect(table.bytes == 0)
    }

    @Test func oneKeyCannotPushOutTheAnswersOfOthers() throws {
        let table = IdempotencyTable(limits { $0.totalBytes = 100 })
        for name in ["a", "b"] { try table.serve(key(name, of: "bob"), bytes: 15) }
        for number in 0..<50 { try table.serve(key("\(number)", of: "ann"), bytes: 10) }
        #expect(try ["a", "b"].map { try table.word(key($0, of: "bob")) } == ["another", "another"])
        #expect(try table.word(key("49", of: "ann")) == "another")
        #expect(try table.word(key("0", of: "ann")) == "not kept")
        // The key with the most gives way to one that has less.
        for name in ["c", "d"] { try table.serve(key(name, of: "cid"), bytes: 10) }
        #expect(try ["a", "b"].map { try table.word(key($0, of: "bob")) } == ["another", "another"])
        #expect(try ["c", "d"].map { try table.word(key($0, of: "cid")) } == ["another", "another"])
        #expect(table.bytes <= 100)
    }

    @Test func aKeyWithALargeRunningAnswerLeavesSomeRoom() throws {
        let table = IdempotencyTable(limits { $0.totalBytes = 100 })
        try table.serve(key("a", of: "bob"), bytes: 5)
        guard case .first(let answer) = table.claim(key("runs"), try fingerprint(), at: start) else { throw NotTheFirst() }
        var taken = 0
        while table.take(5, for: key("runs").owner) { taken += 5 }
        #expect(taken == 75)
        try table.serve(key("b", of: "bob"), bytes: 20)
        #expect(try ["a", "b"].map { try table.word(key($0, of: "bob")) } == ["another", "another"])
        withExtendedLifetime(answer) {}
    }

    @Test func oneKeyCannotMakeOthersForgotten() throws {
        let table = IdempotencyTable(limits { $0.keys = 10 })
        for name in ["a", "b"] { try table.serve(key(name, of: "bob"), bytes: 1) }
        for number in 0..<100 { try table.serve(key("\(number)", of: "ann"), bytes: 1) }
        #expect(table.count == 10)
        #expect(try ["a", "b"].map { try table.word(key($0, of: "bob")) } == ["another", "another"])
    }

    @Test func bytesThatSomebodyReadsAreNotFree() throws {
        let table = IdempotencyTable(limits { $0.totalBytes = 100 })
        try table.serve(key("a"), bytes: 80)
        guard case .another(let answer) = table.claim(key("a"), try fingerprint(), at: start) else { throw NotTheFirst() }
        #expect(!table.take(30, for: key("a").owner))
        #expect(table.bytes == 80)
        withExtendedLifetime(answer) {}
    }

    @Test func theOldestKeysGiveWayAndRunningOnesDoNot() throws {
        let table = IdempotencyTable(limits { $0.keys = 3 })
        #expect(try table.word(key("runs")) == "first")
        for name in ["a", "b", "c"] { try table.serve(key(name), bytes: 1) }
        #expect(table.count == 3 && table.bytes == 2)
        #expect(try table.word(key("runs")) == "another")
        #expect(try ["b", "c"].map { try table.word(key($0)) } == ["another", "another"])
        #expect(try ["x", "y", "z"].map { try table.word(key($0)) } == ["first", "first", "full"])
        #expect(table.count == 3)
    }

    @Test func manyThreadsMakeOneFirst() throws {
        let table = IdempotencyTable(limits { $0.totalBytes = 1_000 })
        let firsts = Mutex<[String: Int]>([:])
        let print = try fingerprint()
        let group = try LoopGroup(count: 4)
        let done = Atomic(0)
        for loop in group.loops {
            loop.execute {
                for number in 0..<2_000 {
                    let name = "\(number % 500)"
                    if case .first(let answer) = table.claim(key(name), print, at: start) {
                        firsts.withLock { $0[name, default: 0] += 1 }
                        let isKept = table.take(7, for: key(name).owner)
                        table.finish(key(name), isKept ? .kept : .notKept, at: start)
                        let head = RecordedAnswer.Head(status: 200, fields: HTTPResponseHead(status: 200), isStream: false)
                        answer.respond(head, [1, 2, 3, 4, 5, 6, 7], taken: isKept ? 7 : nil, .whole)
                    }
                }
                done.add(1, ordering: .sequentiallyConsistent)
            }
        }
        while done.load(ordering: .sequentiallyConsistent) < 4 {}
        group.stopAndWait()
        #expect(firsts.withLock { $0.count == 500 && $0.values.allSatisfy { $0 == 1 } })
        #expect(table.bytes <= 1_000 && table.count == 500)
    }
}

@Suite struct RequestFingerprintTests {
    private func fingerprint(_ body: String, _ lines: String..., path: String = "/v1/chat/completions") throws -> RequestFingerprint {
        let all = lines.joined(separator: "\r\n")
        return RequestFingerprint(try all.isEmpty ? head(path: path) : head(all, path: path), body: Array(body.utf8))
    }

    @Test func whatChangesTheAnswerCounts() throws {
        let plain = try fingerprint("{}")
        #expect(try fingerprint("{}") == plain)
        let others = [
            try fingerprint("{} "), try fingerprint(""), try fingerprint("{}", path: "/chat/completions"),
            try fingerprint("{}", "x-purser-explain: true"), try fingerprint("{}", "x-purser-max-cost: true"),
            try fingerprint("{}", "x-purser-metadata: {}"), try fingerprint("{}", "x-purser-explain: "),
            try fingerprint("{}", "x-purser-explain: a", "x-purser-max-cost: b"), try fingerprint("{}", "x-purser-explain: ab"),
        ]
        #expect(Set(others + [plain]).count == others.count + 1)
    }

    @Test func whatARetryChangesDoesNot() throws {
        let first = try fingerprint("{}", "x-stainless-retry-count: 0", "traceparent: 1", "x-request-id: a")
        #expect(try fingerprint("{}", "x-stainless-retry-count: 1") == first)
    }
}
