import EventLoop
import Testing

@testable import HTTPServer

@Suite struct ChannelInterestTests {
    struct Case: CustomStringConvertible, Sendable {
        var description: String
        var readiness: Readiness
        var readerWaits = false
        var isInExchange = false
        var isEncrypted = false
        var news: ChannelInterest.News
        var wanted: Readiness = [.readable, .peerClosed]
    }

    static let cases = [
        Case(description: "bytes for who waits", readiness: .readable, readerWaits: true, news: .wakesReader),
        Case(description: "bytes for nobody", readiness: .readable, news: .nothing, wanted: []),
        Case(description: "pipelined bytes", readiness: .readable, isInExchange: true, news: .nothing, wanted: []),
        Case(
            description: "pipelined bytes over TLS", readiness: .readable, isInExchange: true, isEncrypted: true, news: .nothing,
            wanted: .peerClosed),
        Case(description: "half close while a request is waited for", readiness: .peerClosed, readerWaits: true, news: .wakesReader),
        Case(
            description: "half close of a client that may be reading", readiness: .peerClosed, isInExchange: true, news: .nothing,
            wanted: []),
        Case(description: "half close over TLS", readiness: .peerClosed, isInExchange: true, isEncrypted: true, news: .lost),
        Case(description: "a reset", readiness: [.hungUp, .readable], readerWaits: true, news: .lost),
        Case(description: "an error", readiness: .failed, news: .lost),
        Case(description: "room", readiness: .writable, news: .nothing),
    ]

    @Test(arguments: cases)
    func readiness(_ one: Case) {
        var interest = ChannelInterest()
        let news = interest.note(
            one.readiness, readerWaits: one.readerWaits, isInExchange: one.isInExchange, isEncrypted: one.isEncrypted)
        #expect(news == one.news)
        if news != .lost { #expect(interest.wanted == one.wanted) }
        #expect(interest.mayRead == (news != .lost && !one.readiness.isDisjoint(with: [.readable, .peerClosed])))
    }

    @Test func aFullSocketIsWatchedForRoom() {
        var interest = ChannelInterest()
        interest.awaitRoom()
        #expect(!interest.mayWrite)
        #expect(interest.wanted == [.readable, .peerClosed, .writable])
        _ = interest.note([.writable], readerWaits: false, isInExchange: true, isEncrypted: false)
        #expect(interest.mayWrite)
        #expect(interest.wanted == [.readable, .peerClosed])
    }

    @Test func whatCameForNobodyIsLookedForAgainBySomebody() {
        var interest = ChannelInterest()
        _ = interest.note(.readable, readerWaits: false, isInExchange: false, isEncrypted: false)
        #expect(interest.wanted.isEmpty)
        interest.awaitBytes()
        #expect(interest.wanted == [.readable, .peerClosed])
    }
}

@Suite struct OutputBufferTests {
    private func unsent(_ buffer: OutputBuffer) -> [UInt8] { buffer.send { Array($0) } }

    @Test func whatHasLeftIsNotSentAgain() {
        var buffer = OutputBuffer()
        buffer.bytes += [1, 2, 3]
        buffer.noteSent(2)
        buffer.forgetSent()
        buffer.bytes += [4]
        #expect(unsent(buffer) == [3, 4])
        #expect(buffer.unsentCount == 2)
        buffer.noteSent(2)
        buffer.forgetSent()
        #expect(unsent(buffer).isEmpty)
        #expect(buffer.bytes.isEmpty)
    }

    /// A client that is a little slower than its provider never empties the buffer.
    @Test func whatHasLeftDoesNotPileUp() {
        var buffer = OutputBuffer()
        let piece = [UInt8](repeating: 7, count: 1_000)
        for _ in 0..<1_000 {
            buffer.bytes += piece
            buffer.noteSent(buffer.unsentCount - 1)
            buffer.forgetSent()
        }
        #expect(buffer.unsentCount == 1)
        #expect(buffer.bytes.count < 70_000)
    }

    @Test(arguments: [(3_000, false, true), (100_000, false, false), (3_000, true, false), (300, true, true)])
    func anEmptiedBufferKeepsLittle(_ size: Int, _ isInExchange: Bool, _ keeps: Bool) {
        var buffer = OutputBuffer()
        buffer.bytes += [UInt8](repeating: 7, count: size)
        buffer.noteSent(size)
        buffer.forgetSent(isInExchange: isInExchange)
        #expect((buffer.bytes.capacity > 0) == keeps)
    }
}

@Suite struct HTTPFieldBufferTests {
    @Test(arguments: 0..<4)
    func namesAndValuesComeBack(split: Int) {
        let fields: [(StaticString, String)] = [("a", ""), ("x-long", String(repeating: "v", count: 65_535)), ("b-c", "1\t2")]
        var (first, second) = (HTTPFieldBuffer(), HTTPFieldBuffer())
        for (index, field) in fields.enumerated() {
            if index < split { first.append(field.0, field.1.utf8.span) } else { second.append(field.0, field.1.utf8.span) }
        }
        first.append(second)
        first.append("n", decimal: -7)
        var count = 0
        first.forEachReversed { name, value in
            count += 1
            if count == 3 { #expect(name.count == 6 && value.count == 65_535) }
        }
        #expect(count == 4)
        var output = Array("head\r\n".utf8)
        first.appendLines(to: &output)
        #expect(
            String(decoding: output, as: UTF8.self)
                == "head\r\na: \r\nx-long: \(fields[1].1)\r\nb-c: 1\t2\r\nn: -7\r\n")
    }

    @Test func aValueOfTooManyBytesIsRefused() {
        var head = HTTPResponseHead(status: 200)
        let isAppended = head.appendField("x-a", value: String(repeating: "v", count: 65_536))
        #expect(!isAppended)
    }
}
