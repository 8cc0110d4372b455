internal import Chat
internal import Core

/// Writes a conversation as Google's `contents`.
struct GeminiContents {
    /// The beginning of the body and the entries of `contents`, separated by commas.
    var contents: [UInt8] = []
    /// The media in the contents, which are not text.
    private(set) var media = MediaTally()
    private let generation: GeminiGeneration
    /// What functions were called with and gave is JSON within the strings of the text.
    private var json = ToolArguments()

    /// - Parameter body: is taken, and stands in front of the entries in `contents`.
    init(_ generation: GeminiGeneration, appendingTo body: inout [UInt8]) {
        self.generation = generation
        swap(&contents, &body)
    }

    mutating func write(_ turns: [Prompt.Turn]) {
        for turn in turns {
            contents.appendComma()
            contents.append(turn.isAssistant ? "{\"role\":\"model\",\"parts\":[" : "{\"role\":\"user\",\"parts\":[")
            // Results come first in their turn; media go behind them, because results can hold text only.
            let results = turn.blocks.prefix { if case .result = $0.kind { true } else { false } }
            for block in results { write(block) }
            for case .result(let result) in results.map(\.kind) {
                for part in result.parts where part.text == nil { write(Prompt.Block(.part(part))) }
            }
            for block in turn.blocks[results.endIndex...] { write(block) }
            contents.append("]}")
        }
    }

    private mutating func write(_ block: Prompt.Block) {
        contents.appendComma()
        switch block.kind {
        case .part(let part): begin(part.kind)
        case .note(let text): text.withUnsafeBytes { begin(.text($0)) }
        case .call(let call): begin(call)
        case .result(let result): begin(result)
        case .thought: preconditionFailure("thoughts are not given back to Google")
        }
        if let signature = block.signature {
            appendSignature(signature)
        } else if case .call(let call) = block.kind, call.isFirst, generation.needsSignatures {
            Self.noSignature.withUnsafeBytes { appendSignature($0) }
        }
        contents.append("}")
    }

    /// Appends a part but for its signature and its closing brace.
    private mutating func begin(_ kind: ClientPart.Kind) {
        // Google takes the type of what stands behind an address from the server there.
        media.note(kind, addressesAreImages: false)
        switch kind {
        case .text(let text):
            contents.append("{\"text\":")
            contents.appendJSONString(text)
        case .image(let source): contents.append(source)
        case .file(let source, _): contents.append(source)
        case .audio(let data, let format): contents.appendInline(mediaType: "audio/" + String(decoding: format, as: UTF8.self), data)
        case .thought: preconditionFailure("thoughts are not given back to Google")
        }
    }

    private mutating func begin(_ call: Prompt.Call) {
        contents.append("{\"functionCall\":{\"name\":")
        contents.appendJSONString(utf8: call.name)
        contents.append(",\"args\":")
        json.append(call.arguments, to: &contents)
        contents.append("}")
    }

    private mutating func begin(_ result: Prompt.Result) {
        var text = result.note ?? []
        for part in result.parts.compactMap(\.text) { text += part }
        contents.append("{\"functionResponse\":{\"name\":")
        contents.appendJSONString(utf8: result.name)
        contents.append(",\"response\":")
        text.withUnsafeBytes { text in
            // Google reads `$ref` in a result as the name of one of its parts.
            if !result.isError, json.isObject(text, withoutReferences: true) { return contents.append(contentsOf: text) }
            contents.append(result.isError ? "{\"error\":" : "{\"output\":")
            contents.appendJSONString(text)
            contents.append("}")
        }
        contents.append("}")
    }

    private mutating func appendSignature(_ signature: UnsafeRawBufferPointer) {
        contents.append(",\"thoughtSignature\":")
        contents.appendJSONString(signature)
    }

    /// What Google takes in the place of a signature that is lost, or that another provider's call never had:
    /// https://ai.google.dev/gemini-api/docs/thought-signatures.
    private static let noSignature = Array("skip_thought_signature_validator".utf8)
}
