/// One entry of a request's `model`, or of its fallback list: a name, and settings for that model.
public struct RequestedModel: Sendable {
    /// The name as the client wrote it, 1 to 256 bytes.
    public let name: String
    /// Members that replace the request's own for this model: a JSON object, or `nil` when there are none.
    public let settings: [UInt8]?

    /// Makes an entry.
    public init(name: String, settings: [UInt8]? = nil) { (self.name, self.settings) = (name, settings) }

    /// The most members that the settings of a model have.
    private static let mostSettings = 256
    /// The most entries of a request's fallback list.
    public static let longestList = 16

    /// Reads `model`: a name, `{"model", "settings"}`, or a list of these, in the order of fallback.
    static func read(_ value: JSONValue, _ param: String) throws(GatewayError) -> [RequestedModel] {
        guard value.kind == .array else { return [try entry(value, param)] }
        var models: [RequestedModel] = []
        for element in value.elements {
            guard models.count < longestList else { throw .invalid(param, "expected at most \(longestList) models") }
            models.append(try entry(element, "\(param).\(models.count)"))
        }
        guard !models.isEmpty else { throw .invalid(param, "the list must not be empty") }
        return models
    }

    private static func entry(_ value: JSONValue, _ param: String) throws(GatewayError) -> RequestedModel {
        switch value.kind {
        case .string: return RequestedModel(name: try name(value, param), settings: nil)
        case .object:
            guard let inner = value["model"] else { throw .invalid(param, "an entry lacks its 'model'") }
            return RequestedModel(name: try name(inner, "\(param).model"), settings: try settings(value["settings"], "\(param).settings"))
        default: throw .wrongType(param, expected: [.string, .object])
        }
    }

    private static func name(_ value: JSONValue, _ param: String) throws(GatewayError) -> String {
        guard let name = value.string else { throw .wrongType(param, expected: .string) }
        guard (1...256).contains(name.utf8.count) else { throw .invalid(param, "expected 1 to 256 bytes") }
        return name
    }

    private static func settings(_ value: JSONValue?, _ param: String) throws(GatewayError) -> [UInt8]? {
        guard let value, !value.isNull, !value.isEmptyContainer else { return nil }
        guard value.kind == .object else { throw .wrongType(param, expected: .object) }
        var count = 0
        for (name, _) in value.members {
            count += 1
            guard count <= mostSettings else { throw .invalid(param, "expected at most \(mostSettings) members") }
            // Settings may change how a model answers, not which request it is.
            if name.isString("model") || name.isString("models") || name.isString("messages") || name.isString("stream") {
                throw .invalid("\(param).\(name.string ?? "")", "it cannot be a setting of a model")
            }
        }
        var bytes: [UInt8] = []
        bytes.appendJSON(value)
        return bytes
    }
}
