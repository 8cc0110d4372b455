/// `tests:` of all files.
struct TestsSection {
    let tests: [PolicyTest]

    init(_ fields: [FieldReader], models: ModelTable, isComplete: Bool) { tests = [] }
}
