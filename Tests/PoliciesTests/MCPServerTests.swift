import Chat
import Core
import Testing

@testable import Policies

@Suite struct MCPServerTests {
    private let models = """
        providers: {p: {kind: openai, base_url: http://h}}
        models:
          m: {provider: p, price: {input: 1, output: 1}, max_output_tokens: 100}
          v: {route: [{when: {tools: true}, use: m, mcp_servers: [time]}, {use: m}]}
        organizations: {acme: {teams: {a: {}, b: {}}}}

        """

    private func servers(_ text: String) throws -> [MCPServerEntry] {
        try snapshot(models + "mcp_servers:\n  time: {command: [t]}\n" + text).mcpServers
    }

    @Test func aServerHasAWayAndRules() throws {
        let all = try servers(
            """
              s: {command: [python3, -m, x], env: {A: b}, timeout: 5s, max_result_bytes: 2048, tools: {allow: ["get_*"], deny: [get_all]}, teams: [acme/a]}
              w: {url: "https://h/mcp", headers: {Authorization: x}}
            """)
        let server = try #require(all.first { $0.name == "s" })
        guard case .command(let arguments, let environment) = server.way else {
            Issue.record("no command")
            return
        }
        #expect(arguments == ["python3", "-m", "x"] && environment == ["A": Secret("b")])
        #expect(server.timeout == .seconds(5) && server.mostResultBytes == 2_048)
        #expect(server.allows(tool: "get_one") && !server.allows(tool: "get_all") && !server.allows(tool: "set"))
        #expect(
            server.allows(team: "acme/a") && server.allows(team: "acme/a/x") && !server.allows(team: "acme/ab") && !server.allows(team: nil)
        )
    }

    @Test(arguments: [
        ("  s: {}", "has no command and no url"), ("  s: {command: [x], url: http://h}", "not both"), ("  s: {command: []}", "is empty"),
        ("  s: {command: x}", "expected a list"), ("  s: {command: [x], headers: {}}", "goes with \"url\""),
        ("  s: {url: http://h, env: {}}", "goes with \"command\""), ("  s: {url: ftp://h}", "must begin with"),
        ("  s: {command: [x], tools: {allow: []}}", "is empty"), ("  s: {command: [x], teams: [acme/c]}", "there is no team"),
        ("  s: {command: [x], env: {1A: b}}", "is no name of a variable"), ("  s: {command: [x], price_per_call: 1}", "not supported"),
        ("  s: {command: [x], max_result_bytes: 1}", "must be a whole number"),
        ("  s: {url: http://h, headers: {Host: x}}", "belongs to the connection"),
    ])
    func mistakes(text: String, message: String) {
        let found = compile(models + "mcp_servers:\n  time: {command: [t]}\n" + text + "\n").diagnostics.rendered
        #expect(found.contains(message), "\(found)")
    }

    @Test func aMissingVariable_turnsTheServerOff() throws {
        let snapshot = try snapshot(
            models + "mcp_servers:\n  time: {command: [t]}\n  s: {url: http://h, headers: {Authorization: \"Bearer ${NOT_SET}\"}}\n")
        #expect(snapshot.mcpServers.map(\.name) == ["time"] && snapshot.offMCPServers.map(\.name) == ["s"])
    }

    private func decide(_ model: String, _ change: (inout RequestFeatures) -> Void) throws -> Decision {
        try snapshot(models + "mcp_servers: {time: {command: [t], teams: [acme/a]}, other: {command: [o]}}\n").decide(model) {
            $0.team = "acme/a"
            change(&$0)
        }
    }

    @Test func serversOfTheRequestAndOfARule_makeAPlanWithTools() throws {
        guard
            case .tools(.call(let call), let use) = try decide("m", { ($0.facts.mcpServers, $0.facts.maxTurns) = (["other", "other"], 4) })
                .plan
        else {
            Issue.record("no tools")
            return
        }
        #expect(call.model.name == "m" && use.servers.map(\.name) == ["other"] && use.mostTurns == 4)
        let decision = try decide("v") { ($0.facts.hasTools, $0.facts.mcpServers) = (true, ["other@v2"]) }
        guard case .tools(_, let both) = decision.plan else {
            Issue.record("no tools")
            return
        }
        #expect(both.servers.map(\.name) == ["other", "time"] && both.mostTurns == ToolUse.defaultTurns)
        #expect(decision.worstCase == decision.calls.first?.worstCase?.multiplied(by: 10))
        if case .tools = try decide("m", { _ in }).plan { Issue.record("tools for nothing") }
    }

    @Test func serversThatMayNotBeUsed() throws {
        func error(_ change: (inout RequestFeatures) -> Void) throws -> GatewayError? {
            do {
                _ = try decide("m", change)
                return nil
            } catch let failure as DecisionFailure { return failure.error }
        }
        let unknown = try error { $0.facts.mcpServers = ["tine"] }
        #expect(unknown?.code == .mcpServerNotFound && unknown?.publicMessage.contains("time") == true)
        #expect(try error { ($0.facts.mcpServers, $0.team) = (["time"], "acme/b") }?.code == .mcpServerNotAllowed)
        #expect(try error { ($0.facts.mcpServers, $0.facts.choices) = (["other"], 2) }?.param == "n")
    }

    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("a*", "abc", true), ("*c", "abc", true), ("a*c", "abc", true), ("a*b*c", "axxbyyc", true),
        ("a*b", "ac", false), ("abc", "abcd", false), ("", "a", false), ("**", "x", true), ("*a*a*", "banana", true), ("a?c", "abc", false),
    ])
    func patterns(pattern: String, name: String, matches: Bool) { #expect(NamePattern.matches(pattern, name) == matches) }
}
