internal import Chat
internal import Core

/// The schema of a tool that stands in for an answer's format.
///
/// A tool's arguments are an object. Where the format is not, it becomes the only property `value` of one, which is taken off the answer again.
enum FormatTool {
    /// The property that holds an answer that need not be an object.
    static let property: StaticString = "value"

    /// Whether the format must be wrapped.
    static func isWrapped(_ format: ClientFormat) -> Bool {
        guard case .schema(let schema, _, _) = format else { return false }
        let root = schema.value
        if ObjectRoot.isNeeded(for: root) { return true }
        if let type = root["type"] { return !type.isString("object") }
        return root["properties"] == nil
    }

    /// Appends the schema of the tool's arguments.
    static func append(_ format: ClientFormat, to bytes: inout [UInt8]) {
        guard case .schema(let schema, _, _) = format else { return bytes.append("{\"type\":\"object\",\"additionalProperties\":true}") }
        guard isWrapped(format) else {
            if schema.value["type"] != nil { return bytes.append(contentsOf: schema.valueText) }
            bytes.append("{\"type\":\"object\",")
            return bytes.append(contentsOf: schema.valueText.drop { $0 != UInt8(ascii: "{") }.dropFirst())
        }
        bytes.append("{\"type\":\"object\",\"properties\":{\"value\":")
        appendMoved(schema.value, to: &bytes)
        bytes.append("},\"required\":[\"value\"],\"additionalProperties\":false}")
    }

    /// Appends a schema whose references are to hold one property further down.
    private static func appendMoved(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value.kind {
        case .object:
            bytes.append("{")
            for (name, value) in value.members {
                bytes.appendComma()
                bytes.appendJSON(name)
                bytes.append(":")
                if name.isString("$ref"), let pointer = value.stringBytes, pointer.first == UInt8(ascii: "#") {
                    bytes.appendJSONString(utf8: Array("#/properties/value".utf8) + pointer.dropFirst())
                } else if name.isOne(of: ["enum", "const", "default", "examples"]) {
                    bytes.appendJSON(value)
                } else {
                    appendMoved(value, to: &bytes)
                }
            }
            bytes.append("}")
        case .array:
            bytes.append("[")
            for element in value.elements {
                bytes.appendComma()
                appendMoved(element, to: &bytes)
            }
            bytes.append("]")
        default: bytes.appendJSON(value)
        }
    }
}

/// Takes `{"value":…}` off an answer that comes in pieces. What does not begin so passes as it is.
struct ValueUnwrapper: Sendable {
    private enum State { case head, value, over, passing }
    private var state = State.head
    /// What has come before the value, while it is not clear whether there is one.
    private var held: [UInt8] = []
    private var depth = 0
    private var isInText = false
    private var isEscaped = false

    /// The part of `piece` that belongs to the answer.
    mutating func unwrap(_ piece: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        for byte in piece {
            switch state {
            case .head: begin(byte, &out)
            case .value: follow(byte, &out)
            case .over: break
            case .passing: out.append(byte)
            }
        }
        return out
    }

    /// What is left when no more comes.
    mutating func finish() -> [UInt8] {
        guard state == .head else { return [] }
        state = .passing
        return held
    }

    private mutating func begin(_ byte: UInt8, _ out: inout [UInt8]) {
        // White space of any length is not kept.
        if byte <= 0x20 { return }
        if held.count == Self.head.count {
            state = .value
            follow(byte, &out)
        } else {
            held.append(byte)
            guard byte != Self.head[held.count - 1] else { return }
            state = .passing
            out += held
        }
    }

    private static let head = Array("{\"value\":".utf8)

    private mutating func follow(_ byte: UInt8, _ out: inout [UInt8]) {
        if isInText {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInText = false
            }
        } else {
            switch byte {
            case UInt8(ascii: "\""): isInText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                if depth == 0 { return state = .over }
                if byte != UInt8(ascii: ",") { depth -= 1 }
            default: break
            }
        }
        out.append(byte)
    }
}

extension TranslatedChoice {
    /// Adds an answer that came as the arguments of a tool.
    mutating func addContent(_ arguments: UnsafeRawBufferPointer, _ context: AnswerContext) {
        guard context.formatIsWrapped else { return addContent(arguments) }
        var unwrapper = ValueUnwrapper()
        let answer = unwrapper.unwrap(arguments)
        (answer + unwrapper.finish()).withUnsafeBytes { addContent($0) }
    }
}
