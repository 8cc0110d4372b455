internal import Chat
internal import HTTPServer

/// One row of a listener's route table: path, methods, access.
struct Route<Access: Sendable>: Sendable {
    let methods: RouteMethods
    let path: RoutePath
    /// The access that the row requires, and its endpoint.
    let access: Access

    init(_ methods: RouteMethods, _ path: RoutePath, _ access: Access) {
        self.methods = methods
        self.path = path
        self.access = access
    }
}

/// The methods that a path takes.
enum RouteMethods {
    /// GET and HEAD.
    case get
    /// POST.
    case post

    /// As the field `allow` lists them.
    var names: String {
        switch self {
        case .get: "GET, HEAD"
        case .post: "POST"
        }
    }

    /// - Throws: `method_not_allowed`.
    func check(_ method: HTTPMethod) throws(GatewayError) {
        let fits =
            switch self {
            case .get: method == .get || method == .head
            case .post: method == .post
            }
        if !fits { throw GatewayError(.methodNotAllowed, "This path takes \(names) only.") }
    }
}

/// The path of a row.
enum RoutePath: Sendable {
    case exactly(StaticString)
    /// The rest after this prefix, percent-decoded, is a name. It is not empty, and may contain slashes.
    case named(below: StaticString)
}

/// The routes of one listener. Rows are tried in their order, exact paths first.
struct RouteTable<Access: Sendable>: Sendable {
    /// A row that fits a request, and what the path names; empty where its row names nothing.
    typealias Match = (methods: RouteMethods, access: Access, name: String)

    private let rows: [Route<Access>]
    private let forgivesSlashes: Bool

    /// - Parameter forgivesSlashes: whether a path fits also with further slashes in it and at its end; base URLs that end with a slash make
    ///   such paths.
    init(_ rows: [Route<Access>], forgivesSlashes: Bool) {
        self.rows = rows
        self.forgivesSlashes = forgivesSlashes
    }

    /// The row that the path of `head` belongs to, whatever its method; `nil` when there is none.
    func find(_ head: HTTPRequestHead) -> Match? {
        // A path that is written as it should be is found without an allocation.
        for row in rows { if case .exactly(let path) = row.path, head.pathEquals(path) { return (row.methods, row.access, "") } }
        return forgivesSlashes ? find(tidied: Self.tidied(head.path)) : nil
    }

    private func find(tidied path: String) -> Match? {
        for row in rows { if case .exactly(let own) = row.path, path == own.description { return (row.methods, row.access, "") } }
        for row in rows {
            guard case .named(let prefix) = row.path, path.hasPrefix(prefix.description),
                let name = PercentCoding.decode(path.dropFirst(prefix.utf8CodeUnitCount)), !name.isEmpty
            else { continue }
            return (row.methods, row.access, name)
        }
        return nil
    }

    /// The `Allow` field of an answer to the wrong method on the path of `head`.
    func allowedMethods(_ head: HTTPRequestHead) -> String { find(head)?.methods.names ?? "" }

    /// Every exact path, in the order of the rows.
    var paths: [String] {
        rows.compactMap { row in if case .exactly(let path) = row.path { path.description } else { nil } }
    }

    /// The path with one slash for each run of them, and none at its end.
    static func tidied(_ path: ArraySlice<UInt8>) -> String {
        let slash = UInt8(ascii: "/")
        var tidied: [UInt8] = []
        tidied.reserveCapacity(path.count)
        for byte in path where byte != slash || tidied.last != slash { tidied.append(byte) }
        if tidied.count > 1, tidied.last == slash { tidied.removeLast() }
        return String(decoding: tidied, as: UTF8.self)
    }
}
