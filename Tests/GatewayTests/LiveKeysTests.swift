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

@Suite struct LiveKeysTests {
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
