/// The MCP servers that a request attaches.
enum RequestedServers {
    /// The most servers of a request.
    static let most = 32

    /// Reads `mcp_servers`: names, or objects with a `name` or a `slug`.
    static func read(_ value: JSONValue) throws(GatewayError) -> [String] {
        guard value.kind == .array else { throw .wrongType("mcp_servers", expected: .array) }
        var names: [String] = []
        for element in value.elements {
            let param = "mcp_servers.\(names.count)"
            guard names.count < most else { throw .invalid("mcp_servers", "expected at most \(most) servers") }
            names.append(try name(element, param))
        }
        return names
    }

    private static func name(_ value: JSONValue, _ param: String) throws(GatewayError) -> String {
        let text: String
        switch value.kind {
        case .string: text = value.string ?? ""
        case .object:
            if value["url"]?.isNull == false { throw .unsupported("\(param).url", "Servers by their URL are") }
            if value["credentials"]?.isNull == false { throw .unsupported("\(param).credentials", "Credentials of a server are") }
            guard let name = (value["name"] ?? value["slug"])?.string else { throw .invalid(param, "expected a name") }
            text = name
        default: throw .wrongType(param, expected: [.string, .object])
        }
        if text.hasPrefix("https://") || text.hasPrefix("http://") { throw .unsupported(param, "Servers by their URL are") }
        guard (1...256).contains(text.utf8.count) else { throw .invalid(param, "expected a name of 1 to 256 bytes") }
        return text
    }
}
