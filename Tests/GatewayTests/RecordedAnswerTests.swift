import EventLoop
import HTTPServer
import Synchronization
import Testing

@testable import Gateway

@Suite struct RecordedAnswerTests {
    private let budget = AnswerBudget(limit: 1_000_000)
    private let streamHead = RecordedAnswer.Head(status: 200, fields: HTTPResponseHead(status: 200), isStream: true)
    private let wholeHead = RecordedAnswer.Head(status: 200, fields: HTTPResponseHead(status: 200), isStream: false)

    private func answer(window: Int = 8) -> RecordedAnswer { RecordedAnswer(budget: budget, window: window) }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// What a reader hears next, as text.
    private func next(_ answer: RecordedAnswer, _ id: Int) -> String {
        switch answer.read(id) {
        case .whole(_, let body): "whole " + String(decoding: body, as: UTF8.self)
        case .beginning: "head"
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .end: "end"
        case .lost: "lost"
        case .nothingYet: "…"
        }
    }

    private func write(_ text: String, to answer: RecordedAnswer) {
        #expect(budget.take(text.utf8.count))
        answer.append(bytes(text), taken: text.utf8.count)
    }

    private func reader(of answer: RecordedAnswer) throws -> Int {
        try #require(answer.attach {})
    }

    @Test func everyReaderGetsAllOfAStream() throws {
        let answer = answer()
        let first = try reader(of: answer)
        #expect(first == RecordedAnswer.firstReader && next(answer, first) == "…")
        answer.begin(streamHead)
        write("one ", to: answer)
        #expect([next(answer, first), next(answer, first), next(answer, first)] == ["head", "one ", "…"])
        let second = try reader(of: answer)
        write("two", to: answer)
        #expect([next(answer, second), next(answer, second), next(answer, second)] == ["head", "one two", "…"])
        answer.end(.whole)
        let third = try reader(of: answer)
        #expect([next(answer, third), next(answer, third), next(answer, third)] == ["head", "one two", "end"])
        #expect([next(answer, first), next(answer, first)] == ["two", "end"])
        #expect(next(answer, second) == "end")
    }

    @Test func readersStopBetweenWrites() throws {
        let answer = answer()
        let id = try reader(of: answer)
        answer.begin(streamHead)
        let pieces = [30_000, 30_000, 5_000, 1_000, 100_000, 3, 65_536, 70_000].map { String(repeating: "x", count: $0) }
        for piece in pieces { write(piece, to: answer) }
        _ = next(answer, id)
        #expect((0..<5).map { _ in next(answer, id).utf8.count } == [65_000, 1_000, 100_000, 3, 65_536])
        #expect([next(answer, id).utf8.count, next(answer, id).utf8.count] == [70_000, 3])
    }

    @Test func wholeAnswersComeWhole() throws {
        let answer = answer()
        let first = try reader(of: answer)
        #expect(next(answer, first) == "…")
        answer.respond(wholeHead, bytes("all"), taken: 0, .whole)
        #expect(next(answer, first) == "whole all")
        #expect(next(answer, try reader(of: answer)) == "whole all")
    }

    @Test func whoWaitsIsWokenOnce() throws {
        let answer = answer()
        let wakes = Mutex(0)
        let id = try #require(answer.attach { wakes.withLock { $0 += 1 } })
        answer.begin(streamHead)
        #expect(wakes.withLock(\.self) == 0)
        #expect([next(answer, id), next(answer, id)] == ["head", "…"])
        write("a", to: answer)
        write("b", to: answer)
        #expect(wakes.withLock(\.self) == 1)
        #expect([next(answer, id), next(answer, id)] == ["ab", "…"])
        answer.end(.whole)
        #expect(wakes.withLock(\.self) == 2 && next(answer, id) == "end")
    }

    @Test func anAnswerThatNeverCameIsLost() throws {
        let answer = answer()
        let id = try reader(of: answer)
        answer.end(.failed)
        #expect(next(answer, id) == "lost")
    }

    @Test func itsBytesComeBackWithTheLastThatHoldsIt() {
        var answer: RecordedAnswer? = answer()
        answer?.begin(streamHead)
        if let answer { write("twelve bytes", to: answer) }
        #expect(budget.bytes == 12)
        answer = nil
        #expect(budget.bytes == 0)
    }

    @Test func aKeptAnswerIsHeldUpByNobody() throws {
        let answer = answer(window: 8)
        _ = try reader(of: answer)
        answer.begin(streamHead)
        write("far more than the window is wide", to: answer)
        #expect(answer.pace() == .goOn)
    }

    @Test func theFirstClientSetsThePaceOfWhatIsNotKept() throws {
        let answer = answer(window: 8)
        let wakes = Mutex(0)
        let (first, slow) = (try reader(of: answer), try reader(of: answer))
        answer.notifyWriter { wakes.withLock { $0 += 1 } }
        answer.begin(streamHead)
        write("0123456789", to: answer)
        #expect([next(answer, first), next(answer, slow)] == ["head", "head"])
        answer.append(bytes("abcdef"), taken: nil)
        // Nothing that the first client has not got is given up for anybody.
        #expect(answer.pace() == .pause && answer.attach {} == nil)
        #expect(next(answer, first) == "0123456789abcdef" && wakes.withLock(\.self) == 1)
        #expect(answer.pace() == .goOn)
        answer.append(bytes("ghij"), taken: nil)
        #expect(next(answer, first) == "ghij")
        // The window's eight bytes and no more are left; the budget has the others back.
        #expect(next(answer, slow) == "lost" && budget.bytes == 0)
        answer.end(.whole)
        #expect(next(answer, first) == "end")
    }

    @Test func withoutTheFirstTheFastestSetsIt() throws {
        let answer = answer(window: 8)
        let (first, fast, slow) = (try reader(of: answer), try reader(of: answer), try reader(of: answer))
        answer.begin(streamHead)
        write("0123456789", to: answer)
        for id in [first, fast, slow] { #expect(next(answer, id) == "head") }
        answer.detach(first)
        #expect(next(answer, fast) == "0123456789")
        answer.append(bytes("abcdef"), taken: nil)
        #expect(answer.pace() == .goOn)
        // One that is behind by less than the window goes on.
        #expect(next(answer, fast) == "abcdef" && next(answer, slow) == "lost")
        answer.detach(fast)
        answer.detach(slow)
        #expect(answer.isUnattended && answer.pace() == .nobody)
    }

    @Test func theWriterHearsOfComingAndGoing() throws {
        let answer = answer()
        let wakes = Mutex(0)
        answer.notifyWriter { wakes.withLock { $0 += 1 } }
        let id = try reader(of: answer)
        #expect(wakes.withLock(\.self) == 1 && !answer.isUnattended)
        answer.detach(id)
        #expect(wakes.withLock(\.self) == 2 && answer.isUnattended)
        answer.end(.whole)
        answer.detach(try reader(of: answer))
        #expect(wakes.withLock(\.self) == 2)
    }

    /// A writer and readers on loops of their own: whatever the order of things, everybody gets every byte.
    @Test func manyThreadsReadTheSame() async throws {
        let group = try LoopGroup(count: 4)
        let answer = answer()
        let results = Mutex<[Int]>([])
        for loop in group.loops.dropFirst() {
            for _ in 0..<5 {
                loop.spawn {
                    let signal = Signal()
                    guard let id = answer.attach({ loop.execute { signal.wake() } }) else { return }
                    var sum = 0
                    reading: while true {
                        switch answer.read(id) {
                        case .bytes(let bytes): sum = bytes.reduce(sum) { ($0 &* 31 &+ Int($1)) % 1_000_003 }
                        case .end, .lost, .whole: break reading
                        case .beginning: break
                        case .nothingYet: await signal.wait()
                        }
                    }
                    results.withLock { $0.append(sum) }
                }
            }
        }
        var expected = 0
        answer.begin(streamHead)
        for number in 0..<3_000 {
            let piece = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
            expected = piece.reduce(expected) { ($0 &* 31 &+ Int($1)) % 1_000_003 }
            #expect(budget.take(2))
            answer.append(piece, taken: 2)
        }
        answer.end(.whole)
        #expect(await eventually { results.withLock { $0.count == 15 } })
        #expect(results.withLock { Set($0) } == [expected])
        group.stopAndWait()
    }
}

/// A wake-up that may come before it is waited for; used on one loop.
private final class Signal: @unchecked Sendable {
    private var isSet = false
    private var continuation: UnsafeContinuation<Void, Never>?

    func wait() async {
        if !isSet { await withUnsafeContinuation { continuation = $0 } }
        isSet = false
    }

    func wake() {
        isSet = true
        let waiting = continuation
        continuation = nil
        waiting?.resume()
    }
}
