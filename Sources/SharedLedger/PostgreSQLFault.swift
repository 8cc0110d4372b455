internal import CPostgres
internal import Ledger

/// A failure between the gateway and the server, before it becomes a ``LedgerFailure``.
enum PostgreSQLFault {
    /// The failure that the class and code of an SQL error mean.
    /// - Parameter state: five characters, see the appendix "PostgreSQL Error Codes" of its manual.
    static func failure(_ state: String, _ message: String, _ target: PostgreSQLTarget) -> LedgerFailure {
        let server = target.description
        let detail = target.scrubbed(message)
        switch state {
        case "25006": return .serverReadOnly(server: server)
        case "53100": return .full(path: server)
        // Of a lock that is waited for, a deadlock, a transaction that another one forestalled: the next attempt goes through.
        case "40001", "40P01", "55P03", "57014": return .serverAway(server: server, detail: "\(detail), code \(state)")
        case "3D000", "42501", "3F000": return .serverRefuses(server: server, detail: detail)
        case "XX001", "XX002": return .corrupt(path: server, detail: detail)
        default: break
        }
        switch state.prefix(2) {
        case "08", "57", "53": return .serverAway(server: server, detail: detail)
        case "28": return .serverRefuses(server: server, detail: detail)
        default: return .serverError(server: server, detail: "\(detail), code \(state)")
        }
    }

    /// The failure of a result; its message without the parameters of the statement, which are not for logs.
    static func failure(of result: OpaquePointer, _ target: PostgreSQLTarget) -> LedgerFailure {
        let message = purser_message(result).map { String(cString: $0) } ?? String(cString: PQresultErrorMessage(result))
        // Without a code, libpq itself has lost the server.
        return failure(purser_sqlstate(result).map { String(cString: $0) } ?? "08006", message, target)
    }

    /// The failure of a connection that was not made. libpq reports no code then, only what the server said.
    static func connecting(_ message: String, _ target: PostgreSQLTarget) -> LedgerFailure {
        let detail = target.scrubbed(message)
        let refusals = ["authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied"]
        if message.contains("read-only") || message.contains("not read-write") { return .serverReadOnly(server: target.description) }
        if ["certificate", "does not support SSL", "root certificate file"].contains(where: message.contains) {
            return .serverNotTrusted(server: target.description, detail: detail)
        }
        // A socket file that is not there "does not exist" either, but that is a server that does not run.
        let isRefusal = refusals.contains(where: message.contains) && message.contains("FATAL")
        if isRefusal || message.contains("no password supplied") {
            return .serverRefuses(server: target.description, detail: detail)
        }
        return .serverAway(server: target.description, detail: detail.isEmpty ? "no connection" : detail)
    }
}
