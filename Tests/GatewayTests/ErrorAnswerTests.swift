import Chat
import Core
import HTTPServer
import Testing

@testable import Gateway

@Suite struct ErrorAnswerTests {
    private func lines(_ error: GatewayError) -> [String] { fields(ErrorAnswer(error).appendFields) }

    private func error(_ status: Int, _ retry: GatewayError.Retry) -> GatewayError {
        GatewayError(GatewayError.Code("c", status, "t"), "m", source: .upstream, retry: retry)
    }

    @Test func theBodyIsOpenAIs() {
        let answer = ErrorAnswer(GatewayError(.invalidRequest, "Wrong \"role\".", param: "messages.0.role", detail: "for the log"))
        #expect(answer.status == 400)
        let body = String(decoding: answer.body, as: UTF8.self)
        #expect(body.contains(#""message":"Wrong \"role\".""#) && body.contains(#""param":"messages.0.role""#))
        #expect(body.contains(#""type":"invalid_request_error""#) && !body.contains("for the log"))
    }

    @Test func aProvidersOwnBodyIsPassedOnWithItsStatus() {
        let error = GatewayError(
            .upstreamError, "hidden", source: .upstream, retry: .elsewhere,
            passThrough: (422, Array(#"{"error":{"message":"theirs"}}"#.utf8)))
        let answer = ErrorAnswer(error)
        #expect(answer.status == 422 && String(decoding: answer.body, as: UTF8.self).contains("theirs"))
        #expect(lines(error) == ["content-type: application/json"], "422 is not tried again by itself")
    }

    @Test func whoHasNoKeyIsToldHowToSendIt() {
        #expect(lines(GatewayError(.invalidAPIKey, "m")) == ["content-type: application/json", "www-authenticate: Bearer"])
    }

    @Test(arguments: [
        (Duration.seconds(1), "1", "1000"), (.milliseconds(1), "1", "1"), (.milliseconds(1_001), "2", "1001"), (.zero, "1", "1"),
        (.seconds(-5), "1", "1"), (.microseconds(500), "1", "1"), (.seconds(3_600), "3600", "3600000"),
        (.seconds(86_400 * 30), "86400", "86400000"),
    ])
    func theTimeToWaitIsWholeSecondsRoundedUpAndMilliseconds(_ wait: Duration, _ seconds: String, _ milliseconds: String) {
        #expect(
            lines(error(503, .after(wait))) == [
                "content-type: application/json", "retry-after: \(seconds)", "retry-after-ms: \(milliseconds)",
            ])
    }

    @Test(arguments: [
        (500, GatewayError.Retry.never, true), (502, .elsewhere, true), (599, .never, true), (402, .never, true), (409, .never, true),
        (429, .never, true), (429, .elsewhere, true), (400, .never, false), (401, .never, false), (403, .never, false),
        (404, .never, false), (408, .never, false), (413, .never, false), (422, .never, false), (499, .never, false),
        (500, .sameTarget, false), (503, .nextTarget, false), (429, .sameTarget, false), (402, .sameTarget, false),
        (503, .after(.seconds(1)), false), (429, .after(.seconds(1)), false),
    ])
    func clientsThatRetryByThemselvesAreStoppedWhereItCannotHelp(_ status: Int, _ retry: GatewayError.Retry, _ isStopped: Bool) {
        #expect(lines(error(status, retry)).contains("x-should-retry: false") == isStopped)
    }

    /// A provider's 429 for one request alone, by its own size, comes again however often it is sent.
    @Test(arguments: [(429, true), (503, false), (400, false)]) func whatOneRequestCausedItselfIsNotRetried(
        _ status: Int, _ isStopped: Bool
    ) {
        var own = error(status, .after(.seconds(2)))
        own.isOfOneRequest = true
        #expect(lines(own).contains("x-should-retry: false") == isStopped)
        #expect(lines(own).contains("retry-after: 2"))
    }

    @Test(arguments: [
        (HTTPViolation.headTimeout, "request_timeout", 408), (.bodyTimeout, "request_timeout", 408),
        (.clientLeft, "client_closed_request", 499), (.noRoom, "invalid_request_error", 503), (.notHTTP, "invalid_request_error", 400),
    ])
    func violationsOfHTTPHaveTheAPIsCodes(_ violation: HTTPViolation, _ code: String, _ status: Int) {
        let error = GatewayError(violation)
        #expect(error.code.name == code && error.code.status == status && error.publicMessage == violation.reason.description)
        #expect(error.source == .client && error.code.type == "invalid_request_error")
    }
}

@Suite struct ServerTimingTests {
    @Test(arguments: [
        (Int64(214), Int64(3_021), "gateway;dur=0.214, upstream;dur=3.021"), (0, 0, "gateway;dur=0.000, upstream;dur=0.000"),
        (7, 1_000, "gateway;dur=0.007, upstream;dur=1.000"), (999_999, 60_000_010, "gateway;dur=999.999, upstream;dur=60000.010"),
        (-3, -9_000, "gateway;dur=0.000, upstream;dur=0.000"),
        (.max, .min, "gateway;dur=9223372036854775.807, upstream;dur=0.000"),
    ])
    func timesAreMillisecondsWithThreePlaces(_ gateway: Int64, _ upstream: Int64, _ value: String) {
        #expect(fields { ServerTiming.append(gateway: gateway, upstream: upstream, to: &$0) } == ["server-timing: " + value])
    }
}

@Suite struct ResetDistanceTests {
    @Test(arguments: [
        (Int64(0), "0ms"), (-1, "0ms"), (-9_000_000_000, "0ms"), (1, "1ms"), (350_000, "350ms"), (998_001, "999ms"), (999_000, "999ms"),
        (999_001, "1s"), (1_000_000, "1s"), (1_000_001, "2s"), (59_000_000, "59s"), (59_000_001, "1m0s"), (360_000_000, "6m0s"),
        (3_599_000_000, "59m59s"), (3_599_500_000, "1h0m0s"), (90_061_000_000, "25h1m1s"), (2_678_400_000_000, "744h0m0s"),
    ])
    func theTimeToAResetIsRoundedUp(_ microseconds: Int64, _ text: String) {
        let now = WallTime(microseconds: 1_767_225_600_000_000)
        #expect(WallTime(microseconds: now.microseconds + microseconds).distance(from: now) == text)
    }
}
