/// Collects the pieces of the upstream's body while the members of the client's body are read in order.
///
/// Neighbouring members that are kept become one piece, so a typical body is copied in two or three runs.
struct RequestSplice {
    private(set) var pieces: [ChatRequest.Piece] = [.text(.open)]
    /// The bytes that are kept and not yet a piece.
    private var run: Range<Int>?

    init() { pieces.reserveCapacity(8) }

    /// Keeps the whole member.
    mutating func keep(_ member: JSONRawMember) {
        if let start = run?.lowerBound {
            run = start..<member.range.upperBound
        } else {
            beginMember()
            run = member.range
        }
    }

    /// Keeps the member, with `substitute` in place of `range`, which lies within its value.
    mutating func keep(_ member: JSONRawMember, replacing range: Range<Int>, by substitute: [ChatRequest.Piece]) {
        keep(member)
        guard let start = run?.lowerBound else { return }
        pieces.append(.source(start..<range.lowerBound))
        pieces += substitute
        run = range.upperBound..<member.range.upperBound
    }

    /// Leaves the member out.
    mutating func drop() {
        if let run, !run.isEmpty { pieces.append(.source(run)) }
        run = nil
    }

    /// Adds a member of the gateway, made of these pieces.
    mutating func add(_ member: [ChatRequest.Piece]) {
        drop()
        beginMember()
        pieces += member
    }

    /// Ends the body, with a member of the gateway before the end if one is needed.
    mutating func finish(adding member: ChatRequest.Piece.Text? = nil) {
        drop()
        if let member {
            beginMember()
            pieces.append(.text(member))
        }
        pieces.append(.text(.close))
    }

    private mutating func beginMember() {
        if pieces.count > 1 { pieces.append(.text(.comma)) }
    }
}
