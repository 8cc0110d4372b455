/// Reads `split:`.
struct SplitDecoder {
    let targets: TargetDecoder

    func strategy(_ field: FieldReader) -> Strategy? {
        guard let reader = field.mapping(.split) else { return nil }
        for key in ["experiment", "arms"] where reader[key] == nil {
            field.diagnostics.error(at: reader.place, "the split has no \"\(key)\"")
        }
        let experiment = reader["experiment"].flatMap(name)
        let sticky = reader["sticky"].map { TargetDecoder.unit($0) } ?? .key
        let arms = reader["arms"].flatMap(arms)
        guard let experiment, let sticky, let arms else { return nil }
        return .split(Split(experiment: experiment, sticky: sticky, arms: arms))
    }

    private func name(_ field: FieldReader) -> String? {
        guard let text = field.text() else { return nil }
        if let unavailability = NameRules.unavailability(to: text) {
            return field.refuse("the experiment name \"\(shortened(text))\" \(unavailability)")
        }
        return text
    }

    private func arms(_ field: FieldReader) -> [Split.Arm]? {
        guard let entries = field.entries(expected: "a mapping from the names of arms to {use, weight}") else { return nil }
        guard entries.count > 1 else { return field.refuse("a split needs two arms or more") }
        let arms = entries.map(arm)
        return arms.contains { $0 == nil } ? nil : arms.compactMap(\.self)
    }

    private func arm(_ entry: NamedField) -> Split.Arm? {
        guard entry.hasValidName("arm"), let reader = entry.value.mapping(.arm) else { return nil }
        let weight = TargetDecoder.weight(reader["weight"])
        guard let target = targets.entry(reader, of: entry.value), let weight else { return nil }
        return Split.Arm(name: entry.name, weight: weight, entry: target)
    }
}
