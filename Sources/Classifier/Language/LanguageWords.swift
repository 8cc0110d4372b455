/// The most frequent words of the languages in Latin script (and of Russian and Ukrainian, which share theirs).
struct LanguageWords {
    /// The language's ISO 639-1 code.
    let code: String
    let words: String

    static let all: [LanguageWords] = [
        .init(
            code: "en",
            words: """
                the of and to in is you that it he was for on are as with his they at be this have from or had by but what some we can out other were all there \
                when your how said an each she which do their if will about write give me my explain please would make
                """),
        .init(
            code: "de",
            words: """
                der die das und ist nicht ein eine einen einem einer ich du er sie wir ihr zu mit auf für von den dem des im am auch sich wie was wer warum wann \
                kann können bitte mir mich dich über oder aber wenn werden wird sind war hat haben es an heute geht dir diesem diese dieser dieses guten noch nur schon sehr mehr unter ohne durch vom beim soll mein nach bei aus schreibe erkläre gib welche zum zur
                """),
        .init(
            code: "fr",
            words: """
                le la les et est pas un une des du de je tu il elle nous vous ils en dans pour avec sur que qui quoi comment pourquoi quand où ce cette ces mon ma \
                mes au aux ne se par plus ou mais être peux pouvez moi donne écris explique quelle quel sont s'il merci leur c'est ça va bonjour fait faire été sans très aussi comme
                """),
        .init(
            code: "es",
            words: """
                el la los las y es no un una unos de del yo tú él ella nosotros en para con por que qué quién cómo cuándo dónde cuál este esta esto mi mis su sus al se \
                lo más pero o ser está son hay puede puedes dame escribe explica como sobre entre también porque una muy
                """),
        .init(
            code: "it",
            words: """
                il lo la gli le e è non un una uno di del della dei che chi cosa come perché quando dove io tu lui lei noi voi in per con su da al alla nel nella mi ti si \
                sono senza posso fare molto questo questa mio mia più ma o essere può puoi scrivi spiega dammi quale anche
                """),
        .init(
            code: "pt",
            words: """
                o a os as e é não um uma de do da dos das que quem como quando onde porque eu tu ele ela nós você vocês em no na nos nas para com por este esta isto meu minha \
                seu sua mais mas ou ser está são pode escreva explique qual também sobre foi ao
                """),
        .init(
            code: "nl",
            words: """
                de het een en is niet ik jij je hij zij wij we van in op met voor dat die dit deze wat wie waarom hoe wanneer waar kan kun kunt mij mijn jouw naar aan om te \
                zijn was heeft hebben ook maar of als er bij uit schrijf geef leg
                """),
        .init(
            code: "pl",
            words: """
                i w na z do nie się jest to że co kto jak dlaczego kiedy gdzie ja ty on ona my wy jestem są był dla po od o za czy ale lub może mi mnie mój napisz podaj \
                wyjaśnij jaki jakie która ten ta przez
                """),
        .init(
            code: "sv",
            words: """
                och att det som en ett är inte jag du han hon vi ni på för med av till den de har var om vad vem hur varför när kan mig min skriv ge förklara eller men från
                """),
        .init(
            code: "tr",
            words: """
                ve bir bu da de için ile ne nasıl neden kim nerede hangi ben sen o biz siz çok daha gibi var yok mı mi mu olan olarak yaz açıkla bana değil ama veya en kadar
                """),
        .init(
            code: "ru",
            words: """
                и в не на что я с он как это по но они мы она к у ты из за вы так же от для о или бы был мне его ли если есть напиши какой какие почему когда где кто чтобы при
                """),
        .init(
            code: "uk",
            words: """
                і в не на що я з він як це по але вони ми вона до у ти із за ви так же від для про або би був мені його чи якщо є напиши який які чому коли де хто щоб та й
                """),
        .init(
            code: "id",
            words:
                "yang dan di ini itu dengan untuk tidak dari ke saya kamu anda apa siapa bagaimana mengapa kapan dimana adalah bisa pada jelaskan buatkan tolong"
        ),
        .init(
            code: "vi", words: "là của và có không tôi bạn cho một những này được trong với như thế nào gì tại sao hãy viết các người về"),
        // These are known by their scripts.
        .init(code: "ja", words: ""), .init(code: "zh", words: ""), .init(code: "ko", words: ""), .init(code: "ar", words: ""),
        .init(code: "he", words: ""), .init(code: "hi", words: ""), .init(code: "th", words: ""), .init(code: "el", words: ""),
    ]

    static let count = 22, firstScript = count - 8
    /// The bits of all languages.
    static let mask: UInt32 = 1 << UInt32(count) - 1
    static let japanese = firstScript, chinese = firstScript + 1

    /// The bit of the language that uses the script of a character of several bytes; 0 for scripts of many languages.
    static func bit(lead: UInt8, next: UInt8) -> UInt32 {
        let index: Int? =
            switch (lead, next) {
            case (0xE3, 0x81...0x83): 0
            case (0xE4...0xE9, _): 1
            case (0xEA, 0xB0...), (0xEB...0xEC, _), (0xED, ...0x9E): 2
            case (0xD8...0xDB, _): 3
            case (0xD7, _): 4
            case (0xE0, 0xA4...0xA5): 5
            case (0xE0, 0xB8...0xB9): 6
            case (0xCE...0xCF, _): 7
            default: nil
            }
        return index.map { 1 << UInt32(firstScript + $0) } ?? 0
    }
}
