internal import CPostgres
public import Ledger

/// Where a PostgreSQL database is, as `--store` names it. Describes itself without the password.
public struct PostgreSQLTarget: Sendable, CustomStringConvertible {
    /// Options of libpq by their names, those of the URL only.
    private let options: [String: String]

    /// Whether `url` is meant for PostgreSQL.
    public static func accepts(_ url: String) -> Bool { url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") }

    /// Reads a URL such as `postgres://purser:secret@db.example:5432/purser?sslmode=verify-full`. What it leaves out comes from libpq's
    /// environment (`PGHOST`, `PGPASSWORD` …) and password file.
    /// - Throws: ``LedgerFailure/invalid(_:)``. The URL is not part of the message, for it holds a password.
    public init(url: String) throws(LedgerFailure) {
        guard Self.accepts(url), let parsed = PQconninfoParse(url, nil) else { throw Self.notUnderstood }
        defer { PQconninfoFree(parsed) }
        var options: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { options[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        // Several hosts have several ports. libpq would complain at the connection only.
        let ports = (options["port"] ?? "5432").split(separator: ",").map { UInt16($0) ?? 0 }
        guard options["dbname"]?.isEmpty == false, !ports.contains(0) else { throw Self.notUnderstood }
        self.options = options
    }

    private static let notUnderstood = LedgerFailure.invalid(
        "--store: this is no PostgreSQL URL; write postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full, "
            + "with special characters in the password percent-encoded")

    /// E.g. `postgres://purser@db.example:5432/purser`.
    public var description: String {
        let user = options["user"].map { $0 + "@" } ?? ""
        let port = options["port"].map { ":" + $0 } ?? ""
        return "postgres://\(user)\(options["host"] ?? "localhost")\(port)/\(options["dbname"] ?? "")"
    }

    /// `text` without the password, should a library have put it in.
    func scrubbed(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return ["password", "sslpassword"].compactMap { options[$0] }.filter { !$0.isEmpty }
            .reduce(line) { $0.replacing($1, with: "***") }
    }

    /// The connection options for libpq: the gateway's deadlines and names first, so that the URL can override them.
    var keywords: [(name: String, value: String)] {
        let defaults = [
            ("application_name", "purser"), ("connect_timeout", "5"), ("tcp_user_timeout", "10000"), ("keepalives_idle", "15"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ]
        let missing = defaults.filter { options[$0.0] == nil }
        return missing.map { (name: $0.0, value: $0.1) }
            + options.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
            // Names and texts are UTF-8 everywhere in Purser.
            .filter { $0.name != "client_encoding" } + [(name: "client_encoding", value: "UTF8")]
    }
}
