/// Scratch memory for one prompt, in one piece, for the tokenizer and the feature writer.
struct Scratch {
    private static let paddingBytes = 2
    private static let seenWords = FeatureSpace.rowCount / 64

    /// One bit per row, all zero.
    let seen: UnsafeMutablePointer<UInt64>
    /// Space for `Tokenizer.capacity` tokens.
    let tokens: UnsafeMutablePointer<Token>
    /// Space for `PromptNumbers.count` numbers, all zero.
    let numbers: UnsafeMutablePointer<Int32>
    /// Space for every row once, and one more.
    let rows: UnsafeMutablePointer<UInt16>
    /// The normalized text: space for `Tokenizer.capacity` bytes, and one before them.
    let text: UnsafeMutablePointer<UInt8>
    private let source: UnsafeMutablePointer<UInt8>

    /// Calls `body` with scratch memory, which is valid until it returns.
    static func with<R>(_ body: (Scratch) -> R) -> R {
        let byteCount =
            seenWords * 8 + Tokenizer.capacity * MemoryLayout<Token>.stride + PromptNumbers.count * 4 + (FeatureSpace.rowCount + 1) * 2
            + (1 + Tokenizer.capacity) + (Tokenizer.capacity + paddingBytes)
        return withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { body(Scratch($0)) }
    }

    private init(_ memory: UnsafeMutableRawBufferPointer) {
        guard var rest = memory.baseAddress else { preconditionFailure("scratch memory has an address") }
        func part<T>(_: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
            defer { rest += count * MemoryLayout<T>.stride }
            return rest.bindMemory(to: T.self, capacity: count)
        }
        seen = part(UInt64.self, Self.seenWords)
        for quarter in 0..<4 { Self.clear(seen + quarter * Self.seenWords / 4, count: Self.seenWords / 4) }
        tokens = part(Token.self, Tokenizer.capacity)
        numbers = part(Int32.self, PromptNumbers.count)
        numbers.initialize(repeating: 0, count: PromptNumbers.count)
        rows = part(UInt16.self, FeatureSpace.rowCount + 1)
        text = part(UInt8.self, 1 + Tokenizer.capacity) + 1
        source = part(UInt8.self, Tokenizer.capacity + Self.paddingBytes)
    }

    /// Not inlined, so that the calls stay apart: from 2 kB on, glibc clears with `rep stosb`, which is slow to start.
    @inline(never)
    private static func clear(_ words: UnsafeMutablePointer<UInt64>, count: Int) { words.initialize(repeating: 0, count: count) }

    /// Copies a piece of a prompt and appends two blanks, so that reading ahead needs no bounds check.
    /// - Parameter piece: at most `Tokenizer.capacity` bytes.
    func copy(_ piece: UnsafeRawBufferPointer) -> UnsafePointer<UInt8> {
        let count = min(piece.count, Tokenizer.capacity)
        UnsafeMutableRawBufferPointer(start: source, count: count).copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[..<count]))
        for index in 0..<Self.paddingBytes { source[count + index] = 32 }
        return UnsafePointer(source)
    }
}
