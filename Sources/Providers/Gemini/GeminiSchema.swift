internal import Chat
internal import Core

/// A JSON Schema in the words that Google's `parametersJsonSchema` and `responseJsonSchema` know (Gemini API, "GenerationConfig",
/// `responseJsonSchema`): `$defs`, `$ref`, `type`, `format`, `title`, `description`, `enum`, `items`, `prefixItems`, `minItems`, `maxItems`,
/// `minimum`, `maximum`, `anyOf`, `oneOf`, `properties`, `additionalProperties`, `required`, `propertyOrdering`.
///
/// Other constraints are told in descriptions; `const`, `nullable`, `allOf`, `patternProperties` and whatever stands beside a `$ref` are said
/// otherwise. A schema that has only what Google knows passes as it is.
struct GeminiSchema {
    /// What putting objects together may cost: they may hold each other.
    final class Bound {
        var depth = 0
        var count = 0
    }

    let references: SchemaReferences
    let place: SchemaPlace
    let bound = Bound()

    private init(_ root: JSONValue, _ place: SchemaPlace) {
        references = SchemaReferences(root)
        self.place = place
    }

    /// Appends the schema of a function's parameters, if it says anything about them.
    /// A function without parameters must have none.
    static func appendParameters(
        _ tool: ClientTool, named name: StaticString, to bytes: inout [UInt8]
    ) throws(GatewayError) {
        guard let parameters = tool.parameters, parameters.value.describesArguments else { return }
        let (root, place) = (parameters.value, SchemaPlace.tool(tool.index))
        let schema = GeminiSchema(root, place)
        guard root["type"] == nil || root.hasType("object") else { throw place.refusal("a root that is no object") }
        bytes.appendName(name)
        if ObjectRoot.isNeeded(for: root) {
            try ObjectRoot.append(root, place, schema.references, for: .gemini, to: &bytes) { child, bytes throws(GatewayError) in
                try schema.append(child, to: &bytes)
            }
        } else if root["type"]?.isString("object") == true, schema.passes(root) {
            bytes.append(contentsOf: parameters.valueText)
        } else {
            try schema.append(root, isRoot: true, to: &bytes)
        }
    }

    /// Appends the schema of an answer.
    static func appendFormat(_ schema: JSONRawMember, to bytes: inout [UInt8]) throws(GatewayError) {
        let root = GeminiSchema(schema.value, .format)
        if root.passes(schema.value) { return bytes.append(contentsOf: schema.valueText) }
        try root.append(schema.value, to: &bytes)
    }

    /// Whether the schema has only what Google knows.
    func passes(_ schema: JSONValue) -> Bool {
        guard schema.kind == .object else { return false }
        if schema["$ref"] != nil, schema.members.contains(where: { !$0.name.beginsWithDollar }) { return false }
        for (name, value) in schema.members {
            if name.isOne(of: Self.known) || name.isOne(of: ["description", "type"]) { continue }
            if name.isString("$ref") {
                guard !references.isMissing(value) else { return false }
            } else if name.isString("properties") || name.isString("$defs") {
                guard value.kind == .object, value.members.allSatisfy({ passes($0.value) }) else { return false }
            } else if name.isOne(of: ["anyOf", "oneOf", "prefixItems"]) {
                guard value.kind == .array, value.elements.allSatisfy(passes) else { return false }
            } else if name.isString("items") {
                guard passes(value) else { return false }
            } else if name.isString("additionalProperties") {
                guard value.kind == .bool || passes(value) else { return false }
            } else if name.isString("enum") {
                guard value.elements.allSatisfy({ $0.kind == .string || $0.kind == .number }) else { return false }
            } else {
                return false
            }
        }
        return true
    }

    // MARK: One schema

    /// - Parameter isRoot: whether it is a function's, which must be an object and nothing else.
    func append(_ schema: JSONValue, isRoot: Bool = false, to bytes: inout [UInt8]) throws(GatewayError) {
        if let allowed = schema.bool {
            guard allowed else { throw place.refusal("the schema 'false'") }
            return bytes.append("{}")
        }
        guard schema.kind == .object else { throw place.refusal("something that is no schema") }
        bytes.append(isRoot ? "{\"type\":\"object\"" : "{")
        var keywords = Keywords(schema)
        var said: [(JSONValue, JSONValue)] = []
        if keywords.hasReference, !keywords.isBareReference {
            // Beside a reference nothing else may stand.
            guard !keywords.hasAlternatives, !keywords.hasAllOf else { throw place.refusal("a composition beside a '$ref'") }
            bytes.append("\"anyOf\":[{\"$ref\":")
            if let reference = schema["$ref"] { try append(reference: reference, to: &bytes) }
            bytes.append("}]")
        }
        for (name, value) in schema.members where !isRoot || !name.isString("type") {
            try append(name, value, of: schema, &keywords, &said, to: &bytes)
        }
        appendDescription(of: schema, said, to: &bytes)
        bytes.append("}")
    }

    /// What is asked of a schema for each of its members, told once: it may repeat a keyword thousands of times.
    struct Keywords {
        let hasType: Bool
        let isNullable: Bool
        let hasReference: Bool
        /// Whether a reference has nothing beside it that says anything.
        let isBareReference: Bool
        let hasAlternatives: Bool
        let hasAllOf: Bool
        /// Whether other properties than the declared ones are left to patterns.
        let isOpenToPatterns: Bool
        /// Whether the definitions, or what all applies, have been written.
        var definitionsAreWritten = false
        var allOfIsWritten = false

        init(_ schema: JSONValue) {
            hasType = schema["type"] != nil
            isNullable = schema["nullable"]?.bool == true
            hasReference = schema["$ref"] != nil
            isBareReference = hasReference && schema.members.allSatisfy { $0.name.beginsWithDollar }
            hasAlternatives = schema["anyOf"] != nil || schema["oneOf"] != nil
            hasAllOf = schema["allOf"] != nil
            isOpenToPatterns = schema["additionalProperties"].map { $0.bool == false } ?? true
        }
    }

    func append(
        _ name: JSONValue, _ value: JSONValue, of schema: JSONValue, _ keywords: inout Keywords, _ said: inout [(JSONValue, JSONValue)],
        to bytes: inout [UInt8]
    ) throws(GatewayError) {
        if name.isString("$ref") {
            guard keywords.isBareReference else { return }
            bytes.appendName("$ref")
            try append(reference: value, to: &bytes)
        } else if name.isString("description") || name.isOne(of: ["$schema", "$comment", "$id", "$anchor", "strict"]) {
            return
        } else if name.isString("$defs") || name.isString("definitions") {
            guard !keywords.definitionsAreWritten else { return }
            keywords.definitionsAreWritten = true
            bytes.appendName("$defs")
            try appendNamed(schema, to: &bytes)
        } else if name.isString("properties") {
            bytes.appendName("properties")
            try append(properties: value, to: &bytes)
        } else if name.isString("items") || name.isString("additionalProperties") {
            try append(below: name, value, to: &bytes)
        } else if name.isOne(of: ["anyOf", "oneOf", "prefixItems"]) {
            bytes.appendComma()
            bytes.appendJSON(name)
            bytes.append(":")
            try append(list: value, to: &bytes)
        } else if name.isString("allOf") {
            guard !keywords.allOfIsWritten else { return }
            keywords.allOfIsWritten = true
            guard !keywords.hasAlternatives, !keywords.hasReference else { throw place.refusal("'allOf' beside another composition") }
            try append(allOf: value, of: schema, to: &bytes)
        } else if name.isString("patternProperties") {
            if keywords.isOpenToPatterns { try append(patterns: value, to: &bytes) }
            said.append((name, value))
        } else if name.isString("enum") {
            append(choices: Array(value.elements), hasType: keywords.hasType, &said, name, value, to: &bytes)
        } else if name.isString("const") {
            append(choices: [value], hasType: keywords.hasType, &said, name, value, to: &bytes)
        } else if name.isString("type") {
            appendType(value, isNullable: keywords.isNullable, to: &bytes)
        } else if name.isOne(of: Self.known) {
            bytes.appendComma()
            bytes.appendJSON(name)
            bytes.append(":")
            bytes.appendJSON(value)
        } else if !name.isString("nullable") {
            said.append((name, value))
        }
    }

    private static let known: [StaticString] = [
        "format", "title", "minItems", "maxItems", "minimum", "maximum", "required", "propertyOrdering",
    ]

    func append(reference: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        guard let pointer = reference.stringBytes.map({ Array($0) }), !references.isMissing(reference) else {
            throw place.refusal("a '$ref' that is not in it")
        }
        let old = Array("#/definitions/".utf8)
        if pointer.starts(with: old) {
            bytes.appendJSONString(utf8: Array("#/$defs/".utf8) + pointer.dropFirst(old.count))
        } else {
            bytes.appendJSONString(utf8: pointer)
        }
    }

    /// Both lists of definitions as one.
    func appendNamed(_ schema: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        bytes.append("{")
        for list in [schema["$defs"], schema["definitions"]] {
            for member in list.map({ Array($0.members) }) ?? [] {
                bytes.appendComma()
                bytes.appendJSON(member.name)
                bytes.append(":")
                try append(member.value, to: &bytes)
            }
        }
        bytes.append("}")
    }

    func append(properties: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        guard properties.kind == .object else { throw place.refusal("'properties' that are no object") }
        bytes.append("{")
        // A property that must not be there is not declared.
        for (name, schema) in properties.members where schema.bool != false {
            bytes.appendComma()
            bytes.appendJSON(name)
            bytes.append(":")
            try append(schema, to: &bytes)
        }
        bytes.append("}")
    }

    func append(below name: JSONValue, _ value: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        bytes.appendComma()
        if value.kind == .array {
            // A list of schemas was the word for a tuple once.
            bytes.append("\"prefixItems\":")
            return try append(list: value, to: &bytes)
        }
        bytes.appendJSON(name)
        bytes.append(":")
        if value.kind == .bool, name.isString("additionalProperties") { bytes.appendJSON(value) } else { try append(value, to: &bytes) }
    }

    func append(list: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        bytes.append("[")
        for schema in list.elements {
            bytes.appendComma()
            try append(schema, to: &bytes)
        }
        bytes.append("]")
    }

    /// One schema that applies besides the others is an alternative of one; objects are put together.
    func append(allOf list: JSONValue, of schema: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        let parts = Array(list.elements)
        guard !parts.isEmpty else { return }
        bytes.appendName("anyOf")
        bytes.append("[")
        if parts.count == 1 {
            try append(parts[0], to: &bytes)
        } else {
            (bound.depth, bound.count) = (bound.depth + 1, bound.count + 1)
            guard bound.depth <= 16, bound.count <= 1024 else { throw place.refusal("so many 'allOf' within each other") }
            try ObjectRoot.append(schema, place, references, for: .gemini, to: &bytes) { child, bytes throws(GatewayError) in
                try append(child, to: &bytes)
            }
            bound.depth -= 1
        }
        bytes.append("]")
    }

    /// Names that follow a pattern become names of any kind.
    func append(patterns: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        bytes.appendName("additionalProperties")
        let schemas = Array(patterns.members)
        if schemas.count == 1 { try append(schemas[0].value, to: &bytes) } else { bytes.append("true") }
    }
}

extension JSONValue {
    var beginsWithDollar: Bool { stringBytes?.first == UInt8(ascii: "$") || isString("definitions") }

    /// Whether a schema of an object says anything about its members.
    var describesArguments: Bool {
        members.contains { name, value in
            if name.isString("properties") { return !value.isEmptyContainer }
            if name.isString("additionalProperties") { return value.kind == .object || value.bool == true }
            return name.isOne(of: ["$ref", "anyOf", "oneOf", "allOf", "patternProperties", "type"])
                && !(name.isString("type") && hasType("object"))
        }
    }
}
