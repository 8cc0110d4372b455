import Testing

@testable import Gateway

@Suite struct WebhookTargetTests {
    @Test(arguments: [
        "https://hooks.example/services/T0/B0/secret?token=x", "HTTPS://Hooks.Example:8443", "https://[2001:db8::1]:443/",
        "https://10.0.0.1/",
    ])
    func anyHostOverTLS(url: String) throws {
        let target = try #require(WebhookTarget(url))
        #expect(target.url == url && !target.isLoopback)
        #expect(!target.origin.contains("secret") && !target.origin.contains("token"))
    }

    @Test(arguments: [
        "http://127.0.0.1:8080/hook?token=x", "http://localhost/", "http://[::1]:99/a", "http://127.255.0.3", "https://localhost:1/",
    ])
    func thisMachineInTheClear(url: String) { #expect(WebhookTarget(url)?.isLoopback == true) }

    @Test(arguments: [
        "http://example.com/", "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://127.1/", "http://0x7f.0.0.1/",
        "http://127.0.0.256/", "http://+127.0.0.1/", "http://127.0.0.+1/", "http://127..0.1/", "http://2130706433/", "http://[::2]/",
        "http://[::1",
        "http://localhost@example.com/", "http://127.0.0.1:80@example.com/", "https://user:pw@hooks.example/",
        "http://127.0.0.1\\@example.com/",
        "https://hooks.example\\/", "http://localhost:80:80/", "http://localhost:99999/", "http://localhost:+80/",
        "http://[::1]example.com/", "https://", "https:///path",
        "ftp://localhost/", "file:///etc/passwd", "//localhost/", "", "https://hooks.example/ä", "https://hooks.example/a b",
        "https://hooks.example/\r\nX: y", "https://" + String(repeating: "a", count: 2_048),
    ])
    func everythingElseIsRefused(url: String) { #expect(WebhookTarget(url) == nil) }

    @Test func theOriginEndsWhereAPathOrQueryBegins() {
        #expect(WebhookTarget("https://Hooks.Example:8443?token=x")?.origin == "https://hooks.example:8443")
        #expect(WebhookTarget("https://hooks.example/secret")?.origin == "https://hooks.example")
    }
}
