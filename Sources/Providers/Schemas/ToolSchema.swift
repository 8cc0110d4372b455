internal import Chat
internal import Core

/// The schemas of tools as Anthropic and Converse take them: an object at the root and no composition there. Below the root everything passes.
enum ToolSchema {
    /// Appends the schema of a tool's arguments.
    /// - Throws: `invalid_request_error` when the arguments are no object.
    static func append(_ tool: ClientTool, to bytes: inout [UInt8]) throws(GatewayError) {
        guard let parameters = tool.parameters, !parameters.value.isEmptyContainer else {
            return bytes.append("{\"type\":\"object\",\"properties\":{}}")
        }
        let (root, place) = (parameters.value, SchemaPlace.tool(tool.index))
        if ObjectRoot.isNeeded(for: root) {
            return try ObjectRoot.append(root, place, SchemaReferences(root), for: .anyKeywords, to: &bytes) {
                schema, bytes throws(GatewayError) in bytes.appendJSON(schema)
            }
        }
        guard let type = root["type"] else {
            bytes.append("{\"type\":\"object\",")
            return bytes.append(contentsOf: parameters.valueText.dropFirst())
        }
        if type.isString("object") { return bytes.append(contentsOf: parameters.valueText) }
        guard root.hasType("object") else { throw place.refusal("a root that is no object") }
        appendTyped(root, to: &bytes)
    }

    /// A tool is never called with `null` instead of its arguments.
    private static func appendTyped(_ root: JSONValue, to bytes: inout [UInt8]) {
        bytes.append("{\"type\":\"object\"")
        for (name, value) in root.members where !name.isString("type") {
            bytes.append(",")
            bytes.appendJSON(name)
            bytes.append(":")
            bytes.appendJSON(value)
        }
        bytes.append("}")
    }
}
