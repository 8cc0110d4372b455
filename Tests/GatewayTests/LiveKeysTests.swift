import EventLoop
import Foundation
import Ledger
import Synchronization
import Testing

@testable import Gateway

/// Keys that take a while to read, and are told of once.
private final class SlowSource: KeySource {
    private struct State {
        var isChanged = true
        var isReading = false
    }
    private let state = Mutex(State())

    var isReading: Bool { state.withLock { $0.isReading } }
    func change() { state.withLock { ($0.isChanged, $0.isReading) = (true, false) } }

    func snapshotIfChanged() throws(LedgerFailure) -> KeySnapshot? {
        let isChanged = state.withLock { state in
            defer { (state.isChanged, state.isReading) = (false, state.isChanged) }
            return state.isChanged
        }
        guard isChanged else { return nil }
        Thread.sleep(forTimeInterval: 0.2)
        return KeySnapshot()
    }
}

/// Keys that can be lost and found.
private final class LostSource: KeySource {
    private let isLost = Mutex(false)
    func lose(_ isLost: Bool) { self.isLost.withLock { $0 = isLost } }

    func snapshotIfChanged() throws(LedgerFailure) -> KeySnapshot? {
        if isLost.withLock({ $0 }) { throw .corrupt(path: "keys.db", detail: "lost") }
        return nil
    }
}

@Suite struct LiveKeysTests {
    @Test func keysAreTrustedForAWhileAndEveryChangeIsToldOnce() {
        let (source, log) = (LostSource(), LogLines())
        let keys = LiveKeys(source: source, grace: .seconds(300), log: log.logger)
        let start = MonotonicTime.now()
        #expect(keys.condition == .ok && keys.current.isTrusted)
        source.lose(true)
        for second in 1..<290 { keys.refresh(at: start + .seconds(second)) }
        #expect(keys.condition == .stale && keys.current.isTrusted)
        for second in 302..<400 { keys.refresh(at: start + .seconds(second)) }
        #expect(keys.condition == .unavailable && !keys.current.isTrusted)
        source.lose(false)
        for second in 400..<410 { keys.refresh(at: start + .seconds(second)) }
        #expect(keys.condition == .ok && keys.current.isTrusted)
        #expect(log.count(of: "cannot be read") == 1 && log.count(of: "for too long") == 1 && log.count(of: "can be read again") == 1)
    }

    @Test func manyWhoLookAtOnceShareALook() async {
        let source = SlowSource()
        let keys = LiveKeys(source: source, log: LogLines().logger)
        let before = keys.current.number
        source.change()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { await keys.lookAgain() } }
        }
        #expect(keys.current.number == before + 1)
    }

    /// A request with a key that was created a moment ago looks for itself, and may come while the file is being read anyway.
    @Test func whoFindsNothingNewHasWhatOthersHaveFound() async {
        let source = SlowSource()
        let keys = LiveKeys(source: source, log: LogLines().logger)
        let before = keys.current.number
        source.change()
        let other = Thread { keys.refresh() }
        other.start()
        #expect(await eventually { source.isReading })
        keys.refresh()
        #expect(keys.current.number == before + 1)
    }
}
