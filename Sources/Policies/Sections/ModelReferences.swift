/// Reads lists of models: those that teams and keys may use, and those that a limit counts.
struct ModelReferences {
    let table: ModelTable
    let isComplete: Bool

    func set(_ field: FieldReader) -> ModelSet? {
        guard let items = field.list(of: "model names") else { return nil }
        var set = ModelSet(listedCount: table.listedCount)
        var allowsEverything = false
        for item in items {
            guard let text = item.text() else { continue }
            if text == "*" { allowsEverything = true } else { insert(text, at: item, into: &set) }
        }
        return allowsEverything ? .everything : set
    }

    /// The models that a limit counts, by their full names, whichever names or aliases the policy uses.
    func counted(_ field: FieldReader) -> [String]? {
        guard let items = field.list(of: "model names") else { return nil }
        guard !items.isEmpty else {
            return field.refuse("\"models\" has no models, so the limit would count nothing; leave it out to count all")
        }
        let names = items.map(countedName)
        return names.contains { $0 == nil } ? nil : names.compactMap(\.self)
    }

    private func countedName(_ item: FieldReader) -> String? {
        guard let text = item.text() else { return nil }
        var set = ModelSet(listedCount: table.listedCount)
        guard text == "*" || insert(text, at: item, into: &set) else { return nil }
        if text.last == "*" { return text }
        switch table.resolve(text) {
        case .model(let entry): return entry.name
        case .off(let name, _): return name
        case .virtual:
            return item.refuse(
                "\"\(text)\" is a virtual model, and limits count the models that it calls; name those, "
                    + "or leave \"models\" out to count all")
        case .unknown: return text
        }
    }

    /// - Returns: whether the text names a model, or may name one in a file that could not be read.
    @discardableResult
    private func insert(_ text: String, at item: FieldReader, into set: inout ModelSet) -> Bool {
        if text.dropLast().contains("*") {
            item.diagnostics.error(at: item.node.start, "\"\(shortened(text))\" has a * that is not at its end")
            return false
        }
        guard !table.insert(text, into: &set), isComplete else { return true }
        let what = text.last == "*" ? "no model and no pattern fits" : "unknown model"
        item.diagnostics.error(at: item.node.start, "\(what) \"\(shortened(text))\"", suggestion: suggestion(for: text))
        return false
    }

    private func suggestion(for text: String) -> String? {
        guard text.last == "*" else { return table.nearest(to: text) }
        return EditDistance.nearest(to: text, among: table.possiblePatterns)
    }
}
