internal import Glibc

extension Split {
    /// The arm of a request.
    ///
    /// A unit (user, key, session or metadata value) always gets the same arm: the one with the highest ``StableHash/score(_:weight:)`` of
    /// hash(experiment, arm, unit). A request without the unit is assigned by its key, and one without a key at random.
    /// - Returns: the arm, and what decided it when it was not the unit that the policy asks for.
    func assign(_ features: RequestFeatures) -> (arm: Arm, by: String?) {
        if let unit = sticky.value(in: features) { return (arm(of: unit), nil) }
        if let key = features.keyID { return (arm(of: key), "key") }
        return (arm(of: String(features.seed)), "chance")
    }

    private func arm(of unit: String) -> Arm {
        var best = arms[0]
        var highest = -Double.infinity
        for arm in arms {
            let score = StableHash.score(StableHash.hash(experiment, arm.name, unit), weight: arm.weight)
            if score > highest { (best, highest) = (arm, score) }
        }
        return best
    }
}

/// The natural logarithm.
func logarithm(_ number: Double) -> Double { log(number) }
