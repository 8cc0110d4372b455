import Chat
import Testing

@Suite struct JSONReaderTests {
    private func accepts(_ text: [UInt8]) -> Bool {
        // Also at the very end of an allocation, where a read too far would show under the address sanitizer.
        let padded = { () -> [UInt8] in
            var copy = text
            copy.reserveCapacity(text.count + JSONReader.padding)
            return copy
        }()
        let plain = (try? JSONReader().read(text) { _ in true }) ?? false
        let inPlace = (try? JSONReader().read(padded) { _ in true }) ?? false
        #expect(plain == inPlace)
        return plain
    }

    @Test func theSuiteIsLargeEnough() {
        #expect(JSONSuite.refused.count >= 188)
        #expect(JSONSuite.accepted.count >= 95)
    }

    @Test(arguments: JSONSuite.refused.map(\.name)) func refuses(name: String) throws {
        let text = try #require(JSONSuite.refused.first { $0.name == name }).text
        #expect(!accepts(text))
        #expect(!accepts(Array(#"{"model":"m","messages":[{"role":"user","content":"x"}],"ignored":"#.utf8) + text + Array("}".utf8)))
    }

    @Test(arguments: JSONSuite.accepted.map(\.name)) func accepts(name: String) throws {
        let text = try #require(JSONSuite.accepted.first { $0.name == name }).text
        #expect(accepts(text))
        #expect(accepts(Array(#"{"model":"m","ignored":"#.utf8) + text + Array("}".utf8)))
    }

    @Test(arguments: [(128, true), (129, false)]) func depth(levels: Int, isFine: Bool) {
        let arrays = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        let objects = String(repeating: #"{"a":"#, count: levels) + "1" + String(repeating: "}", count: levels)
        #expect(accepts(Array(arrays.utf8)) == isFine)
        #expect(accepts(Array(objects.utf8)) == isFine)
    }

    /// Texts with exactly so many values, and what they look like.
    static let countedTexts: [(String, Int)] = [
        ("1", 1), ("[]", 1), ("{}", 1), (" [ ] ", 1), ("[1]", 2), (#"{"a":1}"#, 2), (#"["a:b,c{[",":"]"#, 3), (#"{"a:":"{,}"}"#, 2),
        ("[[],[],[]]", 4), ("[{},{}]", 3), (#"{"a":{"b":[1,2,{"c":null}]}}"#, 7), (#"{"a":{},"b":{},"c":{}}"#, 4),
        ("[-1.5e3,true,null,\"\"]", 5),
    ]

    @Test(arguments: countedTexts) func countsValues(text: String, values: Int) throws {
        let bytes = Array(text.utf8)
        #expect((try? JSONReader(mostValues: values).read(bytes) { _ in true }) == true)
        let error = #expect(throws: GatewayError.self) { try JSONReader(mostValues: values - 1).read(bytes) { _ in } }
        #expect(error?.code == .bodyTooLarge)
        #expect(error?.publicMessage.contains("\(values - 1) values (--max-json-values)") == true)
    }

    @Test(arguments: ["0", "{}", "[]", "\"\"", #"{"a":0}"#, "[0,0]"]) func manyValuesAreCountedNotGuessed(element: String) throws {
        let each = element.contains("0") && element.count > 1 ? (element.contains(",") ? 3 : 2) : 1
        for (count, isMember) in [(999, false), (999, true)] {
            let elements = (0..<count).map { isMember ? "\"k\($0)\" : \(element)" : element }.joined(separator: " , ")
            let text = Array((isMember ? "{\(elements)}" : "[\(elements)]").utf8)
            #expect((try? JSONReader(mostValues: 1 + count * each).read(text) { _ in true }) == true)
            #expect(throws: GatewayError.self) { try JSONReader(mostValues: count * each).read(text) { _ in } }
        }
    }

    @Test func whatIsNoJSONIsRefusedOneWayOrTheOther() {
        for text in ["[[[[[[", "}}}}}}", ",,,,,,,,", "::::::::", #"{"a""b""c""#, "[1,2", "1 2 3 4 5 6 7 8"] {
            for most in [1, 2, 100] {
                #expect(throws: GatewayError.self) { try JSONReader(mostValues: most).read(Array(text.utf8)) { _ in } }
            }
        }
    }

    /// The work on a text that is refused does not grow with what comes behind the bound.
    @Test func aBodyOfTinyValuesIsRefusedQuickly() {
        var text: [UInt8] = [UInt8(ascii: "[")]
        for _ in 0..<2_000_000 { text.append(contentsOf: [UInt8(ascii: "0"), UInt8(ascii: ",")]) }
        text.append(contentsOf: [UInt8(ascii: "0"), UInt8(ascii: "]")])
        let clock = ContinuousClock()
        let refusal = clock.measure { #expect(throws: GatewayError.self) { try JSONReader(mostValues: 1_000).read(text) { _ in } } }
        let reading = clock.measure { #expect((try? JSONReader().read(text) { _ in true }) == true) }
        #expect(refusal < reading)
    }

    @Test(arguments: [(4300, true), (4301, false)]) func digits(count: Int, isFine: Bool) {
        let digits = String(repeating: "7", count: count)
        #expect(accepts(Array("[\(digits)]".utf8)) == isFine)
        #expect(accepts(Array("[0, -\(digits) , 1]".utf8)) == isFine)
        #expect(accepts(Array("[\"\(digits)\"]".utf8)))
        #expect(accepts(Array("[1.\(digits.dropFirst())]".utf8)) == isFine)
    }

    @Test(arguments: [2, 16, 17, 1000]) func duplicatesInObjectsOfAnySize(members: Int) throws {
        let names = (0..<members).map { "\"k\($0)\":{\"inner\":\($0)}" }
        #expect(accepts(Array("[{\(names.joined(separator: ","))}]".utf8)))
        let twice = (names.dropLast() + [#""\u006b0":1"#]).joined(separator: ",")
        let error = #expect(throws: GatewayError.self) { try JSONReader().read(Array("[{\(twice)}]".utf8)) { _ in } }
        #expect(error?.param == "k0")
        #expect(error?.code == .invalidRequest)
    }

    @Test func aMillionLevelsAreRefused() {
        #expect(!accepts([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)))
        let text = String(repeating: #"{"a":"#, count: 1_000_000)
        #expect(!accepts(Array(text.utf8)))
    }

    @Test func valuesAreRead() throws {
        let text =
            #"{"s":"a\"\u00e9","i":-5,"u":18446744073709551615,"d":1.5,"t":true,"f":false,"n":null,"a":[1,[2,3],{"x":4},"5"],"o":{"p":{"q":6}}}"#
        try JSONReader().read(Array(text.utf8)) { root in
            #expect(root.kind == .object)
            #expect(root["s"]?.string == "a\"é")
            #expect(root["i"]?.int64 == -5)
            #expect(root["u"]?.int64 == nil)
            #expect(root["u"]?.double == 18_446_744_073_709_551_616)
            #expect(root["d"]?.double == 1.5)
            #expect(root["d"]?.int64 == nil)
            #expect(root["t"]?.bool == true)
            #expect(root["f"]?.bool == false)
            #expect(root["n"]?.isNull == true)
            #expect(root["a"]?.elements.map(\.kind) == [.number, .array, .object, .string])
            #expect(root["a"]?.elements.map { $0.int64 } == [1, nil, nil, nil])
            #expect(root["o"]?["p"]?["q"]?.int64 == 6)
            #expect(root["absent"] == nil)
            #expect(root["s"]?["x"] == nil)
            #expect(root.members.map { $0.name.string } == ["s", "i", "u", "d", "t", "f", "n", "a", "o"])
        }
    }

    @Test func hugeNumbersAreNumbers() throws {
        try JSONReader().read(Array("[123456789012345678901234567890,-1e999,1e999, 9223372036854775808 ,-9223372036854775808,1e-999]".utf8))
        { root in
            #expect(root.elements.map(\.double) == [9e307, -9e307, 9e307, 9_223_372_036_854_775_808, -9_223_372_036_854_775_808, 0])
            #expect(root.elements.map(\.int64) == [nil, nil, nil, nil, .min, nil])
        }
    }

    @Test func loneSurrogatesDoNotBreakStrings() throws {
        // The suite leaves them open; whatever is accepted must come out as a valid string.
        for text in [#"["\uD800"]"#, #"["\uDC00"]"#, #"["\uDd1ea"]"#, #"["\uD888\u1234"]"#] {
            let string = try? JSONReader().read(Array(text.utf8)) { $0.elements.map { $0.string ?? "" }.joined() }
            if let string { #expect(string.contains("\u{FFFD}")) }
        }
    }

    @Test func aReaderIsReusedAfterErrorsAndLargeTexts() throws {
        let reader = JSONReader()
        let large = Array(("[\"" + String(repeating: "x", count: 3 << 20) + "\"]").utf8)
        for _ in 0..<3 {
            #expect(throws: GatewayError.self) { try reader.read(Array("[".utf8)) { _ in } }
            #expect(try reader.read(large) { $0.elements.map { $0.stringBytes?.count } } == [3 << 20])
            #expect(try reader.read(Array("[7]".utf8)) { $0.elements.map(\.int64) } == [7])
        }
    }

    @Test func whatTheClosureThrowsComesOut() {
        let error = #expect(throws: GatewayError.self) {
            try JSONReader().read(Array("{}".utf8)) { (_) throws(GatewayError) in throw GatewayError(.notFound, "mine") }
        }
        #expect(error?.publicMessage == "mine")
    }

    @Test func rawMembersStandWhereTheySay() throws {
        let text = " {\n \"a\" : 1 ,\"b\\u0062\":\t\"x,}\\\"\" , \"c\":{ \"d\" : [1, {\"e\":2} ] , \"f\":null } ,\"g\":[ ]\r\n} "
        let bytes = Array(text.utf8)
        try JSONReader().read(bytes) { root in
            let members = root.rawMembers.map(Array.init) ?? []
            let slice = { (range: Range<Int>) in String(decoding: bytes[range], as: UTF8.self) }
            #expect(members.map { $0.name.string } == ["a", "bb", "c", "g"])
            guard members.count == 4 else { return }
            #expect(members.map { slice($0.nameRange) } == ["\"a\"", "\"b\\u0062\"", "\"c\"", "\"g\""])
            #expect(members.map { slice($0.valueRange) } == ["1", "\"x,}\\\"\"", "{ \"d\" : [1, {\"e\":2} ] , \"f\":null }", "[ ]"])
            #expect(members[2].rawMembers.map { slice($0.range) } == ["\"d\" : [1, {\"e\":2} ]", "\"f\":null"])
            #expect(members[2].value["f"]?.isNull == true)
            #expect(Array(members[0].rawMembers).isEmpty)
            #expect(root["c"]?.rawMembers == nil)
        }
        try JSONReader().read(Array("{}".utf8)) { #expect($0.rawMembers.map(Array.init)?.isEmpty == true) }
    }
}
