internal import Core
public import MCP
public import Policies

extension MCPServerSettings {
    /// A server as the policies have it.
    public init(_ entry: MCPServerEntry) {
        let way: Way =
            switch entry.way {
            case .command(let arguments, let environment): .command(arguments, environment: environment)
            case .url(let url, let headers, let caFile):
                .url(url, headers: headers.map { Secret("\($0.name): \($0.value.reveal())") }, caFile: caFile)
            }
        self.init(name: entry.name, way: way)
        (timeout, idleStop) = (entry.timeout, entry.idleStop)
    }
}
