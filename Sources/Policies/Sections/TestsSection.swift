internal import Chat
internal import Core

/// `tests:` of all files.
struct TestsSection {
    private(set) var tests: [PolicyTest] = []

    init(_ fields: [FieldReader], models: ModelTable, timeZone: TimeZoneRules, isComplete: Bool) {
        var placeOfName: [String: Place] = [:]
        for field in fields {
            guard let reader = field.mapping(.test) else { continue }
            let name = reader["name"].flatMap { $0.text() }
            if let name, let place = reader["name"]?.node.start {
                if let first = placeOfName[name] {
                    field.diagnostics.error(
                        at: place, "two tests are called \"\(shortened(name))\", the first at \(field.diagnostics.describe(first))")
                }
                placeOfName[name] = placeOfName[name] ?? place
            }
            for key in ["given", "expect"] where reader[key] == nil {
                field.diagnostics.error(at: field.node.start, "the test has no \"\(key)\"")
            }
            let given = reader["given"].flatMap { GivenDecoder(timeZone: timeZone).decode($0) }
            let expected = reader["expect"].flatMap { ExpectationDecoder(models: models, isComplete: isComplete).decode($0) }
            guard let given, let expected else { continue }
            let place = field.node.start
            tests.append(
                PolicyTest(
                    name: name ?? "test \(tests.count + 1)", file: field.diagnostics.sources[place.file].path, line: place.line,
                    given: given, expected: expected))
        }
    }
}
