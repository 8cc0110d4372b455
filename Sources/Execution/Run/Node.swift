public import Chat
public import Core
internal import Policies

/// A part of a plan on its way: what is to be done, for which request, and for what.
///
/// Every node has its own request and its own share of the money, so that a plan can be made of plans that ask different things.
// A class, because every step of a call refers to its node, and what a suspended function holds is copied at each of its stages.
final class Node {
    let plan: Plan
    let question: Question
    /// Why its call is made.
    let role: Attempt.Role
    /// Whether nothing else is left to try: only then is time spent on trying the same target again.
    let mayRetry: Bool
    /// The leg of the innermost race that it runs in.
    let leg: RaceLeg?

    init(plan: Plan, question: Question, role: Attempt.Role = .primary, mayRetry: Bool = true, leg: RaceLeg? = nil) {
        (self.plan, self.question, self.role, self.mayRetry, self.leg) = (plan, question, role, mayRetry, leg)
    }

    /// The same question with another plan, perhaps in a leg of a race that begins here.
    func with(_ plan: Plan, as role: Attempt.Role, mayRetry: Bool, in leg: RaceLeg? = nil) -> Node {
        Node(plan: plan, question: question, role: role, mayRetry: mayRetry, leg: leg ?? self.leg)
    }

    /// The same once more.
    var again: Node { role == .retry ? self : with(plan, as: .retry, mayRetry: mayRetry) }
}

/// What a node asks, and what becomes of the answer. Shared by all nodes below it that ask the same.
public final class Question {
    /// The request that is sent.
    public let request: ChatRequest
    /// What becomes of the answer.
    let form: AnswerForm
    /// What the question may cost, all its calls together; `nil`: as much as the limits allow.
    let allowance: Allowance?
    /// The attempt whose answer led to the question; `nil`: it is the client's.
    let parent: Attempt.ID?

    /// The client's own question.
    /// - Parameters:
    ///   - form: what becomes of the answer.
    ///   - ceiling: what the whole request may cost; a call whose worst case is more than what is left of it is not made.
    public convenience init(_ request: ChatRequest, as form: AnswerForm, ceiling: NanoUSD?) {
        self.init(request, as: form, allowance: ceiling.map { Allowance($0) })
    }

    /// Asks something on behalf of the client.
    init(_ request: ChatRequest, as form: AnswerForm, allowance: Allowance? = nil, parent: Attempt.ID? = nil) {
        (self.request, self.form, self.allowance, self.parent) = (request, form, allowance, parent)
    }
}

/// A share of a request's money: what the calls of a node, and of all nodes below it, may cost together.
final class Allowance {
    let limit: NanoUSD
    /// The share that this one is a part of.
    let whole: Allowance?

    init(_ limit: NanoUSD, of whole: Allowance? = nil) { (self.limit, self.whole) = (limit, whole) }

    /// Whether `other` is this share or one that this is a part of.
    func isWithin(_ other: Allowance) -> Bool { self === other || whole?.isWithin(other) == true }
}

/// One of several answers that are raced against each other.
final class RaceLeg {
    /// The leg that the whole race is a part of.
    private let outer: RaceLeg?

    init(in outer: RaceLeg?) { self.outer = outer }

    /// Whether `other` is this leg or one that this is a part of.
    func isWithin(_ other: RaceLeg) -> Bool { self === other || outer?.isWithin(other) == true }
}
