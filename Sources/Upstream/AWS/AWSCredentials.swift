/// The credentials of a caller of an AWS service. Printing or reflecting it shows none of the secrets.
public struct AWSCredentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The region that is called, e.g. `us-east-1`.
    public let region: String
    /// The name under which the service signs, e.g. `bedrock`.
    public let service: String
    let accessKey: String
    let secretKey: String
    let sessionToken: String?

    /// Makes credentials.
    /// - Parameter sessionToken: what comes with temporary keys.
    public init(region: String, service: String, accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.region = region
        self.service = service
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    /// Region and service.
    public var description: String { "AWS \(service) in \(region), keys ***" }

    /// Region and service.
    public var debugDescription: String { description }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
