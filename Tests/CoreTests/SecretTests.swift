import Core
import Testing

@Suite struct SecretTests {
    private struct Holder { let key: Secret }

    @Test func isShownNowhere() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        dump(Holder(key: secret), to: &dumped)
        dump([secret], to: &dumped)
        let shown = [
            "\(secret)", "\(Holder(key: secret))", "\([secret])", "\(Optional(secret) as Any)", String(reflecting: Holder(key: secret)),
            dumped,
        ]
        for text in shown {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("***"))
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test func isRevealedOnDemand() {
        #expect(Secret("hunter2").reveal() == "hunter2")
        #expect(Secret("a") == Secret("a") && Secret("a") != Secret("b"))
        #expect(Secret("").isEmpty && !Secret(" ").isEmpty)
    }
}
