/// The way to one server, whatever carries its messages. Belongs to the loop of its host.
protocol MCPConnection: AnyObject {
    /// Why nothing more can be sent; `nil` while it can.
    var ending: MCPFailure? { get }
    /// Told of what the server tells by itself.
    var told: ((_ method: String) -> Void)? { get set }
    /// Sends a request and waits for its answer.
    /// - Returns: the `result`, JSON.
    func request(_ request: MCPRequest) async throws(MCPFailure) -> [UInt8]
    /// Tells the server something.
    func notify(_ method: String, params: [UInt8]) async
    /// Ends the connection; the process behind it, if it is this gateway's.
    func end()
}

/// A request to a server.
struct MCPRequest {
    let method: String
    /// A JSON object.
    var params: [UInt8]
    /// What `Mcp-Name` mirrors: the name of a tool or a prompt, or a resource's URI.
    var name: String?
    /// How long the answer may take.
    var timeout: Duration
    /// The most bytes of the answer.
    var mostBytes: Int
}
