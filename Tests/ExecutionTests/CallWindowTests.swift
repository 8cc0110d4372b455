import Chat
import EventLoop
import Testing
import Upstream

@testable import Execution

@Suite struct CallWindowTests {
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    private func window(deadline: Duration? = nil, place: Duration? = nil, total: Duration = .seconds(600)) -> CallWindow {
        CallWindow(
            deadline: deadline.map { Self.start + $0 } ?? .never, placeTimeout: place, providerTotal: total, at: Self.start)
    }

    @Test func end_isTheEarliestOfAll() {
        #expect(window().end == Self.start + .seconds(600))
        #expect(window(place: .seconds(3)).end == Self.start + .seconds(3))
        #expect(window(deadline: .seconds(2), place: .seconds(3)).end == Self.start + .seconds(2))
        #expect(window(deadline: .seconds(20), total: .seconds(10)).end == Self.start + .seconds(10))
    }

    @Test func deadlines_tellTheCallersFromTheProviders() {
        let deadlines = window(deadline: .seconds(2), place: .seconds(3)).deadlines
        #expect(deadlines.caller == Self.start + .seconds(2) && deadlines.provider == Self.start + .seconds(600))
    }

    @Test(arguments: [
        (nil, nil, true), (Duration.milliseconds(5), nil, false), (nil, Duration.seconds(30), false), (.seconds(70), nil, true),
    ])
    func patience_isTheProvidersTimeToBegin(deadline: Duration?, place: Duration?, isPatient: Bool) {
        #expect(window(deadline: deadline, place: place).isPatient(at: Self.start, providerNeeds: .seconds(65)) == isPatient)
    }

    @Test func patience_endsWithTheTimeThatIsLeft() {
        let window = window(deadline: .seconds(70))
        #expect(!window.isPatient(at: Self.start + .seconds(10), providerNeeds: .seconds(65)))
    }
}

@Suite struct VerdictTests {
    private func isNone(_ error: GatewayError) -> Bool { if case .none = TargetHealth.Verdict(error) { true } else { false } }
    private func isFailure(_ error: GatewayError) -> Bool { if case .failure = TargetHealth.Verdict(error) { true } else { false } }

    @Test func theProvidersOwnFaults_areFailures() {
        for failure in [.connectTimeout, .firstByteTimeout, .idleTimeout, .totalTimeout, .cut("x"), .unreachable("x"), .malformed("x")]
            as [Failure]
        {
            #expect(isFailure(failure.error()), "\(failure)")
        }
        #expect(isFailure(GatewayError(.upstreamError, "status 500", source: .upstream, retry: .sameTarget)))
    }

    @Test func whatTheClientCaused_tellsNothing() {
        #expect(isNone(Failure.callerTimeout.error()))
        #expect(isNone(Failure.canceled.error()))
        for failure in [.idleTimeout, .totalTimeout, .cut("x")] as [Failure] { #expect(isNone(failure.error(heldUp: true)), "\(failure)") }
        for status in [400, 404, 413, 422] {
            #expect(isNone(GatewayError(GatewayError.Code("x", status, "invalid_request_error"), "refused", source: .client)))
        }
        var oversized = GatewayError(.upstreamRateLimited, "Request too large", source: .client, retry: .nextTarget)
        oversized.isOfOneRequest = true
        #expect(isNone(oversized))
    }

    @Test func aRateLimit_coolsAndIsNoFailure() {
        let limited = GatewayError(.upstreamRateLimited, "slow down", source: .upstream, retry: .after(.seconds(2)))
        guard case .busy(let time) = TargetHealth.Verdict(limited) else { return #expect(Bool(false), "not busy") }
        #expect(time == .seconds(2))
    }
}

private typealias Failure = UpstreamFailure

extension UpstreamFailure {
    fileprivate func error(heldUp: Bool = false) -> GatewayError { GatewayError(self, heldUpByClient: heldUp) }
}
