extension Prompt {
    /// What of this prompt the gateway can leave out or say otherwise.
    var additions: Additions {
        var additions: Additions = []
        if hasMarks { additions.insert(.cacheMarks) }
        if turns.last?.isAssistant == true { additions.insert(.prefill) }
        return additions
    }

    private var hasMarks: Bool {
        tools.contains { $0.mark != nil } || system.contains { $0.mark != nil }
            || turns.contains { turn in turn.blocks.contains { $0.mark != nil } }
    }
}
