import Chat
import EventLoop
import Foundation
import Synchronization
import Testing

@testable import Gateway

/// What is refused when there is too much, and what operators learn of it.
@Suite final class OverloadServingTests {
    private let states = Mutex<[MemoryState]>([])
    private let trims = Mutex(0)

    /// Looks ten times a second, from `seconds` after the start on, for as long.
    private func look(_ watch: MemoryWatch, from seconds: Double, for tenths: Int = 1) {
        for tenth in 0..<tenths { watch.look(at: start + .milliseconds(Int(seconds * 1_000) + 100 * tenth)) }
    }

    private func watch(_ running: RunningGateway) -> MemoryWatch {
        MemoryWatch(running.gateway) {
            self.trims.withLock { $0 += 1 }
        } stateChanged: { state in
            self.states.withLock { $0.append(state) }
        }
    }

    /// As much memory as no test needs: only refusals move the state.
    private let plenty = RunningGateway.Choices(memory: 1 << 40)

    @Test func inQuietNothingIsSaidOrDone() async throws {
        try await serving(RunningGateway.policies(), plenty) { running in
            look(watch(running), from: 0, for: 50)
            #expect(states.withLock(\.isEmpty) && trims.withLock(\.self) == 0)
            #expect(running.log.count(of: "memory") == 0 && running.gateway.memory.restingBytes > 4 << 20)
        }
    }

    @Test func aSmallRequestWithoutRoomExhaustsTheMemoryForALook() async throws {
        try await serving(RunningGateway.policies(), plenty) { running in
            let watch = watch(running)
            look(watch, from: 0)
            _ = running.gateway.memory.refusal()
            look(watch, from: 1)
            #expect(states.withLock(\.self) == [.exhausted] && running.gateway.memory.state == .exhausted)
            #expect(trims.withLock(\.self) == 1, "what others have freed may help")
            look(watch, from: 1.1)
            #expect(states.withLock(\.self) == [.exhausted, .enough])
            #expect(running.log.count(of: "memory is exhausted") == 1 && running.log.count(of: "memory is enough again") == 1)
        }
    }

    @Test func aLargeRequestWithoutRoomDoesNotExhaustIt() async throws {
        try await serving(RunningGateway.policies(), plenty) { running in
            let watch = watch(running)
            look(watch, from: 0)
            _ = running.gateway.memory.refusal(ofBody: 8 << 20)
            look(watch, from: 1)
            #expect(states.withLock(\.isEmpty) && running.log.count(of: #""because": memory"#) == 1)
        }
    }

    /// Two lines, however many are refused.
    @Test func refusalsAreToldWhenTheyBeginAndEnd() async throws {
        try await serving(RunningGateway.policies(), RunningGateway.Choices(maxRequests: 0, memory: 1 << 40)) { running in
            let watch = watch(running)
            look(watch, from: 0)
            for second in 1...3 {
                for _ in 0..<5 {
                    let heard = try await running.chat()
                    #expect(heard.code == "overloaded")
                }
                look(watch, from: Double(second))
            }
            look(watch, from: 3.1, for: 30)
            #expect(running.log.count(of: "overload: requests are being refused") == 1)
            #expect(running.log.count(of: "overload is over") == 1 && running.log.count(of: #""refused": 15"#) == 1)
            #expect(running.log.count(of: "request failed") == 0, "they are counted, not logged one by one")
        }
    }

    /// The least bound there is lies below what this process has at rest.
    @Test func whereEvenRestingIsTooMuchNothingIsLetIn() async throws {
        try await serving(RunningGateway.policies(), RunningGateway.Choices(memory: MemoryBudget.least)) { running in
            let block = [UInt8](repeating: 1, count: 128 << 20)
            look(watch(running), from: 0)
            #expect(running.gateway.memory.state == .exhausted && states.withLock(\.self) == [.exhausted])
            #expect(block.reduce(0) { $0 &+ Int($1) } == 128 << 20)
            let heard = try await running.chat()
            #expect(heard.code == "overloaded" && running.provider.bodies.isEmpty)
        }
    }
}

@Suite struct RequestPlaceRefusalTests {
    private let team = TeamActivity()

    private func refusal(_ places: RequestPlaces, _ key: KeyActivity) -> String? {
        do throws(GatewayError) {
            try places.enter(key)
            return nil
        } catch { return error.publicMessage }
    }

    @Test func aRefusalNamesTheBoundThatIsReached() {
        let (a, b) = (KeyActivity(keyID: "a", team: team), KeyActivity(keyID: "b", team: team))
        let shared = RequestPlaces(most: 8)
        for _ in 0..<6 { #expect(refusal(shared, a) == nil) }
        #expect(refusal(shared, a)?.hasPrefix("This key has 6 requests under way, its share of the 8 that the gateway takes") == true)
        #expect(refusal(shared, b)?.hasPrefix("This team has 6 requests under way, its share of the 8") == true)
        #expect(shared.refused == 2 && shared.count == 6)
        let other = KeyActivity(keyID: "c", team: TeamActivity())
        #expect(refusal(shared, other) == nil && !shared.isFull)
        #expect(refusal(shared, other) == nil && shared.isFull)
        #expect(refusal(shared, other)?.hasPrefix("8 requests are under way, as many as the gateway takes at once") == true)
    }

    @Test func whoIsRefusedHoldsNothing() {
        let (places, key) = (RequestPlaces(most: 10, perKey: 2), KeyActivity(keyID: "a", team: team))
        #expect(refusal(places, key) == nil && refusal(places, key) == nil)
        for _ in 0..<20 {
            #expect(
                refusal(places, key)
                    == "This key has 2 requests under way, as many as one key may have (--max-requests-per-key). Try again shortly.")
        }
        #expect(places.count == 2 && places.refused == 20)
        #expect(key.requests.load(ordering: .relaxed) == 2 && team.requests.load(ordering: .relaxed) == 2)
    }

    @Test func bodiesThatDoNotComeAreCountedForKeyAndTeam() {
        let (a, b) = (KeyActivity(keyID: "a", team: team), KeyActivity(keyID: "b", team: team))
        let places = RequestPlaces(most: 20)
        _ = places.becomeIdle(a)
        _ = places.becomeIdle(a)
        #expect(places.bodyRefusal(a).publicMessage.hasPrefix("This key has 1 requests whose bodies have not come yet"))
        _ = places.becomeIdle(b)
        #expect(places.bodyRefusal(b).publicMessage.hasPrefix("This key has 0, its team 2 requests whose bodies"))
        #expect(places.bodyRefusal(b).isCounted && places.refused == 3)
        for key in [a, a, b] { places.becomeBusy(key) }
        #expect(a.idleRequests.load(ordering: .relaxed) == 0 && team.idleRequests.load(ordering: .relaxed) == 0)
    }
}

@Suite struct AdminClientTests {
    /// Posts from a thread of its own, because it blocks.
    private func post(_ url: String, key: String = RunningGateway.adminKey, body: String = "") async -> Result<
        AdminClient.Answer, AdminClient.Failure
    > {
        await withUnsafeContinuation { continuation in
            Thread.detachNewThread {
                do throws(AdminClient.Failure) {
                    continuation.resume(returning: .success(try AdminClient.post(url, key: key, caFile: nil, body: body)))
                } catch { continuation.resume(returning: .failure(error)) }
            }
        }
    }

    @Test func aCommandGetsStatusAndBody() async throws {
        try await serving { running in
            let taken = try await post(running.adminURL + "/admin/v1/reload", body: "{}").get()
            #expect(taken.status == 200 && String(decoding: taken.body, as: UTF8.self) == #"{"reloaded":true,"errors":[]}"#)
            #expect(try await post(running.adminURL + "/admin/v1/reload", key: "sk-other").get().status == 401)
            #expect(try await post(running.adminURL + "/none").get().status == 404)
        }
    }

    @Test func whereNobodyListensNothingWasSent() async throws {
        guard case .failure(let failure) = await post("http://127.0.0.1:1/admin/v1/reload", key: "sk-CANARY") else {
            Issue.record("something listens on port 1")
            return
        }
        #expect(failure.isUnreachable && !failure.isUntrusted && !failure.description.contains("CANARY"))
    }
}
