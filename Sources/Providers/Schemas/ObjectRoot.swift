internal import Chat
internal import Core

/// The root of a tool's schema as an object with properties, which is what every provider takes there. Anthropic, Converse and Gemini refuse all
/// tools because of one whose root is a composition (`anyOf`, `oneOf`, `allOf`), a reference, or has no type.
///
/// What the alternatives have in properties is put together; what they exclude is told in the description. Nothing that was allowed is forbidden.
struct ObjectRoot {
    fileprivate struct Property {
        private(set) var schemas: [JSONValue]
        /// The texts of `schemas`, once there are several.
        private var known: Set<[UInt8]> = []
        /// Whether all of the schemas apply together.
        var isConjunction = true
    }

    /// What an object schema asks for.
    private struct Shape {
        var order: [[UInt8]] = []
        var properties: [[UInt8]: Property] = [:]
        private(set) var required: [[UInt8]] = []
        private var knownRequired: Set<[UInt8]> = []
        /// Whether no other properties are allowed.
        var isClosed = false

        mutating func require(_ name: [UInt8]) { if knownRequired.insert(name).inserted { required.append(name) } }
    }

    /// The provider whose dialect of JSON Schema is written.
    enum Dialect {
        case anyKeywords
        /// No `allOf`, and few keywords: https://ai.google.dev/api/generate-content#FIELDS.response_json_schema.
        case gemini

        fileprivate var conjunction: StaticString { self == .gemini ? "{\"anyOf\":[" : "{\"allOf\":[" }

        fileprivate func takes(_ keyword: JSONValue) -> Bool { self != .gemini || keyword.isOne(of: ["title", "$defs", "definitions"]) }
    }

    private let references: SchemaReferences
    private let place: SchemaPlace
    /// Schemas that may still be looked at: alternatives of alternatives grow without bound.
    private var budget = 4096

    private init(_ place: SchemaPlace, _ references: SchemaReferences) {
        self.references = references
        self.place = place
    }

    private static let compositions: [StaticString] = ["anyOf", "oneOf", "allOf", "$ref"]

    /// Whether the root must be put in another form.
    static func isNeeded(for schema: JSONValue) -> Bool { schema.members.contains { $0.name.isOne(of: compositions) } }

    /// Appends the schema.
    /// - Parameters:
    ///   - references: those of the document that the schema stands in.
    ///   - child: appends a schema within it.
    /// - Throws: `invalid_request_error` when no alternative is an object.
    static func append(
        _ schema: JSONValue, _ place: SchemaPlace, _ references: SchemaReferences, for dialect: Dialect, to bytes: inout [UInt8],
        child: (JSONValue, inout [UInt8]) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        var root = ObjectRoot(place, references)
        guard let shape = try root.shape(of: schema, path: []) else { throw place.refusal("a root that is no object") }
        bytes.append("{\"type\":\"object\"")
        for (name, value) in schema.members where !isSaid(name, dialect) && !name.isOne(of: putTogether) {
            if name.isString("$defs") || name.isString("definitions") {
                try appendDefinitions(name, value, to: &bytes, child: child)
            } else {
                bytes.append(",")
                bytes.appendJSON(name)
                bytes.append(":")
                bytes.appendJSON(value)
            }
        }
        bytes.append(",\"description\":")
        bytes.appendJSONString(utf8: words(of: schema, dialect))
        try append(shape, dialect, to: &bytes, child: child)
        if let more = schema["additionalProperties"], more.kind == .object {
            bytes.append(",\"additionalProperties\":")
            try child(more, &bytes)
        } else if shape.isClosed {
            bytes.append(",\"additionalProperties\":false")
        }
        bytes.append("}")
    }

    private static func appendDefinitions(
        _ name: JSONValue, _ list: JSONValue, to bytes: inout [UInt8], child: (JSONValue, inout [UInt8]) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        bytes.append(",")
        bytes.appendJSON(name)
        bytes.append(":{")
        for (name, schema) in list.members {
            bytes.appendComma()
            bytes.appendJSON(name)
            bytes.append(":")
            try child(schema, &bytes)
        }
        bytes.append("}")
    }

    private static let putTogether: [StaticString] = ["type", "properties", "required", "additionalProperties", "description", "$schema"]

    /// Whether a keyword of the root is told in words.
    private static func isSaid(_ name: JSONValue, _ dialect: Dialect) -> Bool {
        name.isOne(of: compositions) || !(name.isOne(of: putTogether) || dialect.takes(name))
    }

    private static func append(
        _ shape: Shape, _ dialect: Dialect, to bytes: inout [UInt8], child: (JSONValue, inout [UInt8]) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        bytes.append(",\"properties\":{")
        for name in shape.order {
            guard let property = shape.properties[name] else { continue }
            bytes.appendComma()
            bytes.appendJSONString(utf8: name)
            bytes.append(":")
            if property.schemas.count == 1 {
                try child(property.schemas[0], &bytes)
            } else {
                bytes.append(property.isConjunction ? dialect.conjunction : "{\"anyOf\":[")
                for schema in property.schemas {
                    bytes.appendComma()
                    try child(schema, &bytes)
                }
                bytes.append("]}")
            }
        }
        bytes.append("}")
        guard !shape.required.isEmpty else { return }
        bytes.append(",\"required\":[")
        for name in shape.required {
            bytes.appendComma()
            bytes.appendJSONString(utf8: name)
        }
        bytes.append("]")
    }

    /// The schema's own description, and what its root demands besides.
    private static func words(of schema: JSONValue, _ dialect: Dialect) -> [UInt8] {
        var text = schema["description"]?.stringBytes.map { Array($0) } ?? []
        if !text.isEmpty { text += Array("\n\n".utf8) }
        text += Array("The arguments follow this JSON Schema: {".utf8)
        for (name, value) in schema.members where isSaid(name, dialect) {
            text.appendComma()
            text.appendJSON(name)
            text.append(":")
            text.appendJSON(value)
        }
        text.append("}")
        return text
    }

    // MARK: Putting together

    private mutating func shape(of schema: JSONValue, path: Set<[UInt8]>) throws(GatewayError) -> Shape? {
        budget -= 1
        guard budget > 0 else { throw place.refusal("so many alternatives at its root") }
        if schema.bool == true { return Shape() }
        guard schema.kind == .object, schema["type"] == nil || schema.hasType("object") else { return nil }
        var shape = Self.ownShape(schema)
        for (name, value) in schema.members {
            if name.isString("$ref") {
                let pointer = value.stringBytes.map { Array($0) } ?? []
                guard !path.contains(pointer) else { continue }
                guard let target = references.target(value) else { throw place.refusal("a '$ref' that is not in it") }
                guard let other = try self.shape(of: target, path: path.union([pointer])) else { return nil }
                Self.add(other, to: &shape)
            } else if name.isString("allOf") {
                for member in value.elements {
                    guard let other = try self.shape(of: member, path: path) else { return nil }
                    Self.add(other, to: &shape)
                }
            } else if name.isString("anyOf") || name.isString("oneOf") {
                var branches: [Shape] = []
                for member in value.elements { if let branch = try self.shape(of: member, path: path) { branches.append(branch) } }
                guard !branches.isEmpty else { return nil }
                Self.add(Self.union(branches), to: &shape)
            }
        }
        return shape
    }

    private static func ownShape(_ schema: JSONValue) -> Shape {
        var shape = Shape()
        for member in schema["properties"].map({ Array($0.members) }) ?? [] {
            guard let name = member.name.stringBytes.map({ Array($0) }) else { continue }
            shape.order.append(name)
            shape.properties[name] = Property(member.value)
        }
        if let required = schema["required"], required.kind == .array {
            for name in required.elements.compactMap({ $0.stringBytes.map { Array($0) } }) { shape.require(name) }
        }
        shape.isClosed = schema["additionalProperties"]?.bool == false
        return shape
    }

    /// Both apply.
    private static func add(_ other: Shape, to shape: inout Shape) {
        merge(other, into: &shape, isConjunction: true)
        for name in other.required { shape.require(name) }
        // A closed part closes the whole only where the whole declares all that any part does.
        shape.isClosed = shape.isClosed && other.isClosed
    }

    /// One of them applies.
    private static func union(_ branches: [Shape]) -> Shape {
        var shape = Shape()
        for branch in branches { merge(branch, into: &shape, isConjunction: false) }
        var counts: [[UInt8]: Int] = [:]
        for branch in branches { for name in branch.required { counts[name, default: 0] += 1 } }
        for name in branches[0].required where counts[name] == branches.count { shape.require(name) }
        shape.isClosed = branches.allSatisfy(\.isClosed)
        return shape
    }

    private static func merge(_ other: Shape, into shape: inout Shape, isConjunction: Bool) {
        for name in other.order {
            guard let property = other.properties[name] else { continue }
            if shape.properties[name] == nil {
                shape.order.append(name)
                shape.properties[name] = property
            } else {
                shape.properties[name]?.add(property, isConjunction: isConjunction)
            }
        }
    }
}

extension ObjectRoot.Property {
    fileprivate init(_ schema: JSONValue) { schemas = [schema] }

    fileprivate mutating func add(_ other: ObjectRoot.Property, isConjunction: Bool) {
        self.isConjunction = self.isConjunction && other.isConjunction && isConjunction
        if known.isEmpty { known = Set(schemas.map(Self.text)) }
        for schema in other.schemas where known.insert(Self.text(schema)).inserted { schemas.append(schema) }
    }

    private static func text(_ schema: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSON(schema)
        return bytes
    }
}
