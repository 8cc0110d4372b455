import Chat
import Testing

@Suite struct ShownAddressTests {
    @Test(arguments: [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"), ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1"), ("https://${HOST}:${PORT}/v1/${PATH}", "https://${HOST}:${PORT}/v1/${PATH}"),
        ("${URL}", "${URL}"), ("nowhere", "nowhere"), ("api.openai.com/v1", "api.openai.com/v1"),
        ("https://h/v1?key=S", "https://h/v1?***"), ("https://h/v1#S", "https://h/v1?***"), ("https://u:S@h/v1", "https://***@h/v1"),
        ("https://u:a/S@h/v1", "https://***@h/v1"), ("https://u:a?S@h/v1", "https://***"), ("u:S@h:1", "***@h:1"), ("h:S", "***"),
        ("https://h/v1;key=S", "https://h/***"), ("https://h/a%3Fkey=S/b", "https://h/***/b"),
        ("https://h/0123456789abcdef0123456789abcdef", "https://h/***"), ("https://h\\S", "https://h?***"),
        ("https://h:1:S/", "https://***/"),
    ])
    func onlyThePlaceIsShown(_ address: String, _ shown: String) { #expect(ShownAddress.text(address) == shown) }

    @Test func showingAgainChangesNothingAndSecretsNeverAppear() {
        var generator = SystemRandomNumberGenerator()
        let secret = "S3cret~Canary"
        let pieces = [
            "https://", "http://", "socks5h://", "h", ".example", ":", "8080", "/", "v1", "?", "#", "@", "&", "=", ";", "%3F", "\\", "[",
            "]", " ", "${X}", "***", "u",
        ]
        for _ in 0..<50_000 {
            var address = (0..<Int.random(in: 0...6, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            #expect(ShownAddress.text(ShownAddress.text(address)) == ShownAddress.text(address), "\(address)")
            // Wherever a secret may stand: before an "@", behind "?", "#" or a colon that is no port's.
            let before = address.filter { !"?#@".contains($0) }
            for spot in [
                "https://" + secret + before + "@h/", "https://u:" + before + secret + "@h/", "https://h/?" + secret + address,
                "https://h/#" + address + secret, "h:" + secret + before,
            ] {
                address = spot
                #expect(!ShownAddress.text(address).contains(secret), "\(address) → \(ShownAddress.text(address))")
            }
        }
    }
}
