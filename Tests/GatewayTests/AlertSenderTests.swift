import EventLoop
import Ledger
import Limits
import Testing

@testable import Gateway

@Suite struct AlertSenderTests {
    private let log = LogLines()
    private let quick = AlertSender.Patience(deadline: .milliseconds(300), pauses: [.milliseconds(10), .milliseconds(20)])

    /// Sends on a loop of its own from this thread, and lets `body` look.
    private func sending(_ patience: AlertSender.Patience? = nil, _ body: (AlertSender) async -> Void) async throws {
        let group = try LoopGroup(count: 1)
        await body(AlertSender(loop: group.loops[0], log: log.logger, patience: patience ?? quick))
        group.stopAndWait()
    }

    @Test func aWebhookGetsTheLimitAsJSON() async throws {
        let receiver = try Receiver()
        let alert = try alert(receiver.url)
        try await sending { sender in
            sender.send(alert)
            #expect(await eventually { receiver.bodies.count == 1 })
        }
        let body = receiver.bodies[0]
        #expect(body.hasPrefix(#"{"event":"soft_limit_reached","time":"20"#))
        #expect(body.contains(#""scope":"acme/research","key":null,"user":null,"kind":"usd","period":"day""#))
        #expect(body.contains(#""limit":"1.5","spent":"2""#) && body.contains(#""left":"0""#))
        #expect(log.count(of: "limit reached") == 1 && log.count(of: "webhook") == 0)
    }

    @Test func withoutAWebhookTheLogIsTold() async throws {
        let alert = try alert(nil)
        try await sending { $0.send(alert) }
        #expect(log.count(of: "limit reached") == 1 && log.count(of: "acme/research") == 1)
    }

    @Test func anAddressThatIsNotAllowedIsNotCalled() async throws {
        let alert = try alert("http://example.com/token")
        try await sending { $0.send(alert) }
        #expect(log.count(of: "nothing was posted") == 1 && log.count(of: "token") == 0)
    }

    @Test(arguments: [500, 404, 301]) func aRefusalIsTriedThreeTimes(status: Int) async throws {
        let receiver = try Receiver(status: status)
        let alert = try alert(receiver.url + "?token=CANARY")
        try await sending { sender in
            sender.send(alert)
            #expect(await eventually { log.count(of: "given up") == 1 })
        }
        #expect(receiver.bodies.count == 3 && Set(receiver.bodies).count == 1)
        #expect(log.count(of: "trying again") == 2 && log.count(of: "status \(status)") == 3)
        #expect(log.count(of: "CANARY") == 0 && log.count(of: "/hook") == 0)
    }

    @Test func aReceiverThatDoesNotAnswerIsGivenUpInTime() async throws {
        let receiver = try Receiver(isOpen: false)
        let alert = try alert(receiver.url)
        try await sending { sender in
            let begin = MonotonicTime.now()
            sender.send(alert)
            #expect(await eventually { log.count(of: "given up") == 1 })
            let taken = MonotonicTime.now().microseconds(since: begin)
            #expect(taken >= 900_000)
        }
        receiver.open()
        #expect(log.count(of: "Timeout") == 3)
    }

    @Test func atMostSixteenAreUnderWayAndWhatIsTooMuchIsCounted() async throws {
        let receiver = try Receiver(isOpen: false)
        let alert = try alert(receiver.url)
        try await sending(AlertSender.Patience(deadline: .seconds(20), pauses: [])) { sender in
            for _ in 0..<300 { sender.send(alert) }
            #expect(await eventually { receiver.mostUnderWay == 16 })
            receiver.open()
            #expect(await eventually { receiver.bodies.count == 256 })
            #expect(await eventually { log.count(of: "\"dropped\": 44") == 1 })
            // There is room again.
            sender.send(alert)
            #expect(await eventually { receiver.bodies.count == 257 })
        }
        #expect(receiver.mostUnderWay == 16)
        #expect(log.count(of: "limit reached") == 301)
    }
}
