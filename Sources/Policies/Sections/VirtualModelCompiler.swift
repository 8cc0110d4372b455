/// Compiles drafts of virtual models to models that refer to each other, in any order; finds cycles. Used by one compilation.
final class VirtualModelCompiler {
    /// The most virtual models inside each other.
    static let deepest = 8
    /// The most calls that one decision may plan.
    static let mostCalls = 64

    private let drafts: [ListedDraft]
    private let names: ModelTable
    let context: Condition.Context
    private var finished: [Int: ModelResolution] = [:]
    private var depths: [Int: Int] = [:]
    /// The virtual models under compilation, the outermost first.
    private var path: [Int] = []
    private(set) var headerNames: Set<String> = []

    init(_ drafts: [ListedDraft], names: ModelTable, _ context: Condition.Context) {
        self.drafts = drafts
        self.names = names
        self.context = context
    }

    /// The model that the draft at `index` compiles to.
    func resolution(_ index: Int) -> ModelResolution {
        let draft = drafts[index]
        guard case .virtual(let virtual) = draft.content else {
            if case .model(let resolution) = draft.content { return resolution }
            return .unknown(nearest: nil)
        }
        if let resolution = finished[index] { return resolution }
        path.append(index)
        let model = compile(virtual, draft, index)
        path.removeLast()
        let resolution = model.map { ModelResolution.virtual($0) } ?? .off(name: draft.name, reason: "it has errors")
        finished[index] = resolution
        return resolution
    }

    private func compile(_ draft: VirtualModelDraft, _ listed: ListedDraft, _ index: Int) -> VirtualModel? {
        let overCeiling: OverCeiling = draft.reader?["over_ceiling"]?.word("value of over_ceiling") ?? .refuse
        guard !draft.isBroken, let strategy = StrategyDecoder(compiler: self).strategy(draft) else { return nil }
        let hedge = draft.reader?["hedge"].flatMap { StrategyDecoder.hedge($0, of: strategy) }
        let model = VirtualModel(
            name: listed.name, aliases: listed.aliases, index: index, strategy: strategy, hedge: hedge, overCeiling: overCeiling)
        guard model.callCount <= Self.mostCalls else {
            draft.entry.value.diagnostics.error(
                at: draft.entry.place, "\"\(listed.name)\" may call more than \(Self.mostCalls) models for one request")
            return nil
        }
        let depth =
            1 + (strategy.entries.map { if case .virtual(let inner) = $0.target { depths[inner.index] ?? 1 } else { 0 } }.max() ?? 0)
        depths[index] = depth
        guard depth <= Self.deepest else { return refuseDepth(draft.entry.value, at: draft.entry.place) }
        return model
    }

    func note(header: String) { headerNames.insert(header) }

    /// The model that a virtual model refers to at `field`; `nil` when it is invalid, which is reported.
    func target(_ name: String, at field: FieldReader) -> Target? {
        guard let index = names.listedIndex(of: name), drafts.indices.contains(index), case .virtual = drafts[index].content else {
            return plainTarget(name, at: field)
        }
        if let start = path.firstIndex(of: index) {
            let circle = (path[start...] + [index]).map { drafts[$0].name }.joined(separator: " → ")
            return field.refuse("a cycle of virtual models: \(circle)")
        }
        if finished[index] == nil, path.count >= Self.deepest { return refuseDepth(field, at: field.node.start) }
        if case .virtual(let model) = resolution(index) { return .virtual(model) }
        return nil
    }

    private func plainTarget(_ name: String, at field: FieldReader) -> Target? {
        switch names.resolve(name) {
        case .model(let entry): return .model(entry)
        case .off(let name, let reason): return .off(name: name, reason: reason)
        case .virtual(let model): return .virtual(model)
        case .unknown(let nearest):
            guard context.isComplete else { return nil }
            return field.refuse("unknown model \"\(shortened(name))\"", suggestion: nearest)
        }
    }

    private func refuseDepth<Value>(_ field: FieldReader, at place: Place) -> Value? {
        field.diagnostics.error(at: place, "virtual models more than \(Self.deepest) deep inside each other")
        return nil
    }
}
