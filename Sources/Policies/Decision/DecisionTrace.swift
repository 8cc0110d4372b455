public import Chat
public import Classifier
public import Core

/// How a decision came about: what `x-purser-explain` and `purser route` show.
public struct DecisionTrace: Sendable {
    /// A model that was considered.
    public struct Candidate: Sendable {
        /// Its name.
        public let model: String
        /// The most that a call to it can cost; `nil` when its price is not known or it is off.
        public let estimatedCost: NanoUSD?
        let exclusion: Exclusion?

        /// Why it is not called; `nil` when it is part of the plan.
        public var excludedBecause: String? { exclusion?.description }
    }

    /// The names that the client gave.
    public var requested: [String] { facts.models.map(\.name) }
    /// The virtual model that decided; `direct` when the client named provider models.
    public let route: String
    /// The rule that matched: its name, else its number from 1. One of a virtual model inside the requested one has that model's name and a
    /// `/` in front. `nil` without rules.
    public let rule: String?
    /// The MCP servers that rules have attached.
    let attached: [String]
    /// The model that is called first; `nil` when nothing can be called.
    public let model: String?
    /// What the request says about itself.
    public let facts: RequestFacts
    /// The classifier's findings; `nil` when nothing asked for them.
    public let classification: Classification?
    /// The experiment that the request takes part in.
    public let experiment: String?
    /// Its arm.
    public let arm: String?
    /// What decided the arm when the request did not have what the policy asks for, e.g. `key`.
    public let assignedBy: String?
    /// The models that were considered, in the order of attempts, excluded ones included.
    public let candidates: [Candidate]

    /// What ``route`` says when no virtual model decided.
    public static let direct = "direct"
}
