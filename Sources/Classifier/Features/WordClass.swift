/// Groups of words with the same role in a request. A model learns from groups what it cannot learn from rare words.
enum WordClass: Int, CaseIterable {
    case codeVerb, codeNoun, codeLanguage, codeTool, mathVerb, mathNoun, unit, numberWord, wordProblem
    case composeVerb, creativeNoun, personaWord, draftNoun, ideaWord, analysisVerb, analysisNoun, adviceWord, causeWord
    case translateVerb, humanLanguage, summarizeVerb, extractVerb, extractNoun, givenText, freshTime, localWord, liveNoun, searchVerb
    case who, what, when, which, why, how, auxiliary, politeness, firstPerson, secondPerson, smallTalk, factNoun, recommendVerb, shortAnswer
    case listWord, toneWord, compareWord, businessNoun, scienceNoun, logicWord
    case formatWord, rewriteVerb
    case comparisonWord, multipleWord, fractionWord, perWord, restWord, thirdPerson, conditionWord, rateWord, calendarWord, negation

    /// The words of the class, lower case, separated by blanks.
    var words: String { Self.lists[rawValue] }

    static let lists: [String] = allCases.map { list($0) }

    private static func list(_ kind: WordClass) -> String {
        switch kind {
        case .codeVerb: WordLists.codeVerb
        case .codeNoun: WordLists.codeNoun
        case .codeLanguage: WordLists.codeLanguage
        case .codeTool: WordLists.codeTool
        case .mathVerb: WordLists.mathVerb
        case .mathNoun: WordLists.mathNoun
        case .unit: WordLists.unit
        case .numberWord: WordLists.numberWord
        case .wordProblem: WordLists.wordProblem
        case .composeVerb: WordLists.composeVerb
        case .creativeNoun: WordLists.creativeNoun
        case .personaWord: WordLists.personaWord
        case .draftNoun: WordLists.draftNoun
        case .ideaWord: WordLists.ideaWord
        case .analysisVerb: WordLists.analysisVerb
        case .analysisNoun: WordLists.analysisNoun
        case .adviceWord: WordLists.adviceWord
        case .causeWord: WordLists.causeWord
        case .translateVerb: WordLists.translateVerb
        case .humanLanguage: WordLists.humanLanguage
        case .summarizeVerb: WordLists.summarizeVerb
        case .extractVerb: WordLists.extractVerb
        case .extractNoun: WordLists.extractNoun
        case .givenText: WordLists.givenText
        case .freshTime: WordLists.freshTime
        case .localWord: WordLists.localWord
        case .liveNoun: WordLists.liveNoun
        case .searchVerb: WordLists.searchVerb
        case .who: "who whom whose wer qui quién chi кто"
        case .what: "what whats was que qué quoi cosa was что"
        case .when: "when wann quand cuándo quando когда where wo où dónde dove где"
        case .which: "which welche welcher quel quelle cuál quale какой"
        case .why: "why warum pourquoi perché почему зачем porqué wieso"
        case .how: "how wie comment cómo come как como"
        case .auxiliary: "is are was were do does did can could should would will has have had am be may might must"
        case .politeness: "please kindly pls plz bitte por favor s'il svp per"
        case .firstPerson: "i me my mine im ive id ill we our us ich mir mein meine je mon ma mes yo mi mis io"
        case .secondPerson: "you your yours yourself youre du dein tu ton usted"
        case .smallTalk: WordLists.smallTalk
        case .factNoun: WordLists.factNoun
        case .recommendVerb: WordLists.recommendVerb
        case .shortAnswer: "yes no ok okay true false right correct wrong sure continue more again"
        case .listWord: "list bullet bullets bulleted points table steps outline items examples example top five ten enumerate"
        case .toneWord: WordLists.toneWord
        case .compareWord:
            "versus vs compare compared comparison difference differences differ better than unlike similarities similarity between"
        case .businessNoun: WordLists.businessNoun
        case .scienceNoun: WordLists.scienceNoun
        case .logicWord: WordLists.logicWord
        case .formatWord: "json csv xml yaml markdown table columns column row rows format formatted key keys schema spreadsheet excel"
        case .rewriteVerb: WordLists.rewriteVerb
        case .comparisonWord: QuantityWords.comparisonWord
        case .multipleWord: QuantityWords.multipleWord
        case .fractionWord: QuantityWords.fractionWord
        case .perWord: QuantityWords.perWord
        case .restWord: QuantityWords.restWord
        case .thirdPerson: QuantityWords.thirdPerson
        case .conditionWord: QuantityWords.conditionWord
        case .rateWord: QuantityWords.rateWord
        case .calendarWord: QuantityWords.calendarWord
        case .negation: QuantityWords.negation
        }
    }
}
