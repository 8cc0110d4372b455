import Chat
import Classifier
import Core
import FoundationEssentials
@testable import Policies
import Testing

/// `policies/schema.json` and the compiler's keys describe the same language: here they are compared.
@Suite struct SchemaTests {
    private static let shapes: [(definition: String, shape: Shape)] = [
        ("provider", .provider), ("timeouts", .timeouts), ("retry", .retry), ("breaker", .breaker), ("model", .model),
        ("capabilities", .capabilities), ("price", .price), ("tier_price", .tierPrice), ("long_context_price", .longContextPrice),
        ("virtual_model", .virtualModel), ("rule", .rule), ("target", .target),
        ("balanced_target", .balancedTarget), ("balance", .balance), ("split", .split), ("arm", .arm), ("hedge", .hedge),
        ("organization", .organization), ("team", .team), ("key", .key), ("limit", .limit), ("ledger", .ledger), ("cors", .cors),
        ("test", .test), ("given", .given), ("message", .message),
        ("expect", .expect), ("mcp_server", .mcpServer), ("mcp_tools", .mcpTools),
    ]

    private func read(_ check: (JSONValue) throws(GatewayError) -> Void) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../policies/schema.json")
        try JSONReader().read(Array(try Data(contentsOf: file)), check)
    }

    private func names(_ object: JSONValue?) -> [String] { object?.members.compactMap(\.name.string).sorted() ?? [] }

    @Test func everyMappingHasTheSameKeys() throws {
        try read { (root) throws(GatewayError) in
            #expect(names(root["properties"]) == Shape.file.keys.sorted())
            var definitions: [String: JSONValue] = [:]
            for member in root["$defs"]?.members ?? root.members { definitions[member.name.string ?? ""] = member.value }
            for (name, shape) in Self.shapes {
                #expect(names(definitions[name]?["properties"]) == shape.keys.sorted(), "\(name)")
                #expect(definitions[name]?["additionalProperties"]?.bool == false, "\(name)")
            }
            #expect(Set(definitions.keys) == Set(Self.shapes.map(\.definition)).union(["when", "duration"]))
            let conditions = names(definitions["when"]?["properties"])
            #expect(conditions == Condition.keys.filter { !$0.contains(".") }.sorted())
            #expect(names(definitions["when"]?["patternProperties"]) == ["^header\\..+$", "^metadata\\..+$"])
        }
    }

    @Test func wordsAreTheSame() throws {
        try read { (root) throws(GatewayError) in
            func words(_ definition: StaticString, _ property: StaticString) -> [String] {
                let schema = root["$defs"]?[definition]?["properties"]?[property]
                let plain = schema?["enum"] ?? schema?["anyOf"]?.elements.first { $0["enum"] != nil }?["enum"]
                return plain?.elements.compactMap(\.string) ?? []
            }
            #expect(words("provider", "kind") == ProviderKind.allCases.map(\.rawValue))
            #expect(words("when", "task") == TaskType.allCases.map(\.rawValue) && words("expect", "task") == words("when", "task"))
            #expect(words("when", "complexity") == ComplexityTier.allCases.map(\.rawValue))
            #expect(words("virtual_model", "prefer") == Choice.Preference.allCases.map(\.rawValue))
            #expect(words("virtual_model", "over_ceiling") == OverCeiling.allCases.map(\.rawValue))
            #expect(words("balance", "strategy") == Balance.Method.allCases.map(\.rawValue))
            #expect(words("limit", "per") == LimitPeriod.allCases.map(\.name))
            #expect(words("ledger", "fail") == ["closed", "open"])
            let causes = root["$defs"]?["retry"]?["properties"]?["on"]?["items"]?["enum"]?.elements.compactMap(\.string) ?? []
            #expect(causes == RetryRules.Causes.words.map(\.name))
        }
    }
}
