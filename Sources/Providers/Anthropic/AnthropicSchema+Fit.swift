internal import Chat

extension AnthropicSchema {
    /// Whether structured outputs keep to all of the schema: every object closed by the client itself, no recursion, nothing that they do not know.
    /// - Parameter isStrict: whether the client asked for a strict schema. OpenAI's strict schemas are closed, so an object that declares properties
    ///   and does not say whether there may be others has no others.
    static func fits(_ schema: JSONValue, isStrict: Bool) -> Bool {
        guard schema.hasType("object"), schema["type"]?.kind == .string, !ObjectRoot.isNeeded(for: schema) else { return false }
        var fit = SchemaFit(schema, isStrict: isStrict)
        return fit.accepts(schema) && fit.isSmall && !fit.isRecursive
    }
}

/// Looks through a schema once.
private struct SchemaFit {
    private let references: SchemaReferences
    private let isStrict: Bool
    /// What is compiled at once has its limits (Anthropic, "Schema complexity limits").
    private var optionalProperties = 0
    private var unions = 0
    private(set) var isRecursive = false
    /// References that are being followed, and those that have been.
    private var open: Set<[UInt8]> = []
    private var done: Set<[UInt8]> = []

    init(_ root: JSONValue, isStrict: Bool) {
        references = SchemaReferences(root)
        self.isStrict = isStrict
    }

    var isSmall: Bool { optionalProperties <= 24 && unions <= 16 }

    mutating func accepts(_ schema: JSONValue) -> Bool {
        guard schema.kind == .object, hasShape(schema) else { return false }
        if schema.hasType("object") || schema["properties"] != nil {
            guard schema["additionalProperties"]?.bool == false || (isStrict && schema.isSilentlyClosed) else { return false }
            countOptional(schema)
        }
        for (name, value) in schema.members { guard accepts(name, value, in: schema) else { return false } }
        return true
    }

    /// A schema that says nothing of what it describes is not compiled.
    private func hasShape(_ schema: JSONValue) -> Bool {
        schema.members.contains { $0.name.isOne(of: ["type", "anyOf", "oneOf", "allOf", "enum", "const", "$ref"]) }
    }

    private mutating func countOptional(_ schema: JSONValue) {
        let declared = schema["properties"].map { Array($0.members).count } ?? 0
        let required = schema["required"].map { Array($0.elements).count } ?? 0
        optionalProperties += max(0, declared - required)
    }

    private mutating func accepts(_ name: JSONValue, _ value: JSONValue, in schema: JSONValue) -> Bool {
        if name.isOne(of: ["properties", "$defs", "definitions"]) {
            guard value.kind == .object else { return false }
            for (_, schema) in value.members { guard accepts(schema) else { return false } }
            return true
        }
        if name.isOne(of: ["anyOf", "oneOf", "allOf"]) { return accepts(list: value, isUnion: !name.isString("allOf")) }
        if name.isString("items") { return accepts(value) }
        if name.isString("$ref") { return follows(value) && !Self.hasConstraints(beside: schema) }
        if name.isString("enum") { return value.elements.allSatisfy { $0.kind != .object && $0.kind != .array } }
        if name.isString("const") { return value.kind != .object && value.kind != .array }
        if name.isString("type") {
            if value.kind == .array { unions += 1 }
            return true
        }
        return name.isOne(of: Self.harmless) || name.isOne(of: Self.told)
    }

    private mutating func accepts(list: JSONValue, isUnion: Bool) -> Bool {
        guard list.kind == .array, !list.isEmptyContainer else { return false }
        if isUnion { unions += 1 }
        for schema in list.elements {
            guard accepts(schema) else { return false }
            if !isUnion, schema["$ref"] != nil { return false }
        }
        return true
    }

    private mutating func follows(_ reference: JSONValue) -> Bool {
        guard let pointer = reference.stringBytes.map({ Array($0) }), let target = references.target(reference) else { return false }
        if open.contains(pointer) {
            isRecursive = true
            return false
        }
        if done.contains(pointer) { return true }
        open.insert(pointer)
        defer { open.remove(pointer) }
        guard open.count <= 64, accepts(target) else { return false }
        done.insert(pointer)
        return true
    }

    private static func hasConstraints(beside schema: JSONValue) -> Bool {
        schema.members.contains {
            !$0.name.isString("$ref") && !$0.name.isOne(of: annotations) && !$0.name.isOne(of: ["$defs", "definitions"])
        }
    }

    private static let annotations: [StaticString] = [
        "description", "title", "default", "examples", "deprecated", "$comment", "$schema", "$id",
    ]
    private static let harmless: [StaticString] = annotations + ["required", "additionalProperties", "format", "strict"]
    /// Constraints on a single value: the description tells them.
    private static let told: [StaticString] = [
        "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems",
        "maxItems",
        "uniqueItems", "minProperties", "maxProperties", "contentEncoding", "contentMediaType", "readOnly", "writeOnly",
    ]
}

extension JSONValue {
    /// Whether a schema declares properties and does not say whether there may be others.
    var isSilentlyClosed: Bool { self["additionalProperties"] == nil && self["properties"].map { !$0.isEmptyContainer } == true }
}
