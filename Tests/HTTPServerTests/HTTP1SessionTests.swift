import EventLoop
import Testing

@testable import HTTPServer

/// A connection without a socket: events go in, what the session wants and writes is taken down.
final class SessionScript {
    var session: HTTP1Session
    var now = MonotonicTime(nanoseconds: 0)
    var output: [UInt8] = []
    var keepsConnections = true
    var isDraining = false

    static let timeouts: HTTPTimeouts = {
        var timeouts = HTTPTimeouts()
        (timeouts.head, timeouts.keepAlive) = (.seconds(15), .seconds(75))
        (timeouts.bodyIdle, timeouts.bodyTotal, timeouts.bodyBytesPerSecond) = (.seconds(30), .seconds(600), 100)
        return timeouts
    }()

    init(limits: HTTPLimits = HTTPLimits()) { session = HTTP1Session(HTTPRules(limits, Self.timeouts)) }

    private var surroundings: HTTP1Session.Surroundings {
        HTTP1Session.Surroundings(date: Array("D".utf8), keepsConnections: keepsConnections)
    }

    func awaitRequest() -> String { name(session.awaitRequest(at: now, keepsConnections: keepsConnections)) }

    func receive(_ text: String) -> String {
        name(Array(text.utf8).withUnsafeBytes { session.received($0, at: now) })
    }

    func receiveBody(_ text: String) { Array(text.utf8).withUnsafeBytes { session.receivedBody($0, at: now) } }

    func respond(_ status: Int = 200, _ body: String = "ok") {
        session.respond(HTTPResponseHead(status: status), body: Array(body.utf8), surroundings, to: &output)
    }

    func begin() { session.begin(HTTPResponseHead(status: 200), surroundings, to: &output) }
    func write(_ text: String) { session.write(Array(text.utf8), to: &output) }
    func end() { session.end(to: &output) }

    func refusal(_ status: Int) {
        session.respondToRefused(HTTPResponseHead(status: status), body: Array("no".utf8), surroundings, to: &output)
    }

    /// Ends the exchange; says whether another request may come.
    func conclude() -> Bool { session.conclude(isDraining: isDraining) }

    func timedOut() -> String { name(session.timedOut()) }
    func closed() -> String { name(session.closed()) }
    func nothingCame() -> String { name(session.nothingCame(isDraining: isDraining)) }
    func refuse(_ violation: HTTPViolation) -> String { name(session.refuse(violation)) }
    func drain() -> Bool { session.drain() }
    func saveMemory() -> Bool { session.saveMemory(at: now) }

    /// What was written since the last time.
    func written() -> String {
        defer { output = [] }
        return String(decoding: output, as: UTF8.self)
    }

    /// Seconds until the deadline; `nil` for none.
    var patience: Int? { session.deadline == .never ? nil : Int((session.deadline - now).components.seconds) }

    func name(_ action: HTTP1Session.Action) -> String {
        switch action {
        case .read: "read"
        case .request(let head): "request \(String(decoding: head.path, as: UTF8.self))"
        case .refuse(let violation): "refuse \(violation.status)"
        case .end: "end"
        }
    }
}

private func get(_ path: String, _ fields: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n" }
private func post(_ fields: String, _ body: String = "") -> String { "POST /p HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\(body)" }
private let okHead = "HTTP/1.1 200 OK\r\ndate: D\r\n"
private let whole = okHead + "content-length: 2\r\n\r\nok"
private let wholeLast = okHead + "content-length: 2\r\nconnection: close\r\n\r\nok"

@Suite struct HTTP1SessionTests {
    // MARK: Heads

    @Test func pipelinedRequestsComeOneAfterTheOther() {
        let script = SessionScript()
        #expect(script.awaitRequest() == "read")
        #expect(script.receive(get("/1") + get("/2") + "GET /3 HT") == "request /1")
        script.respond()
        #expect(script.conclude())
        #expect(script.awaitRequest() == "request /2")
        script.respond()
        #expect(script.conclude())
        #expect(script.awaitRequest() == "read")
        // What has begun has the time of a head, not that of an idle connection.
        #expect(script.patience == 15)
        #expect(script.receive("TP/1.1\r\nHost: h\r\n\r\n") == "request /3")
        script.respond()
        #expect(script.written() == whole + whole + whole)
    }

    @Test func aHeadMayDripIn() {
        let script = SessionScript()
        _ = script.awaitRequest()
        let bytes = get("/drip").map(String.init)
        for byte in bytes.dropLast() { #expect(script.receive(byte) == "read") }
        #expect(script.receive(bytes.last ?? "") == "request /drip")
        #expect(script.patience == nil)
    }

    @Test(arguments: [
        ("\u{16}\u{3}\u{1}", 400), ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
        ("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n", 413), ("GET /" + String(repeating: "a", count: 200), 414),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "a", count: 400), 431),
    ])
    func whatIsNoRequestIsRefusedAndEndsTheConnection(_ text: String, _ status: Int) {
        let script = SessionScript(limits: HTTPLimits(requestLine: 100, head: 300, body: 50))
        _ = script.awaitRequest()
        #expect(script.receive(text + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n") == "refuse \(status)")
        script.refusal(status)
        #expect(script.written().hasSuffix("content-length: 2\r\nconnection: close\r\n\r\nno"))
        #expect(script.session.lingers)
        #expect(script.awaitRequest() == "end")
    }

    @Test func plainHTTPOnTheTLSPortIsRefused() {
        let script = SessionScript()
        #expect(script.refuse(.notEncrypted) == "refuse 400")
        #expect(script.session.lingers)
        #expect(script.session.phase == .over)
    }

    // MARK: Time

    @Test func eachWaitHasItsDeadline() {
        let script = SessionScript()
        _ = script.awaitRequest()
        #expect(script.patience == 15)
        script.now = script.now + .seconds(10)
        #expect(script.receive("GET ") == "read")
        #expect(script.patience == 15)
        script.now = script.now + .seconds(3)
        // A head that drips in does not earn more time.
        #expect(script.receive("/ HTTP/1.1\r\n") == "read")
        #expect(script.patience == 12)
        #expect(script.receive("Host: h\r\n\r\n") == "request /")
        #expect(script.patience == nil)
        script.respond()
        #expect(script.conclude())
        #expect(script.awaitRequest() == "read")
        #expect(script.patience == 75)
    }

    @Test(arguments: [("", "end"), ("GET / HT", "refuse 408")])
    func aHeadThatDoesNotComeInTimeIsAnsweredIfItHasBegun(_ sent: String, _ action: String) {
        let script = SessionScript()
        _ = script.awaitRequest()
        if !sent.isEmpty { _ = script.receive(sent) }
        #expect(script.timedOut() == action)
    }

    @Test func anIdleConnectionMustHurryWhereConnectionsAreNotKept() {
        let script = SessionScript()
        _ = script.awaitRequest()
        _ = script.receive(get("/"))
        script.respond()
        #expect(script.conclude())
        script.keepsConnections = false
        _ = script.awaitRequest()
        #expect(script.patience == 15)
    }

    // MARK: Half close and endings

    @Test(arguments: ["", "GET / HT"])
    func aClientThatSendsNoMoreEndsTheConnection(_ sent: String) {
        let script = SessionScript()
        _ = script.awaitRequest()
        if !sent.isEmpty { _ = script.receive(sent) }
        #expect(script.closed() == "end")
        #expect(!script.session.lingers)
    }

    @Test(arguments: [
        (get("/"), true), (get("/", "Connection: close\r\n"), false), ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
    ])
    func theClientSaysWhetherTheConnectionStays(_ request: String, _ stays: Bool) {
        let script = SessionScript()
        _ = script.awaitRequest()
        #expect(script.receive(request) == "request /")
        script.respond()
        #expect(script.written() == (stays ? whole : wholeLast))
        #expect(script.conclude() == stays)
    }

    @Test func drainingEndsWhatRestsNowAndTheOthersAfterTheirAnswer() {
        let resting = SessionScript()
        _ = resting.awaitRequest()
        #expect(resting.drain())
        resting.isDraining = true
        #expect(resting.nothingCame() == "end")

        let busy = SessionScript()
        _ = busy.awaitRequest()
        _ = busy.receive(get("/"))
        #expect(!busy.drain())
        (busy.isDraining, busy.keepsConnections) = (true, false)
        busy.respond()
        #expect(busy.written() == wholeLast)
        #expect(!busy.conclude())
        #expect(busy.awaitRequest() == "end")
    }

    @Test func aRequestThatIsHereAlreadyIsAnsweredBeforeTheConnectionEnds() {
        let script = SessionScript()
        _ = script.awaitRequest()
        #expect(script.drain())
        #expect(script.receive(get("/late")) == "request /late")
    }

    @Test func savingMemoryEndsWhatWasKeptAndHurriesWhatIsNew() {
        let script = SessionScript()
        _ = script.awaitRequest()
        script.now = script.now + .seconds(10)
        #expect(!script.saveMemory())
        #expect(script.patience == 15)
        #expect(script.nothingCame() == "read")
        _ = script.receive(get("/"))
        #expect(!script.saveMemory())
        script.respond()
        #expect(script.conclude())
        _ = script.awaitRequest()
        #expect(script.saveMemory())
        #expect(script.nothingCame() == "end")
    }

    // MARK: Answers

    @Test func aStreamIsChunkedOrEndsWithTheConnection() {
        for (request, expected, stays) in [
            (get("/"), okHead + "transfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", true),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", okHead + "connection: close\r\n\r\nabc", false),
            (
                "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", okHead + "transfer-encoding: chunked\r\n\r\n", true
            ),
        ] {
            let script = SessionScript()
            _ = script.awaitRequest()
            #expect(script.receive(request) == "request /")
            script.begin()
            script.write("a")
            script.write("bc")
            script.end()
            #expect(script.written() == expected)
            #expect(script.conclude() == stays)
        }
    }

    @Test func anAnswerToHEADHasTheLengthAndNoBody() {
        let script = SessionScript()
        _ = script.awaitRequest()
        _ = script.receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        script.respond()
        #expect(script.written() == okHead + "content-length: 2\r\n\r\n")
    }

    @Test func onlyOneAnswerIsWrittenAndNothingBehindIt() {
        let script = SessionScript()
        _ = script.awaitRequest()
        _ = script.receive(get("/"))
        script.write("too early")
        script.end()
        script.respond()
        script.respond(500)
        script.begin()
        script.write("too late")
        script.end()
        #expect(script.written() == whole)
        #expect(script.conclude())
    }

    @Test(arguments: [true, false])
    func anAnswerThatDidNotEndEndsTheConnection(hasBegun: Bool) {
        let script = SessionScript()
        _ = script.awaitRequest()
        _ = script.receive(get("/"))
        if hasBegun { script.begin() }
        #expect(!script.conclude())
        #expect(script.awaitRequest() == "end")
    }
}

@Suite struct HTTP1SessionBodyTests {
    /// Reads what has come of the body; the bytes so far, and whether that is all.
    private func take(_ script: SessionScript, _ body: inout [UInt8]) -> String {
        let result = script.session.takeBody(into: &body)
        let text = String(decoding: body, as: UTF8.self)
        return switch result {
        case .complete: "all \(text)"
        case .incomplete: "some \(text)"
        case .invalid(let violation): "invalid \(violation.status)"
        }
    }

    @Test(arguments: [
        ("Content-Length: 5\r\n", ["hel", "loGET /next"], ["some hel", "all hello"]),
        (
            "Transfer-Encoding: chunked\r\n", ["3\r\nhel", "\r\n2\r\nlo\r\n0\r\n", "\r\nGET /next"],
            ["some hel", "some hello", "all hello"]
        ),
        ("Transfer-Encoding: chunked\r\n", ["3\r\nhelX"], ["invalid 400"]),
        ("Transfer-Encoding: chunked\r\n", ["ff\r\n"], ["invalid 413"]),
    ])
    func framingIsTakenOff(_ fields: String, _ pieces: [String], _ results: [String]) {
        let script = SessionScript(limits: HTTPLimits(body: 100))
        _ = script.awaitRequest()
        #expect(script.receive(post(fields)) == "request /p")
        script.session.beginBody(at: script.now)
        var body: [UInt8] = []
        for (piece, result) in zip(pieces, results) {
            script.receiveBody(piece)
            let taken = take(script, &body)
            #expect(taken == result)
        }
        let isWhole = results.last?.hasPrefix("all") == true
        script.session.endBody(isWhole: isWhole)
        script.respond()
        #expect(script.conclude() == isWhole)
        #expect(script.session.lingers != isWhole)
        guard isWhole else { return }
        // What followed the body is the next request's.
        #expect(script.awaitRequest() == "read")
        #expect(script.receive(" HTTP/1.1\r\nHost: h\r\n\r\n") == "request /next")
    }

    @Test func aClientThatWaitsIsToldToContinue() {
        for (fields, interim) in [("Expect: 100-continue\r\n", "HTTP/1.1 100 Continue\r\n\r\n"), ("", "")] {
            let script = SessionScript()
            _ = script.awaitRequest()
            _ = script.receive(post("Content-Length: 2\r\n" + fields))
            script.session.appendContinue(to: &script.output)
            #expect(script.written() == interim)
        }
    }

    @Test func aBodyMustGoOnAndBeFastEnough() {
        let script = SessionScript()
        _ = script.awaitRequest()
        _ = script.receive(post("Content-Length: 100000\r\n"))
        script.session.beginBody(at: script.now)
        #expect(script.patience == 30)
        script.now = script.now + .seconds(20)
        script.receiveBody("a")
        // 30 seconds from the beginning, for one byte earns nothing.
        #expect(script.patience == 10)
        script.receiveBody(String(repeating: "a", count: 1_500))
        #expect(script.patience == 25)
        script.now = script.now + .seconds(5)
        script.receiveBody(String(repeating: "a", count: 90_000))
        #expect(script.patience == 30)
        script.now = script.now + .seconds(565)
        script.receiveBody("a")
        #expect(script.patience == 10)
        script.session.endBody(isWhole: false)
        #expect(script.patience == nil)
        script.respond(408)
        #expect(script.session.lingers)
        #expect(!script.conclude())
    }

    @Test func aBodyThatHasComeIsTakenAtOnce() {
        let script = SessionScript()
        _ = script.awaitRequest()
        _ = script.receive(post("Content-Length: 5\r\n", "hel"))
        var body: [UInt8] = []
        script.session.takeArrivedBody(into: &body)
        #expect(body.isEmpty)
        Array("lo".utf8).withUnsafeBytes { script.session.append($0) }
        script.session.takeArrivedBody(into: &body)
        #expect(body == Array("hello".utf8))
        script.session.takeArrivedBody(into: &body)
        #expect(body.count == 5)
        script.respond()
        #expect(script.written() == whole)
        #expect(script.conclude())
    }

    @Test func aRefusalKeepsTheConnectionOnlyIfTheBodyIsDropped() {
        for (sent, fields, stays) in [
            ("hello", "Content-Length: 5\r\n", true), ("hel", "Content-Length: 5\r\n", false),
            ("hello", "Content-Length: 5\r\nExpect: 100-continue\r\n", false), ("0\r\n\r\n", "Transfer-Encoding: chunked\r\n", false),
        ] {
            let script = SessionScript()
            _ = script.awaitRequest()
            _ = script.receive(post(fields, sent))
            script.session.dropBody()
            script.respond(401)
            #expect(script.written().contains("connection: close") != stays)
            #expect(script.session.lingers != stays)
            #expect(script.conclude() == stays)
        }
    }
}
