import Chat
import Classifier
import Policies
import Testing

@Suite struct TraceTests {
    private static let text =
        models + "  v: {route: [{when: {task: code}, use: big}, {name: rest, among: [mini, unknown, free], prefer: cheapest}]}\n"

    private func trace(_ models: String..., with change: (inout RequestFeatures) -> Void) throws -> DecisionTrace {
        var features = RequestFeatures(requestedModels: models)
        features.classification = Classification(task: .math, complexityScore: 0.123456, complexity: .low, language: "en")
        features.facts.inputTokens.upperBound = 1000
        features.facts.inputTokens.estimate = 250
        features.facts.maxOutputTokens = 100
        change(&features)
        let policies = try snapshot(Self.text)
        do throws(DecisionFailure) {
            return try policies.decide(features, allowed: ModelSet.everything, state: FreshTargetState()).trace
        } catch { return error.trace }
    }

    private func json(_ trace: DecisionTrace) -> String {
        var bytes: [UInt8] = Array("{".utf8)
        trace.appendJSONMembers(to: &bytes)
        return String(decoding: bytes, as: UTF8.self) + "}"
    }

    @Test func asJSON() throws {
        let trace = try trace("v") {
            $0.facts.maxCost = "0.01"
            $0.facts.hasTools = true
        }
        #expect(
            json(trace)
                == #"{"requested":"v","route":"v","rule":"rest","model":"mini","features":{"task":"math","complexity":"low","complexity_score":0.1235,"language":"en","input_tokens":250,"tools":true,"images":false,"structured_output":false,"stream":false},"candidates":[{"model":"mini","estimated_cost":0.00021},{"model":"unknown","excluded_because":"its price is not known, so max_cost cannot be kept"},{"model":"free","excluded_because":"it does not take tools","estimated_cost":0}]}"#
        )
    }

    @Test func asJSONItCanAlwaysBeRead() throws {
        let odd = "a\"\\\u{1}\u{7F}é"
        let trace = try trace(odd, "v") {
            $0.classification = Classification(task: .code, complexityScore: .infinity, complexity: .high, language: nil)
        }
        try JSONReader().read(Array(json(trace).utf8)) { (root) throws(GatewayError) in
            #expect(root["requested"]?.elements.map(\.string) == [odd, "v"])
            #expect(root["model"] == nil && root["rule"] == nil)
            #expect(root["features"]?["language"]?.isNull == true && root["features"]?["complexity_score"]?.double == 0)
        }
    }

    @Test func asText() throws {
        let trace = try trace("v") { $0.facts.maxCost = "0.01" }
        #expect(
            trace.text
                == """
                v → mini
                  decided by v, rule rest
                  task math, complexity low (0.1235), language en, about 250 input tokens

                  Candidate  At most USD  Called
                  free       0            yes
                  mini       0.00021      yes
                  unknown    ?            no: its price is not known, so max_cost cannot be kept

                """.replacing("v → mini", with: "v → free"))
    }

    @Test func aDirectModelIsItsOwnCandidate() throws {
        let trace = try trace("mini") { $0.classification = nil }
        #expect(json(trace).hasPrefix(#"{"requested":"mini","route":"direct","model":"mini","features":{"input_tokens":250,"#))
        #expect(trace.text.hasPrefix("mini → mini\n  about 250 input tokens\n"))
    }

    @Test func whatIsRefusedHasATraceToo() throws {
        let trace = try trace("v") {
            $0.facts.maxCost = "0"; $0.facts.hasTools = true
        }
        #expect(trace.model == nil && trace.text.hasPrefix("v → no model\n") && !json(trace).contains("\"model\":\"v\""))
        #expect(trace.candidates.allSatisfy { $0.excludedBecause != nil })
    }
}
