import Chat
import Core
import Testing

@testable import Execution
@testable import MCP
@testable import Policies

@Suite struct ToolSetTests {
    private let reader = JSONReader()

    private func tools(_ names: [String], schema: String? = nil) -> [MCPTool] {
        let entries = names.map { "{\"name\":\"\($0)\"\(schema.map { ",\"inputSchema\":\($0)" } ?? "")}" }.joined(separator: ",")
        var found: [MCPTool] = []
        _ = try? reader.read(Array("{\"tools\":[\(entries)]}".utf8)) { root in
            for member in root.rawMembers.map(Array.init) ?? [] { found = member.rawElements.compactMap(MCPTool.init) }
        }
        return found
    }

    private func server(_ name: String, deny: [String] = []) -> MCPServerEntry {
        var entry = MCPServerEntry(name: name, way: .command(["x"], environment: [:]))
        entry.denied = deny
        return entry
    }

    @Test func namesAreTheServersOwn_unlessTheyCollide() {
        let set = ToolSet([(server("a"), tools(["one", "two"])), (server("b/c"), tools(["two", "three"]))], taken: ["three"])
        #expect(set.entries.map(\.name) == ["one", "a__two", "b_c__two", "b_c__three"])
        #expect(set[Array("b_c__two".utf8)]?.tool.name == "two" && set[Array("three".utf8)] == nil && set[Array("two".utf8)] == nil)
    }

    @Test func namesThatNoProviderTakes_areChanged() {
        let long = String(repeating: "x", count: 100)
        let set = ToolSet([(server("s"), tools(["a.b", "ümlaut", long, long + "y"]))], taken: [])
        #expect(set.entries.allSatisfy { $0.name.utf8.count <= 64 && $0.name.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: ".") } })
        #expect(Set(set.entries.map(\.name)).count == 4 && set.entries[0].name == "s__a_b")
        #expect(set.entries.map(\.tool.name) == ["a.b", "ümlaut", long, long + "y"])
        // The same tools have the same names each time: prompt caches depend on it.
        #expect(
            ToolSet([(server("s"), tools([long]))], taken: []).entries[0].name
                == ToolSet([(server("s"), tools([long]))], taken: []).entries[0].name)
    }

    @Test func whatIsDenied_isNotThere() {
        let set = ToolSet([(server("s", deny: ["b*"]), tools(["a", "b", "bc"]))], taken: [])
        #expect(set.entries.map(\.name) == ["a"] && set[Array("b".utf8)] == nil)
    }

    @Test func aCache_knowsTheSameListsUnderTheSamePoliciesAlone() {
        var cache = ToolSetCache()
        let lists = [(server: server("s"), tools: tools(["a", "b"]))]
        #expect(cache.tools(lists, version: 1).entries.map(\.name) == ["a", "b"])
        // Other rules come with another version of the policies.
        let denied = [(server: server("s", deny: ["b"]), tools: lists[0].tools)]
        #expect(cache.tools(denied, version: 2).entries.map(\.name) == ["a"])
        #expect(cache.tools(denied, version: 1).entries.map(\.name) == ["a", "b"])
        #expect(cache.tools([(server("s"), tools(["a"]))], version: 1).entries.map(\.name) == ["a"])
        #expect(cache.tools([(server("t"), lists[0].tools)], version: 1).entries[0].server.name == "t")
        #expect(cache.tools(lists + [(server("t"), lists[0].tools)], version: 1).entries.count == 4)
        for number in 0..<100 { _ = cache.tools([(server("s\(number)"), tools(["x"]))], version: 1) }
        #expect(cache.tools(lists, version: 1).entries.map(\.name) == ["a", "b"])
    }

    @Test(arguments: [
        ("{}", #"{"type":"object","properties":{}}"#),
        (#"{"$schema":"x","$id":"y","type":"object"}"#, #"{"type":"object","properties":{}}"#),
        (
            #"{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]}"#,
            #"{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]}"#
        ),
        (#"{"properties":{}}"#, #"{"properties":{},"type":"object"}"#),
    ])
    func schemasAreObjects(schema: String, expected: String) {
        let set = ToolSet([(server("s"), tools(["t"], schema: schema))], taken: [])
        let json = set.declarations.map { String(decoding: $0, as: UTF8.self) }
        #expect(json == [#"{"type":"function","function":{"name":"t","parameters":\#(expected)}}"#])
    }

    @Test func aTurnComesBackAsItWas() throws {
        var choice = CapturedChoice()
        Array("I look".utf8).withUnsafeBytes { choice.add(.content, $0) }
        Array("hm".utf8).withUnsafeBytes { text in choice.add(ReasoningDetail(.text(text, signature: text), .anthropic)) }
        let call = CapturedToolCall(id: Array("c1".utf8), name: Array("t".utf8), arguments: [], signature: Array("sig".utf8))
        let body = ToolMessages.assistant(choice, calls: [call])
        try reader.read(body) { root in
            #expect(root["role"]?.string == "assistant" && root["content"]?.string == "I look")
            let call = root["tool_calls"].map { Array($0.elements) }?.first
            #expect(
                call?["function"]?["arguments"]?.string == "{}" && call?["extra_content"]?["google"]?["thought_signature"]?.string == "sig")
            #expect(root["reasoning_details"].map { Array($0.elements) }?.first?["format"]?.string == "anthropic-claude-v1")
        }
        let result = ToolMessages.result(MCPToolResult(text: String(repeating: "é", count: 100), isError: false), of: call, atMost: 50)
        try reader.read(result) { root in
            #expect(root["tool_call_id"]?.string == "c1" && root["content"]?.string?.hasSuffix("[the rest was cut off]") == true)
        }
    }
}
