/// The order in which targets that serve under one name are tried.
enum BalanceOrder {
    /// The positions of all targets in the order of trying: available ones before others, then by priority (lowest number first), then by
    /// affinity or the method.
    static func order(_ balance: Balance, _ features: RequestFeatures, _ state: some TargetState) -> [Int] {
        let unit = balance.affinity?.value(in: features)
        var ranked: [Ranked] = []
        ranked.reserveCapacity(balance.members.count)
        for position in balance.members.indices {
            let member = balance.members[position]
            ranked.append(
                Ranked(
                    isAvailable: isAvailable(member.entry.target, state), priority: member.priority,
                    rank: rank(member, position, balance.method, unit, features, state), position: position))
        }
        ranked.sort()
        if balance.method == .latency, unit == nil { putBetterOfTwoFirst(&ranked, features.seed) }
        return ranked.map(\.position)
    }

    private struct Ranked: Comparable {
        let isAvailable: Bool
        let priority: Int
        /// Lower is better.
        let rank: Double
        let position: Int

        static func < (a: Ranked, b: Ranked) -> Bool {
            if a.isAvailable != b.isAvailable { return a.isAvailable }
            return (a.priority, a.rank, a.position) < (b.priority, b.rank, b.position)
        }
    }

    private static func rank(
        _ member: Balance.Member, _ position: Int, _ method: Balance.Method, _ unit: String?, _ features: RequestFeatures,
        _ state: some TargetState
    ) -> Double {
        if let unit { return -StableHash.score(StableHash.hash(member.entry.target.name, unit), weight: member.weight) }
        // One random number for each target: the highest score is then a choice with probability proportional to the weights.
        let draw = StableHash.mixed(features.seed &+ UInt64(truncatingIfNeeded: position + 1) &* 0x9E37_79B9_7F4A_7C15)
        switch method {
        case .weighted: return -StableHash.score(draw, weight: member.weight)
        case .leastBusy: return (Double(inFlight(member.entry.target, state)) + StableHash.fraction(draw)) / member.weight
        case .latency: return load(member.entry.target, state) / member.weight
        }
    }

    /// Of two targets of the first priority, chosen by the seed, puts the better one first. Choosing the best of all would send every
    /// request to one target until its measurements catch up (the power of two choices, Mitzenmacher 2001).
    private static func putBetterOfTwoFirst(_ order: inout [Ranked], _ seed: UInt64) {
        guard let best = order.first else { return }
        let peers = order.prefix { $0.isAvailable == best.isAvailable && $0.priority == best.priority }.count
        guard peers > 2 else { return }
        let draw = StableHash.mixed(seed)
        let first = Int(draw % UInt64(peers))
        let second = (first + 1 + Int((draw >> 32) % UInt64(peers - 1))) % peers
        order.insert(order.remove(at: min(first, second)), at: 0)
    }

    private static func isAvailable(_ target: Target, _ state: some TargetState) -> Bool {
        switch target {
        case .model(let model): state.isAvailable(model)
        case .virtual: true
        case .off: false
        }
    }

    private static func inFlight(_ target: Target, _ state: some TargetState) -> Int {
        switch target {
        case .model(let model): state.inFlight(model)
        case .virtual(let model): model.reachable.reduce(0) { $0 + inFlight($1, state) }
        case .off: 0
        }
    }

    /// The expected wait: average latency × calls under way, this one included. Targets without measurements come first.
    private static func load(_ target: Target, _ state: some TargetState) -> Double {
        guard case .model(let model) = target, let latency = state.latencyMilliseconds(model) else { return 0 }
        return latency * Double(state.inFlight(model) + 1)
    }
}
