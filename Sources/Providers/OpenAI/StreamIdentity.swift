internal import Chat
internal import Core
internal import Glibc

/// `id`, `created` and `model` of a stream, which are the same in all of its chunks. The first good value counts; an empty text and 0 are none.
public struct StreamIdentity: Sendable {
    private var id: [UInt8] = []
    private var created: [UInt8] = []
    private var model: [UInt8] = []

    /// What stands in for what the provider does not say.
    public struct StandIn: Sendable {
        let id: String
        let created: Int64
        let model: String

        /// Makes a stand-in.
        /// - Parameters:
        ///   - id: a text that no other answer has; `nil`: one is made.
        ///   - created: seconds since 1970; `nil`: now.
        public init(id: String? = nil, created: Int64? = nil, model: String) {
            self.id = id ?? "chatcmpl-" + String(UInt64.random(in: .min ... .max), radix: 16)
            self.created = created ?? Int64(time(nil))
            self.model = model
        }
    }

    /// The identifying members of one chunk, as they stand there.
    struct Members {
        /// A value, and whether it can identify anything.
        struct Member {
            let range: Range<Int>
            let isGood: Bool
        }
        var id, created, model: Member?
        /// Where a member that is missing goes.
        var start = 0

        mutating func note(_ member: JSONRawMember) {
            if member.name.isString("id") {
                id = Member(range: member.valueRange, isGood: member.value.stringBytes?.isEmpty == false)
            } else if member.name.isString("model") {
                model = Member(range: member.valueRange, isGood: member.value.stringBytes?.isEmpty == false)
            } else if member.name.isString("created") {
                created = Member(range: member.valueRange, isGood: (member.value.double ?? 0) > 0)
            }
        }
    }

    /// Takes what is still missing from a chunk.
    mutating func learn(_ members: Members, _ text: UnsafeRawBufferPointer) {
        if id.isEmpty, let member = members.id, member.isGood { id = Array(text[member.range]) }
        if created.isEmpty, let member = members.created, member.isGood { created = Array(text[member.range]) }
        if model.isEmpty, let member = members.model, member.isGood { model = Array(text[member.range]) }
    }

    /// Whether something is missing.
    var isIncomplete: Bool { id.isEmpty || created.isEmpty || model.isEmpty }

    /// Makes up what the provider does not say.
    mutating func complete(_ standIn: StandIn) {
        if id.isEmpty { id.appendJSONString(standIn.id) }
        if created.isEmpty { created.appendJSONNumber(standIn.created) }
        if model.isEmpty { model.appendJSONString(standIn.model) }
    }

    /// Adds what makes a chunk one of this stream.
    func apply(to members: Members, _ text: UnsafeRawBufferPointer, _ changes: inout TextChanges) {
        apply(id, "id", to: members.id, at: members.start, text, &changes)
        apply(created, "created", to: members.created, at: members.start, text, &changes)
        apply(model, "model", to: members.model, at: members.start, text, &changes)
    }

    private func apply(
        _ value: [UInt8], _ name: StaticString, to member: Members.Member?, at start: Int, _ text: UnsafeRawBufferPointer,
        _ changes: inout TextChanges
    ) {
        if let member {
            if !text[member.range].elementsEqual(value) { changes.replace(member.range, with: value) }
        } else {
            changes.insert(Array("\"\(name)\":".utf8) + value + [UInt8(ascii: ",")], at: start)
        }
    }

    /// Appends the three members.
    func append(to out: inout [UInt8]) {
        out.append("\"id\":")
        out.append(contentsOf: id)
        out.append(",\"created\":")
        out.append(contentsOf: created)
        out.append(",\"model\":")
        out.append(contentsOf: model)
    }
}
