internal import Core

/// The `mcp_servers:` of all files.
struct MCPServersSection {
    /// By name, in the order of files and lines.
    private(set) var servers: [MCPServerEntry] = []
    /// The names that are defined, broken ones and those that are off included.
    private(set) var names: Set<String> = []
    /// Servers that are off, with the reason.
    private(set) var off: [SwitchedOff] = []

    /// - Parameter teams: the paths of all teams.
    init(_ section: Section, environment: [String: String], teams: Set<String>, isComplete: Bool) {
        names = section.names
        for entry in section.entries {
            guard entry.hasValidName("MCP server"), let reader = entry.value.mapping(.mcpServer) else { continue }
            var decoder = MCPServerDecoder(entry: entry, reader: reader, environment: EnvironmentScope(environment))
            let server = decoder.server(teams: teams, isComplete: isComplete)
            if let reason = decoder.reasonToBeOff() {
                off.append(SwitchedOff(name: entry.name, reason: reason))
            } else if let server {
                servers.append(server)
            }
        }
    }
}

/// Reads one MCP server.
private struct MCPServerDecoder {
    let entry: NamedField
    let reader: MappingReader
    var environment: EnvironmentScope

    mutating func server(teams: Set<String>, isComplete: Bool) -> MCPServerEntry? {
        let way = way()
        guard let way else { return nil }
        var server = MCPServerEntry(name: entry.name, way: way)
        if let timeout = reader["timeout"]?.duration(atMost: .seconds(600)) { server.timeout = timeout }
        if let most = reader["max_result_bytes"]?.integer(in: 1_024...(16 << 20)) { server.mostResultBytes = most }
        if let idle = reader["idle_stop"]?.duration() { server.idleStop = idle }
        if let tools = reader["tools"]?.mapping(.mcpTools) {
            server.allowed = tools["allow"].map(patterns) ?? []
            server.denied = tools["deny"].map(patterns) ?? []
        }
        for field in reader["teams"]?.list(of: "paths of teams") ?? [] {
            guard let path = field.text() else { continue }
            if isComplete, !teams.contains(path) {
                let _: String? = field.refuse(
                    "there is no team \"\(shortened(path))\"", suggestion: EditDistance.nearest(to: path, among: Array(teams)))
            }
            server.teams.append(path)
        }
        return server
    }

    private mutating func way() -> MCPServerEntry.Way? {
        switch (reader["command"], reader["url"]) {
        case (let command?, nil): return self.command(command)
        case (nil, let url?): return self.url(url)
        case (_?, let url?): return url.refuse("an MCP server has either a \"command\" or a \"url\", not both")
        case (nil, nil):
            entry.value.diagnostics.error(at: entry.place, "MCP server \"\(shortened(entry.name))\" has no command and no url")
            return nil
        }
    }

    /// The program and its arguments: never a line for a shell.
    private mutating func command(_ field: FieldReader) -> MCPServerEntry.Way? {
        for key in ["headers", "ca_file"] {
            if let other = reader[key] { return other.refuse("\"\(key)\" goes with \"url\" only") }
        }
        guard let items = field.list(of: "the program and its arguments, such as [python3, -m, mcp_server_time]") else { return nil }
        guard !items.isEmpty else { return field.refuse("the command is empty") }
        var arguments: [String] = []
        for item in items {
            guard let text = environment.text(item) else { continue }
            if text.utf8.contains(0) { return item.refuse("an argument must not have a zero byte") }
            arguments.append(text)
        }
        var variables: [String: Secret] = [:]
        for variable in reader["env"]?.entries(expected: "a mapping from variables to texts") ?? [] {
            let isName = !variable.name.isEmpty && variable.name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || isAlphanumeric($0) }
            guard isName, !isDigit(variable.name.utf8.first ?? 0) else {
                entry.value.diagnostics.error(at: variable.place, "\"\(shortened(variable.name))\" is no name of a variable")
                continue
            }
            if let value = environment.text(variable.value) { variables[variable.name] = Secret(value) }
        }
        return arguments.count == items.count ? .command(arguments, environment: variables) : nil
    }

    private func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

    private mutating func url(_ field: FieldReader) -> MCPServerEntry.Way? {
        if let other = reader["env"] { return other.refuse("\"env\" goes with \"command\" only") }
        guard let text = environment.text(field) else { return nil }
        let address: EndpointURL
        do throws(EndpointURL.Unavailability) { address = try EndpointURL(text) } catch {
            return environment.refuse(field, "the url \(error.message)")
        }
        var headers: [Provider.Header] = []
        for header in reader["headers"]?.entries(expected: "a mapping from header names to texts") ?? [] {
            if let reason = HeaderRules.unavailability(toName: header.name.lowercased()) {
                entry.value.diagnostics.error(at: header.place, "header \"\(shortened(header.name))\" \(reason)")
            }
            guard let value = environment.text(header.value) else { continue }
            if let reason = HeaderRules.unavailability(toValue: value) {
                let _: String? = environment.refuse(header.value, "the value of header \"\(shortened(header.name))\" \(reason)")
            }
            headers.append(Provider.Header(name: header.name, value: Secret(value)))
        }
        return .url(address.text, headers: headers, caFile: reader["ca_file"].flatMap { environment.text($0) })
    }

    private func patterns(_ field: FieldReader) -> [String] {
        let items = field.list(of: "names of tools, with * for any characters") ?? []
        if items.isEmpty { let _: String? = field.refuse("\"\(field.label)\" is empty; leave it out") }
        return items.compactMap { $0.text() }
    }

    /// Which variables are missing or cannot be used; `nil` when none.
    func reasonToBeOff() -> String? {
        guard let place = (environment.missing.map(\.place) + environment.broken.map(\.place)).min() else { return nil }
        let names = environment.missing.map(\.variable)
        let unset = names.isEmpty ? [] : [names.joined(separator: " and ") + (names.count == 1 ? " is not set" : " are not set")]
        let reason = (unset + environment.broken.map(\.reason)).joined(separator: "; ")
        entry.value.diagnostics.notice(at: place, topic: .providerOff, "MCP server \"\(entry.name)\" is off: \(reason)")
        return reason
    }
}
