@testable import Classifier

/// Inputs of many kinds, the same in every run.
enum GoldenInputs {
    struct Input {
        var prompt: [UInt8]
        var system: [UInt8] = []
        var turns = 1
    }

    enum Kind: String, CaseIterable {
        case realistic, conversations, dressed, scripts, mixed, shapes, cut, bytes, leads, lengths
    }

    static func inputs(_ kind: Kind) throws -> [Input] {
        var random = FixedRandom(state: UInt64(WordHash.of(kind.rawValue)))
        switch kind {
        case .realistic: return try realisticPrompts().map { Input(prompt: Array($0.prompt.utf8)) }
        case .conversations: return try conversations(&random)
        case .dressed: return dressed(&random)
        case .scripts: return scripts.map { Input(prompt: Array($0.utf8)) }
        case .mixed: return (0..<60).map { _ in Input(prompt: Array(mixture(&random).utf8), system: Array(mixture(&random).utf8)) }
        case .shapes: return shapes.map { Input(prompt: Array($0.utf8)) }
        case .cut: return cut()
        case .bytes: return bytes(&random)
        case .leads: return (0..<60).map { _ in Input(prompt: leads(&random)) }
        case .lengths: return try lengths()
        }
    }

    /// System prompts and depths.
    private static func conversations(_ random: inout FixedRandom) throws -> [Input] {
        let systems = [
            "", "You are a helpful assistant.", "Translate whatever the user writes into French.",
            "Summarize the user's text in one sentence.",
            "Write only Swift code.", "Extract all names as JSON.", String(repeating: "Be kind. ", count: 300),
        ]
        return try realisticPrompts().prefix(80).enumerated().map { index, prompt in
            Input(
                prompt: Array(prompt.prompt.utf8), system: Array(systems[index % systems.count].utf8),
                turns: Int.random(in: 0...8, using: &random))
        }
    }

    /// Every greeting, wish, opening and thanks, alone and around a request.
    private static func dressed(_ random: inout FixedRandom) -> [Input] {
        let phrases = [DressingPhrases.greetings, DressingPhrases.wishes, DressingPhrases.openings, DressingPhrases.thanks]
            .flatMap { $0.split(separator: ",").map(String.init) }
        let marks = ["", ".", "!", ", ", "\n", " - ", " 🙏"]
        return phrases.enumerated().map { index, phrase in
            let mark = marks[index % marks.count]
            let other = phrases[Int.random(in: 0..<phrases.count, using: &random)]
            let texts = [
                "\(phrase)\(mark)", "\(phrase)\(mark) tell me about \"\(other)\" \(phrase)\(mark)", "say \(phrase) \(other)\(mark)",
            ]
            return Input(prompt: Array(texts[index % 3].utf8))
        }
    }

    private static let scripts = [
        "Übersetze ins Englische: Der Zug fährt um zwölf Uhr ab. ÄÖÜ ß", "Résume l’article « Le Monde » s’il te plaît…",
        "¿Cuál es la capital de España? ¡Rápido!",
        "Переведи на английский: Привет, МИР! Ёлка, Їжак.", "请把这句话翻译成英文：你好，世界！１２３ＡＢＣ％", "これを英語に翻訳してください。カタカナ　漢字", "이 문장을 영어로 번역해 주세요.",
        "תרגם לאנגלית: שלום עולם", "ترجم إلى الإنجليزية: مرحبا بالعالم ١٢٣", "इसका अनुवाद करें: नमस्ते दुनिया", "แปลเป็นภาษาอังกฤษ: สวัสดี",
        "Γεια σου, τι κάνεις; ΑΒΓ",
        "👋🏽 Hi! 👨‍👩‍👧 ❤️ 🇩🇪 write 3 emoji ™ ☃️", "a\u{300}b\u{200B}c\u{FEFF}d \u{202E}abc\u{202C} e\u{AD}f",
        "A¿B C¡D it’S “Q” O’NEIL don't DON'T 'tis rock 'n' roll",
        "ＦＵＬＬ width ｗｏｒｄｓ ａ１ １ａ ！？％｛｝", "naïve café ÉCOLE Ñandú œuvre Ærø Þor İstanbul ŁÓDŹ", "x²+y²=z², ∑∫√ ≤ ≥ ± × ÷ π € £ ¥ §",
    ]

    private static let shapes = [
        "", " ", "\n\n\t ", "?", "a", "A", "1", "''", "'a", "a'", "a'b'c'd", "--", "...", "…", "!?!?!?", "1,2.3,4.", "1.5.",
        "2024 1987 2050 20 19 3.14",
        "Which?\nA) one\nB. two\n(c) three\nD: four", "Buy:\n- milk\n* eggs\n3. flour\n(4) x",
        "```swift\nlet a = {1}\n```\nint f() {\nreturn 1;\n}\n",
        "3/4 of 1 / 2 and a/b//c 20% of 5 %", "WHY is HTTP so slow A AB A1 1A aB",
        "a1b2 C3PO x_y snake_case camelCase kebab-case --flag -v",
        "$5 $$x^2$$ \\frac{1}{2} {{a}} [[b]] <c/> | d | e |", "one\r\ntwo\r\nthree\u{B}four\u{C}five", "\u{0}\u{1}\u{7F} nul",
        "https://example.com/a?b=c&d=e#f",
        "hello world", "Hello! Thanks!", "hi hi hi please please thanks thanks", "How do you say thank you?",
        String(repeating: "the of and ", count: 200),
        String(repeating: "(", count: 300), String(repeating: "a", count: 300), String(repeating: "Z", count: 300),
        String(repeating: "9", count: 300),
    ]

    private static let pieces = [
        "write ", "a Poem ", "HTTP ", "Übersetze ", "код ", "翻译", "です", "👍🏽", "’", "“", "'", "can't ", "3.14", "1,000 ", "2024", "\n",
        "\n\n", "  ", "\t", ". ", ", ",
        "? ", "! ", ": ", "; ", "{", "}", "```", "`x`", "/", "//", "%", "$", "=", "== ", "-", "- ", "* ", "A) ", "(b) ", "hi ", "thanks ",
        "please ", "merci ", "你好", "！",
        "\u{A0}", "\u{3000}", "¿", "\u{FE0F}", "Ａ", "１", "…", "é", "É", "ß", "Ж", "ж", "the ", "of ", "how ", "many ", "python ",
    ]

    private static func mixture(_ random: inout FixedRandom) -> String {
        let count = [1, 4, 15, 60, 250, 900][Int.random(in: 0..<6, using: &random)]
        return (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
    }

    /// UTF-8 cut within its characters.
    private static func cut() -> [Input] {
        let text = Array("Grüße 你好 👋🏽 «à» ’“ αβ ％？Ｆ ﷽ É".utf8)
        return text.indices.flatMap { [Input(prompt: Array(text[$0...])), Input(prompt: Array(text[..<$0]))] }
    }

    private static func bytes(_ random: inout FixedRandom) -> [Input] {
        let alphabets: [ClosedRange<UInt8>] = [0...255, 0x80...0xFF, 0xE2...0xF4, 0x20...0x40, 0x0A...0x20, 0x41...0x7A]
        return [1, 2, 3, 17, 300, 2_999, 4_000, 4_001, 9_000].flatMap { length in
            alphabets.map { alphabet in Input(prompt: (0..<length).map { _ in UInt8.random(in: alphabet, using: &random) }) }
        }
    }

    /// The bytes that begin folded sequences, in any order.
    private static func leads(_ random: inout FixedRandom) -> [UInt8] {
        let parts: [[UInt8]] = [
            [0xC3], [0xD0], [0xD1], [0xC2, 0xA0], [0xC2, 0xBF], [0xE2, 0x80], [0xE2], [0xE3, 0x80], [0xE3, 0x80, 0x80], [0xEF, 0xBC],
            [0xEF, 0xBD], [0xEF, 0xB8, 0x8F],
            [0xE4], [0xED], [0xF0, 0x9F, 0x98, 0x80], [0xF4], [0xFF], [0x80], [0x93], [0x97], [0x99], [0x9C], [0xA0], [0x21], [0x27],
            [0x2C], [0x2D], [0x2E], [0x30],
            [0x31], [0x41], [0x61], [0x20], [0x0A], [0x60],
        ]
        let count = [2, 5, 20, 200][Int.random(in: 0..<4, using: &random)]
        return (0..<count).flatMap { _ in parts[Int.random(in: 0..<parts.count, using: &random)] }
    }

    /// Lengths around the limits of what is read, and far beyond them.
    private static func lengths() throws -> [Input] {
        let text = Array(try realisticPrompts().map(\.prompt).joined(separator: "\n").utf8)
        let sizes = [255, 256, 257, 351, 352, 353, 2_999, 3_000, 3_001, 3_998, 3_999, 4_000, 4_001, 4_002, 4_500, 20_000]
        return sizes.flatMap { size in
            [0, 777].map { Input(prompt: Array(text[$0..<min(text.count, $0 + size)])) }
                + [Input(prompt: Array(repeating: 32, count: 20_000) + text.prefix(size) + Array(repeating: 10, count: 20_000))]
        }
    }
}
