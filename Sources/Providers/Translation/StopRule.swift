internal import Chat

/// Which stop sequences a provider takes.
struct StopRule {
    /// Whether those of nothing but white space make the provider refuse the request; they are left out then.
    var refusesBlank = false
    /// The most that there may be; `nil`: any number.
    var most: Int?

    /// The sequences that go out, each once.
    /// - Throws: `invalid_request_error` naming `stop`, when there are more than the provider takes: without one of them the answer would be another.
    func taken(of stop: [UnsafeRawBufferPointer]) throws(GatewayError) -> [UnsafeRawBufferPointer] {
        guard !stop.isEmpty else { return stop }
        var seen: Set<[UInt8]> = []
        let taken = stop.filter { (!refusesBlank || $0.hasInk) && seen.insert(Array($0)).inserted }
        if let most, taken.count > most { throw .notTaken("stop", "More than \(most) stop sequences are") }
        return taken
    }
}
