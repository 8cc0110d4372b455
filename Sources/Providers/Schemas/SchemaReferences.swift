internal import Chat

/// Looks up what the `$ref`s of a JSON Schema refer to within it. A schema with thousands of references is still read in linear time.
final class SchemaReferences {
    private let root: JSONValue
    private var known: [[UInt8]: JSONValue] = [:]
    /// Lookups of pointers beyond the definitions that are still made: each walks down from the root.
    private var walks = 256

    init(_ root: JSONValue) {
        self.root = root
        for (list, prefix) in [("$defs" as StaticString, "#/$defs/"), ("definitions", "#/definitions/")] {
            guard let definitions = root[list], definitions.kind == .object else { continue }
            for (name, value) in definitions.members {
                if let name = name.stringBytes { known[Array(prefix.utf8) + Self.escaped(name)] = value }
            }
        }
    }

    /// The schema that `reference` refers to; `nil` when it is not in this document.
    func target(_ reference: JSONValue) -> JSONValue? {
        guard let pointer = reference.stringBytes.map({ Array($0) }), pointer.first == UInt8(ascii: "#") else { return nil }
        if let value = known[pointer] { return value }
        guard walks > 0 else { return nil }
        walks -= 1
        let value = walk(pointer)
        if let value { known[pointer] = value }
        return value
    }

    /// Whether `reference` refers to nothing in this document. Of the pointers beyond those that are looked up it is believed that they do.
    func isMissing(_ reference: JSONValue) -> Bool {
        guard reference.stringBytes?.first == UInt8(ascii: "#") else { return true }
        return target(reference) == nil && walks > 0
    }

    private func walk(_ pointer: [UInt8]) -> JSONValue? {
        if pointer.count == 1 { return root }
        guard pointer[1] == UInt8(ascii: "/") else { return nil }
        var value = root
        for step in pointer[2...].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            switch value.kind {
            case .object:
                let next = value.members.first { $0.name.stringBytes.map { Self.escaped($0).elementsEqual(step) } == true }
                guard let next else { return nil }
                value = next.value
            case .array:
                guard let index = Int(String(decoding: step, as: UTF8.self)), index >= 0,
                    let next = value.elements.dropFirst(index).first(where: { _ in true })
                else { return nil }
                value = next
            default: return nil
            }
        }
        return value
    }

    /// A name as a step of a JSON pointer (RFC 6901).
    private static func escaped(_ name: UnsafeRawBufferPointer) -> [UInt8] {
        var step: [UInt8] = []
        for byte in name {
            switch byte {
            case UInt8(ascii: "~"): step += Array("~0".utf8)
            case UInt8(ascii: "/"): step += Array("~1".utf8)
            default: step.append(byte)
            }
        }
        return step
    }
}

/// Where a schema stands in a request, for errors about it.
struct SchemaPlace {
    /// The member in OpenAI's notation, e.g. `tools.0.function.parameters`.
    let param: String

    static let format = SchemaPlace(param: "response_format.json_schema.schema")

    static func tool(_ index: Int) -> SchemaPlace { SchemaPlace(param: "tools.\(index).function.parameters") }

    /// The error for what a provider's dialect of JSON Schema cannot say.
    func refusal(_ what: String) -> GatewayError { .notTaken(param, "A JSON Schema with \(what) is") }
}

extension JSONValue {
    /// Whether the `type` of a schema is `name`, or a list with it.
    func hasType(_ name: StaticString) -> Bool {
        guard let type = self["type"] else { return false }
        return type.isString(name) || type.elements.contains { $0.isString(name) }
    }

    /// Whether it is the name of one of the keywords.
    func isOne(of names: [StaticString]) -> Bool { names.contains { isString($0) } }
}
