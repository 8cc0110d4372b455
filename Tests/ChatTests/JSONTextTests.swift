import Chat
import Testing

/// Values written back, and values with their places in the text.
@Suite struct JSONTextTests {
    private func written(_ text: String) throws -> String {
        try JSONReader().read(Array(text.utf8)) { root in
            var bytes: [UInt8] = []
            bytes.appendJSON(root)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test(arguments: [
        (
            " { \"a\" : [ 1 , -2.50 , true , null , \"x\\u0041\\n\\\"\" ] , \"b\" : { } , \"c\" : [ ] } ",
            #"{"a":[1,-2.5,true,null,"xA\n\""],"b":{},"c":[]}"#
        ),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"), ("1e2", "100.0"), ("false", "false"), (#""""#, #""""#),
    ])
    func valuesAreWrittenCompactly(text: String, expected: String) throws {
        #expect(try written(text) == expected)
    }

    /// What is written reads as the same value, so it is written the same way again.
    @Test(arguments: JSONSuite.accepted.map(\.name)) func writingTwiceChangesNothing(name: String) throws {
        let text = try #require(JSONSuite.accepted.first { $0.name == name }).text
        let once = try written(String(decoding: text, as: UTF8.self))
        #expect(try written(once) == once)
    }

    @Test func elementsKnowTheirText() throws {
        let text = Array(#"{"list":[ 1.50 ,{"a" : [12345678901234567890123 ]}, "x" ,[],{}, null ],"other":7,"none":[ ]}"#.utf8)
        try JSONReader().read(text) { root in
            let members = root.rawMembers.map { Array($0) } ?? []
            guard members.count == 3 else {
                Issue.record("\(members.count) members")
                return
            }
            let elements = members[0].rawElements.map { String(decoding: $0.text, as: UTF8.self) }
            #expect(elements == ["1.50", #"{"a" : [12345678901234567890123 ]}"#, #""x""#, "[]", "{}", "null"])
            let object = Array(members[0].rawElements)[1]
            guard let inner = object["a"] else {
                Issue.record("no member")
                return
            }
            #expect(String(decoding: inner.valueText, as: UTF8.self) == "[12345678901234567890123 ]")
            #expect(inner.rawElements.map { String(decoding: $0.text, as: UTF8.self) } == ["12345678901234567890123"])
            #expect(object["b"] == nil && inner["a"] == nil)
            #expect(Array(members[1].rawElements).isEmpty && Array(members[2].rawElements).isEmpty)
            #expect(Array(members[0].rawElements)[2].rawMembers.isEmpty)
        }
    }

    /// The texts of all elements, put together again, are the same list.
    @Test(arguments: JSONSuite.accepted.map(\.name)) func elementsMakeUpTheirList(name: String) throws {
        let text = try #require(JSONSuite.accepted.first { $0.name == name }).text
        let wrapped = Array(#"{"list":["#.utf8) + text + Array(" , ".utf8) + text + Array("]}".utf8)
        let joined = try JSONReader().read(wrapped) { root in
            root["list"].map { list in
                let elements = root.rawMembers?.first { _ in true }?.rawElements.map { String(decoding: $0.text, as: UTF8.self) } ?? []
                #expect(elements.count == Array(list.elements).count)
                return "[\(elements.joined(separator: ","))]"
            }
        }
        let direct = "[" + String(decoding: text, as: UTF8.self) + "," + String(decoding: text, as: UTF8.self) + "]"
        #expect(try written(try #require(joined)) == written(direct))
    }

    @Test func aRequestGivesItsRootAgain() throws {
        let reader = JSONReader()
        let body = Array(#"{"model":"m","messages":[{"role":"user","content":"x"}],"user":"u","extra":[1]}"#.utf8)
        let request = try ChatRequest(decoding: body, reader: reader)
        #expect(try request.withRoot(reader) { $0["extra"]?.elements.map(\.int64) } == [1])
        #expect(throws: GatewayError.self) {
            try request.withRoot(reader) { (_) throws(GatewayError) in throw GatewayError(.invalidRequest, "no") }
        }
    }
}

extension JSONRawMembers {
    fileprivate var isEmpty: Bool { !contains { _ in true } }
}
