internal import Chat
internal import Core

/// The schema of a tool as Amazon's Nova takes it: at the root `type`, `properties` and `required`, and nothing else. Definitions have no place
/// there, so references are replaced by what they refer to; what else the root says is told in the tool's description.
struct NovaSchema {
    private let references: SchemaReferences
    private let place: SchemaPlace
    private var path: Set<[UInt8]> = []
    /// Bytes that the schema may still grow by: references to references multiply.
    private var room: Int

    /// Appends the schema, and to `description` what has no place in it.
    /// - Throws: `invalid_request_error` for a schema that refers to itself, or becomes too large without references.
    static func append(
        _ tool: ClientTool, to bytes: inout [UInt8], description: inout [UInt8]
    ) throws(GatewayError) {
        guard let parameters = tool.parameters, !parameters.value.isEmptyContainer else {
            return bytes.append("{\"type\":\"object\",\"properties\":{}}")
        }
        let place = SchemaPlace.tool(tool.index)
        var whole: [UInt8] = []
        try ToolSchema.append(tool, to: &whole)
        let size = whole.count
        let text = whole
        // Parsed again, because building the root may have changed the document.
        bytes += try JSONReader().read(text) { (root) throws(GatewayError) -> [UInt8] in
            var schema = NovaSchema(references: SchemaReferences(root), place: place, room: max(64 * 1024, 8 * size))
            var out: [UInt8] = []
            try schema.appendRoot(root, to: &out, description: &description)
            return out
        }
    }

    private init(references: SchemaReferences, place: SchemaPlace, room: Int) {
        (self.references, self.place, self.room) = (references, place, room)
    }

    private mutating func appendRoot(_ root: JSONValue, to bytes: inout [UInt8], description: inout [UInt8]) throws(GatewayError) {
        bytes.append("{\"type\":\"object\",\"properties\":")
        if let properties = root["properties"], properties.kind == .object {
            try append(properties, to: &bytes)
        } else {
            bytes.append("{}")
        }
        if let required = root["required"] {
            bytes.append(",\"required\":")
            bytes.appendJSON(required)
        }
        bytes.append("}")
        var said: [UInt8] = []
        for (name, value) in root.members
        where !name.isOne(of: ["type", "properties", "required", "$defs", "definitions", "$schema", "$id", "title", "description"]) {
            said.append(contentsOf: said.isEmpty ? Array("The arguments follow this JSON Schema: {".utf8) : [UInt8(ascii: ",")])
            said.appendJSON(name)
            said.append(":")
            try append(value, to: &said)
        }
        if !said.isEmpty { said.append("}") }
        for words in [root["description"]?.stringBytes.map { Array($0) } ?? [], said] where !words.isEmpty {
            if !description.isEmpty { description += Array("\n\n".utf8) }
            description += words
        }
    }

    private mutating func append(_ value: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        let start = bytes.count
        switch value.kind {
        case .object:
            if let reference = value["$ref"], reference.kind == .string { return try append(target: reference, beside: value, to: &bytes) }
            bytes.append("{")
            for (name, value) in value.members {
                bytes.appendComma()
                bytes.appendJSON(name)
                bytes.append(":")
                if name.isOne(of: ["enum", "const", "default", "examples"]) {
                    bytes.appendJSON(value)
                } else {
                    try append(value, to: &bytes)
                }
            }
            bytes.append("}")
        case .array:
            bytes.append("[")
            for element in value.elements {
                bytes.appendComma()
                try append(element, to: &bytes)
            }
            bytes.append("]")
        default:
            bytes.appendJSON(value)
            room -= bytes.count - start
        }
        room -= 2
        guard room > 0 else { throw place.refusal("so many references") }
    }

    private mutating func append(target reference: JSONValue, beside schema: JSONValue, to bytes: inout [UInt8]) throws(GatewayError) {
        let pointer = reference.stringBytes.map { Array($0) } ?? []
        guard let target = references.target(reference) else { throw place.refusal("a '$ref' that is not in it") }
        guard path.insert(pointer).inserted else { throw place.refusal("a reference to itself") }
        defer { path.remove(pointer) }
        let others = Array(schema.members.filter { !$0.name.isString("$ref") })
        guard !others.isEmpty else { return try append(target, to: &bytes) }
        bytes.append("{\"allOf\":[")
        try append(target, to: &bytes)
        bytes.append("]")
        for (name, value) in others {
            bytes.append(",")
            bytes.appendJSON(name)
            bytes.append(":")
            try append(value, to: &bytes)
        }
        bytes.append("}")
    }
}
