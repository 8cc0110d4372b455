internal import Chat

/// What a model is given to read, in the order in which providers read it: tools, instructions, and the conversation in turns that alternate.
///
/// It is valid as a whole: every call has one result behind it, every result its call before it, ids and names are distinct, no block is
/// blank. Borrows the request's text.
struct Prompt {
    var tools: [Tool] = []
    /// Texts of all system messages.
    var system: [Instruction] = []
    /// The first is the user's, the last too unless the model goes on from the assistant's words.
    var turns: [Turn] = []

    struct Tool {
        /// `nil`: declared only because the conversation has used it.
        let tool: ClientTool?
        /// The provider's name of it.
        let name: [UInt8]
        var mark: CacheMark?
    }

    struct Instruction {
        let text: UnsafeRawBufferPointer
        var mark: CacheMark?
    }

    struct Turn {
        let isAssistant: Bool
        var blocks: [Block]
    }

    struct Block {
        enum Kind {
            /// A text or a medium of the client's.
            case part(ClientPart)
            /// A text of the gateway's.
            case note([UInt8])
            case thought(ReasoningDetail)
            case call(Call)
            case result(Result)
        }

        var kind: Kind
        var mark: CacheMark?
        /// Google's signature, which must come back with the block.
        var signature: UnsafeRawBufferPointer?
    }

    struct Call {
        /// The provider's id of it; empty where calls have none.
        let id: [UInt8]
        /// The provider's name of the tool.
        let name: [UInt8]
        let arguments: UnsafeRawBufferPointer
        /// Whether it is the first of its message.
        let isFirst: Bool
    }

    struct Result {
        let id: [UInt8]
        let name: [UInt8]
        let parts: [ClientPart]
        let isError: Bool
        /// Stands for the parts of a result that never came.
        var note: [UInt8]?
    }
}

extension Prompt.Block {
    init(_ kind: Kind, mark: CacheMark? = nil) {
        self.kind = kind
        self.mark = mark
    }

    var isThought: Bool { if case .thought = kind { true } else { false } }

    var isFile: Bool { if case .part(let part) = kind { part.isFile } else { false } }

    var isText: Bool {
        switch kind {
        case .part(let part): part.text != nil
        case .note: true
        case .thought, .call, .result: false
        }
    }
}

extension Prompt.Result {
    /// Whether there is a document in it and no text beside it.
    var lacksText: Bool { parts.contains(where: \.isFile) && !parts.contains { $0.text?.hasInk == true } }
}
