/// Word lists about amounts and relations, which indicate long calculations.
enum QuantityWords {
    static let comparisonWord =
        "more less fewer older younger longer shorter taller heavier higher lower bigger larger cheaper faster slower than as"
    static let multipleWord = "twice thrice double triple doubled tripled quadruple half halved times"
    static let fractionWord = """
        half halves third thirds quarter quarters fourth fourths fifth fifths sixth eighth tenth fraction percent percentage
        """
    static let perWord = "per each every apiece daily weekly hourly monthly yearly"
    static let restWord = "rest remaining remainder left leftover remained still"
    static let thirdPerson = "he she his her him hers they their them"
    static let conditionWord = "if unless when until after before except only but instead however assuming suppose otherwise"
    static let rateWord = """
        average mean median ratio rate speed proportion discount profit interest tax tip commission area perimeter volume overtime raise
        """
    static let calendarWord = """
        week weeks weekday weekend dozen dozens month months year years pair pairs day days hour hours minute minutes monday tuesday wednesday thursday friday \
        saturday sunday
        """
    static let negation = "not no never none without neither nor cannot except incorrect false least"
}
