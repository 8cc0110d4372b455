import Foundation
import Policies
import Testing
@Test func dumpAll() throws {
    var out: [String: String] = [:]
    for (g, all) in [("Document", DocumentCases.all), ("Provider", ProviderCases.all), ("Model", ModelCases.all), ("Organization", OrganizationCases.all)] {
        for c in all { out[g + "/" + c.name] = compile(c.yaml).diagnostics.rendered; print("## \(g)/\(c.name)\n\(compile(c.yaml).diagnostics.rendered)", terminator: "") }
    }
    try JSONSerialization.data(withJSONObject: out).write(to: URL(fileURLWithPath: ".gen/expected.json"))
}
