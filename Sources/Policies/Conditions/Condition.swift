internal import Classifier

/// One condition of a rule, compiled. A new kind is one file beside this one, a case here, and a name in ``Condition/Kind``.
enum Condition: Sendable {
    case task(TaskCondition)
    case complexity(ComplexityCondition)
    case number(NumberCondition)
    case flag(FlagCondition)
    case language(TextCondition)
    case named(NamedCondition)
    case caller(CallerCondition)
    case timeOfDay(TimeOfDayCondition)
    case weekday(WeekdayCondition)

    /// Whether a request with these features meets the condition.
    func holds(_ features: RequestFeatures) -> Bool {
        switch self {
        case .task(let condition): condition.holds(features)
        case .complexity(let condition): condition.holds(features)
        case .number(let condition): condition.holds(features)
        case .flag(let condition): condition.holds(features)
        case .language(let condition): condition.holds(features.classification?.language)
        case .named(let condition): condition.holds(features)
        case .caller(let condition): condition.holds(features)
        case .timeOfDay(let condition): condition.holds(features)
        case .weekday(let condition): condition.holds(features)
        }
    }

    /// Whether every request that meets this condition meets `other` too. Always false for conditions on different features.
    func implies(_ other: Condition) -> Bool {
        switch (self, other) {
        case (.task(let a), .task(let b)): a.implies(b)
        case (.complexity(let a), .complexity(let b)): a.implies(b)
        case (.number(let a), .number(let b)): a.implies(b)
        case (.flag(let a), .flag(let b)): a == b
        case (.language(let a), .language(let b)): a.implies(b)
        case (.named(let a), .named(let b)): a.implies(b)
        case (.caller(let a), .caller(let b)): a.implies(b)
        case (.timeOfDay(let a), .timeOfDay(let b)): a.implies(b)
        case (.weekday(let a), .weekday(let b)): a.implies(b)
        default: false
        }
    }

    /// The features that the condition needs and that are costly to find.
    var needs: FeatureNeeds {
        switch self {
        case .task, .complexity, .language: .classification
        case .number(let condition) where condition.subject == .complexityScore: .classification
        case .number(let condition) where condition.subject == .budgetLeft: .budgetLeft
        default: []
        }
    }
}
