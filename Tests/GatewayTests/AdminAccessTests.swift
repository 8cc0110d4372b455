import Chat
import EventLoop
import HTTPServer
import Testing

@testable import Gateway

@Suite struct AdminAccessTests {
    private static let text = "sk-purser-admin-0123456789"

    private func access(_ host: String = "127.0.0.1", names: [String] = []) throws -> AdminAccess {
        let key = try AdminKey(environment: Self.text, file: "/nonexistent/admin-key")
        return AdminAccess(address: ListenAddress(host: host, port: 9_443), names: names, key: key)
    }

    private func isAllowed(_ access: AdminAccess, host: String?) throws -> Bool {
        let head = try request("GET", "/healthz", host: host)
        do throws(GatewayError) {
            try access.checkHost(head)
            return true
        } catch {
            #expect(error.code == .hostNotAllowed && error.code.status == 403)
            return false
        }
    }

    @Test(arguments: [
        ("localhost", true), ("LocalHost:9443", true), ("127.0.0.1", true), ("127.0.0.1:1", true), ("[::1]", true), ("[::1]:9443", true),
        ("10.0.0.7:9443", true), ("ops.example", true), ("OPS.example:443", true), ("evil.example", false),
        ("localhost.evil.example", false),
        ("127.0.0.2", false), ("[::2]", false), ("x.ops.example", false), ("0.0.0.0", false),
    ])
    func onlyItsOwnHostsAreServedWhateverThePort(_ host: String, _ isOwn: Bool) throws {
        let access = try access("10.0.0.7", names: ["Ops.Example"])
        #expect(try isAllowed(access, host: host) == isOwn)
    }

    @Test func anAddressOfVersionSixIsItsOwnWithBrackets() throws {
        let access = try access("fd00::7")
        #expect(try isAllowed(access, host: "[fd00::7]:9443") && isAllowed(access, host: "[FD00::7]"))
        #expect(try !isAllowed(access, host: "[fd00::8]"))
    }

    @Test func whoNamesNoHostIsRefused() throws { #expect(try !isAllowed(access(), host: nil)) }

    @Test(arguments: [
        ["authorization: Bearer \(text)"], ["Authorization: bearer \(text)"], ["AUTHORIZATION: BEARER   \(text)"],
    ])
    func itsKeyIsTaken(_ lines: [String]) throws { try access().checkKey(try request("GET", "/", lines)) }

    @Test(arguments: [
        [], ["authorization: \(text)"], ["authorization: Basic \(text)"], ["authorization: Bearer"], ["authorization: Bearer "],
        ["authorization: Bearer\(text)"], ["authorization: Bearer \(text)x"], ["authorization: Bearer \(text.dropLast())"],
        ["x-api-key: \(text)"], ["api-key: \(text)"], ["authorization: Bearer \(text)", "authorization: Bearer \(text)"],
        ["authorization: Bearer sk-purser-other"], ["authorization: Bearer \(text) x"],
    ])
    func nothingElseIs(_ lines: [String]) throws {
        let (access, head) = (try access(), try request("GET", "/", lines))
        let error = #expect(throws: GatewayError.self) { try access.checkKey(head) }
        #expect(error?.code == .invalidAPIKey && error?.publicMessage.contains("PURSER_ADMIN_KEY") == true)
        #expect(error?.publicMessage.contains(Self.text) == false)
    }
}
