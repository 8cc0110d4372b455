internal import Chat
internal import EventLoop
internal import Providers

/// A request that its target refuses because of the gateway's own additions is sent once more without them.
///
/// Such a detour is not a retry of the provider: it makes no pause, and counts neither as one of the provider's attempts nor against its
/// retry budget. What the target then takes is remembered, so that the next requests go straight.
struct RefusalDetour {
    private let memory: RefusalMemory
    /// What the next call goes without.
    private(set) var refused: Additions
    private var count = 0

    /// A target may refuse several additions one by one; servers that check their input name all at once.
    private static let most = 3

    init(_ target: Target, at now: MonotonicTime) {
        memory = target.health.refusals
        refused = memory.additions(at: now)
    }

    /// Decides whether the same target is called once more after `error`, without what it refused.
    mutating func goesOn(after error: GatewayError) -> Bool {
        let named = Additions(rawValue: error.refusedAdditions)
        guard count < Self.most, !named.isEmpty, let next = Additions.reduction(after: named, known: refused) else { return false }
        refused = next
        count += 1
        return true
    }

    /// Records that the target has accepted the request.
    func succeeded(at now: MonotonicTime) {
        if count > 0 { memory.note(refused, at: now) }
    }
}
