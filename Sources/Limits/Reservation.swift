public import Core

/// What came of asking for room.
public enum Reservation: Sendable {
    /// It is reserved.
    case held(Hold)
    /// It may fit when others give back what they hold, or when a window that may be waited for ends: ask with
    /// ``OrganizationLimits/reserve(_:at:patience:notify:)``, or refuse with this.
    indirect case mustWait(LimitRefusal)
    /// It does not fit.
    indirect case refused(LimitRefusal)
}

/// What came of asking for room with patience.
public enum PatientReservation: Sendable {
    /// The amount is reserved; the callback is not called.
    case held(Hold)
    /// The request waits in line; the callback tells how it ends.
    case waiting(WaitTicket)
    /// The amount does not fit; the callback is not called.
    indirect case refused(LimitRefusal)
}

/// The result of waiting.
public enum WaitOutcome: Sendable {
    /// Room was reserved. When it is no longer needed, the callback must ``Hold/release(at:)`` it.
    case held(Hold)
    /// It cannot fit any more, or took too long.
    indirect case refused(LimitRefusal)
}

/// The place of a request in the line for room.
public struct WaitTicket: Sendable {
    let limits: OrganizationLimits
    let waiter: WaiterID
    /// How long until ``wake(at:)`` is to be called: the patience ends then, or a window for whose end the request waits. By a monotonic
    /// clock.
    public let delay: Duration

    /// Looks after the request when its time has come; whatever is decided goes to the callback.
    /// - Returns: how long until the next call; `nil`: the callback was or will be called, or the ticket was cancelled.
    public func wake(at now: WallTime) -> Duration? { limits.wake(waiter, at: now) }

    /// Leaves the line.
    /// - Returns: whether the callback will never be called; `false`: it was or is about to be.
    @discardableResult
    public func cancel() -> Bool { limits.cancel(waiter) }
}
