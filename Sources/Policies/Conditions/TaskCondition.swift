internal import Classifier

/// `task`: what the conversation asks for is one of these.
struct TaskCondition: Sendable {
    private let tasks: UInt16

    init?(_ field: FieldReader) {
        guard let items = field.alternatives() else { return nil }
        let words = items.map { $0.word("task", as: TaskType.self) }
        guard !words.contains(where: { $0 == nil }) else { return nil }
        tasks = words.reduce(0) { $0 | ($1.map(Self.bit) ?? 0) }
    }

    func holds(_ features: RequestFeatures) -> Bool {
        guard let classification = features.classification else { return false }
        return tasks & Self.bit(classification.task) != 0
    }

    func implies(_ other: TaskCondition) -> Bool { tasks & ~other.tasks == 0 }

    private static func bit(_ task: TaskType) -> UInt16 {
        switch task {
        case .code: 1
        case .math: 2
        case .creative: 4
        case .analysis: 8
        case .simple: 16
        case .search: 32
        case .extract: 64
        case .translate: 128
        case .summarize: 256
        }
    }
}
