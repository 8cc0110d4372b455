import Testing

@testable import TLS

struct NameTests {
    static let table = HostNameTable([
        ["gateway.test", "shared.test"], ["*.gateway.test", "shared.test"], ["api.gateway.test"],
    ])

    @Test(arguments: [
        ("gateway.test", 0), ("GATEWAY.Test", 0), ("gateway.test.", 0), ("a.gateway.test", 1), ("api.gateway.test", 2), ("shared.test", 1),
        ("a.b.gateway.test", nil), (".gateway.test", nil), ("other.test", nil), ("", nil), (".", nil), ("test", nil), ("*.gateway.test", 1),
    ])
    func lookUp(_ name: String, _ index: Int?) { #expect(Self.table.index(for: name) == index) }

    @Test(arguments: [
        ("localhost", "DNS:localhost"), ("A.Example", "DNS:a.example"), ("*.a.test", "DNS:*.a.test"), ("127.0.0.1", "IP:127.0.0.1"),
        ("::1", "IP:::1"), ("[2001:DB8:0::1]", "IP:2001:db8::1"), ("xn--bcher-kva.example", "DNS:xn--bcher-kva.example"),
    ])
    func subjects(_ text: String, _ alternativeName: String) { #expect(SubjectName(text)?.alternativeName == alternativeName) }

    @Test(arguments: [
        "", ".", "a..b", "-a.test", "a-.test", "*", "*.", "a.*.test", "bücher.example", "a b", "a,DNS:evil.test", "a\nb", "a_b", "1.2.3",
        "1.2.3.4.5", "[::1",
        "https://a", "a:8443", String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "a",
    ])
    func noSubjects(_ text: String) { #expect(SubjectName(text) == nil) }
}
