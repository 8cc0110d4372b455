internal import ArgumentParser
internal import Chat
internal import Core
internal import Execution
internal import Gateway
internal import MCP
internal import Policies

struct MCPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp", abstract: "Try the MCP servers of the policies.",
        subcommands: [ListServers.self, ListTools.self, CallTool.self])

    /// The servers of the policies.
    fileprivate static func servers(_ options: PolicyOptions) throws -> (on: [MCPServerEntry], off: [SwitchedOff]) {
        do {
            let snapshot = try PolicyStore.compile(options.policies, ProcessEnvironment.all, assumesProvidersOn: true).snapshot
            return (snapshot.mcpServers, snapshot.offMCPServers)
        } catch {
            throw Terminal.cannotStart("the policies cannot be used:\n" + error.description)
        }
    }

    /// Does something with a server and ends it.
    fileprivate static func with<R>(_ entry: MCPServerEntry, _ body: (MCPHost) -> R) throws -> R {
        let host = MCPHost()
        do { try host.adopt([MCPServerSettings(entry)]) } catch { throw Terminal.cannotStart("\(error)") }
        defer { host.stop() }
        return body(host)
    }

    /// The server of that name.
    fileprivate static func server(_ name: String, _ options: PolicyOptions) throws -> MCPServerEntry {
        let (on, off) = try servers(options)
        if let server = on.first(where: { $0.name == name }) { return server }
        if let server = off.first(where: { $0.name == name }) { throw Terminal.cannotStart("\(name) is off: \(server.reason)") }
        if let way = address(name) { return MCPServerEntry(name: name, way: way) }
        let known = (on.map(\.name) + off.map(\.name)).sorted().joined(separator: ", ")
        throw Terminal.cannotStart("the policies have no MCP server \"\(name)\"; they have \(known.isEmpty ? "none" : known)")
    }

    /// A server that is named by its URL.
    private static func address(_ text: String) -> MCPServerEntry.Way? {
        text.hasPrefix("http://") || text.hasPrefix("https://") ? .url(text, headers: [], caFile: nil) : nil
    }

    struct ListServers: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the servers, and whether each can be used.")

        @OptionGroup var options: PolicyOptions

        func run() throws {
            let (on, off) = try MCPCommand.servers(options)
            var rows: [[String]] = []
            for entry in on {
                let result = try MCPCommand.with(entry) { host -> String in
                    do throws(MCPFailure) {
                        let tools = try host.toolsAndWait(of: entry.name)
                        return "\(tools.count) tools, \(tools.count { entry.allows(tool: $0.name) }) allowed"
                    } catch { return "\(error)" }
                }
                rows.append([entry.name, MCPCommand.kind(entry), result])
            }
            for server in off { rows.append([server.name, "off", server.reason]) }
            print(TextTable.text([["Server", "Reached by", "State"]] + rows), terminator: "")
        }
    }

    private static func kind(_ entry: MCPServerEntry) -> String {
        switch entry.way {
        case .command(let arguments, _): arguments.first ?? ""
        case .url(let url, _, _): ShownAddress.text(url)
        }
    }

    struct ListTools: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "tools", abstract: "List the tools of a server.")

        @OptionGroup var options: PolicyOptions
        @Flag(help: "Print the tools as the server describes them, one JSON object a line.") var json = false
        @Argument(help: ArgumentHelp("A server of the policies, or a URL.", valueName: "server")) var server: String

        func run() throws {
            let entry = try MCPCommand.server(server, options)
            let result = try MCPCommand.with(entry) { host -> Result<[MCPTool], MCPFailure> in
                do throws(MCPFailure) { return .success(try host.toolsAndWait(of: entry.name)) } catch { return .failure(error) }
            }
            switch result {
            case .failure(let failure):
                Terminal.error("purser: \(entry.name) \(failure)")
                throw ExitStatus.no
            case .success(let tools) where json:
                for tool in tools { print(String(decoding: tool.json.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) }
            case .success(let tools):
                let rows = tools.map { tool in
                    let first = tool.description.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                    return [tool.name, entry.allows(tool: tool.name) ? "yes" : "no", String(first.prefix(80))]
                }
                print(TextTable.text([["Tool", "Allowed", "What it does"]] + rows), terminator: "")
            }
        }
    }

    struct CallTool: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "call", abstract: "Call a tool and print its result.",
            discussion: "Exit status 1 when the tool says that it failed, or could not be called.")

        @OptionGroup var options: PolicyOptions
        @Flag(help: "Print the whole result as the server sent it.") var json = false
        @Argument(help: ArgumentHelp("A server of the policies, or a URL.", valueName: "server")) var server: String
        @Argument(help: ArgumentHelp("The tool's name at the server.", valueName: "tool")) var tool: String
        @Argument(help: ArgumentHelp("The arguments, a JSON object.", valueName: "arguments")) var arguments = "{}"

        func run() throws {
            let entry = try MCPCommand.server(server, options)
            let bytes = Array(arguments.utf8)
            guard (try? JSONReader().read(bytes) { $0.kind == .object }) == true else {
                throw ValidationError("The arguments must be a JSON object.")
            }
            let result = try MCPCommand.with(entry) { $0.callAndWait(tool, of: entry.name, arguments: bytes) }
            switch result {
            case .failure(let failure):
                Terminal.error("purser: \(entry.name) \(failure)")
                throw ExitStatus.no
            case .success(let result):
                print(json ? String(decoding: result.json, as: UTF8.self) : result.text)
                if result.isError { throw ExitStatus.no }
            }
        }
    }
}
