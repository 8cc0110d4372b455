import Core
import EventLoop
import Foundation
import Testing

@testable import MCP

/// Servers that are shell scripts: real processes, real pipes, every kind of trouble.
@Suite(.timeLimit(.minutes(5))) struct HostTests {
    /// A server that answers each request by its method: `case` branches of a shell, in which `$id` is the request's id.
    private func script(_ branches: String, first: String = "", otherwise: String = #"say '"error":{"code":-32601,"message":"no"}'"#)
        -> [String]
    {
        let text = #"""
            say() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
            \#(first)
            while IFS= read -r line; do
              id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
              case "$line" in
                \#(branches)
                *'"method":"notifications/'*) ;;
                *) \#(otherwise) ;;
              esac
            done
            """#
        return ["sh", "-c", text]
    }

    private static let tool = #"{"name":"t","description":"d","inputSchema":{"type":"object"}}"#
    private static let modern = #"*'"server/discover"'*) say '"result":{"supportedVersions":["2026-07-28"],"capabilities":{}}' ;;"#
    private static let list = #"*'"tools/list"'*) say '"result":{"tools":[\#(tool)]}' ;;"#
    private static let call = #"*'"tools/call"'*) say '"result":{"content":[{"type":"text","text":"done"}]}' ;;"#

    private func host(_ command: [String], timeout: Duration = .seconds(20)) throws -> MCPHost {
        var settings = MCPServerSettings(name: "s", way: .command(command, environment: [:]))
        settings.timeout = timeout
        let host = MCPHost()
        try host.adopt([settings])
        return host
    }

    private func tools(_ command: [String], timeout: Duration = .seconds(20)) throws -> Result<[String], MCPFailure> {
        let host = try host(command, timeout: timeout)
        defer { host.stop() }
        do throws(MCPFailure) { return .success(try host.toolsAndWait(of: "s").map(\.name)) } catch { return .failure(error) }
    }

    @Test func theModernEra() throws {
        let host = try host(script([Self.modern, Self.list, Self.call].joined(separator: "\n")))
        defer { host.stop() }
        #expect(try host.toolsAndWait(of: "s").map(\.name) == ["t"])
        #expect(try host.callAndWait("t", of: "s", arguments: Array("{}".utf8)).get().text == "done")
        #expect(host.processes().count == 1)
    }

    @Test func theEraOfHandshakes() throws {
        let initialize =
            #"*'"initialize"'*) say '"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}' ;;"#
        // Before the handshake it answers with a code of its own.
        let found = try tools(
            script([initialize, Self.list].joined(separator: "\n"), otherwise: #"say '"error":{"code":-32602,"message":"odd"}'"#))
        #expect(found == .success(["t"]))
    }

    @Test func aServerThatWantsAnUnknownRevision_isRefused() throws {
        let initialize = #"*'"initialize"'*) say '"result":{"protocolVersion":"1999-01-01","capabilities":{}}' ;;"#
        guard case .failure(.malformed(let why)) = try tools(script(initialize)) else {
            Issue.record("it was taken")
            return
        }
        #expect(why.contains("1999-01-01"))
    }

    @Test func pages() throws {
        let pages = #"""
            *'"cursor":"two"'*) say '"result":{"tools":[{"name":"b"},{"name":"a"}]}' ;;
            *'"cursor":""'*) say '"result":{"tools":[{"name":"a2"}],"nextCursor":"two"}' ;;
            *'"tools/list"'*) say '"result":{"tools":[{"name":"a"},{"name":""},{"nameless":1},{"name":"s","inputSchema":[]}],"nextCursor":""}' ;;
            """#
        #expect(try tools(script(Self.modern + "\n" + pages)) == .success(["a", "a2", "b"]))
    }

    @Test func pagesInACircle_areTold() throws {
        let pages = #"*'"tools/list"'*) say '"result":{"tools":[\#(Self.tool)],"nextCursor":"x"}' ;;"#
        guard case .failure(.malformed(let why)) = try tools(script(Self.modern + "\n" + pages)) else {
            Issue.record("no failure")
            return
        }
        #expect(why.contains("circle"))
    }

    @Test func noise_isOverheard() throws {
        let first = #"""
            echo 'Starting up…'; echo '{"broken'; echo '[]'; echo >&2 'a warning'
            (i=0; while [ $i -lt 2000 ]; do echo >&2 'a line of a server that says very much on its standard error'; i=$((i+1)); done) &
            """#
        #expect(try tools(script([Self.modern, Self.list].joined(separator: "\n"), first: first)) == .success(["t"]))
    }

    @Test func anEmptyList_isAnError() throws {
        guard case .failure(.malformed) = try tools(script(Self.modern + "\n" + #"*'"tools/list"'*) say '"result":{"tools":[]}' ;;"#))
        else {
            Issue.record("no failure")
            return
        }
    }

    @Test(arguments: [
        ["no-such-program-anywhere"], ["/bin/false"], ["sh", "-c", "echo >&2 out of luck; exit 3"], ["sh", "-c", "kill -9 $$"],
    ])
    func whatDoesNotRun_isToldAtOnce(command: [String]) throws {
        guard case .failure(let failure) = try tools(command) else {
            Issue.record("it ran")
            return
        }
        switch failure {
        case .unavailable(let why): #expect(why.contains("No such file"))
        case .lost(let why): #expect(why.contains("exit status 1") || why.contains("out of luck") || why.contains("signal 9"))
        default: Issue.record("\(failure)")
        }
    }

    @Test func aServerThatSaysNothing_isGivenUp() throws {
        #expect(try tools(["sleep", "1000"], timeout: .milliseconds(300)) == .failure(.timeout(.milliseconds(300))))
    }

    @Test func aFlood_isEnded() throws {
        guard case .failure(.tooLarge) = try tools(["sh", "-c", "yes | tr -d '\\n'"]) else {
            Issue.record("it was not")
            return
        }
    }

    @Test func callsRunSideBySide_andALateAnswerIsNobodys() throws {
        // The first call is never answered; the second is.
        let calls = #"""
            *'"name":"slow"'*) slow=$id ;;
            *'"tools/call"'*) say '"result":{"content":[{"type":"text","text":"fast"}]}'; id=$slow; say '"result":{"content":[]}' ;;
            """#
        let host = try host(script(Self.modern + "\n" + calls), timeout: .milliseconds(1_500))
        defer { host.stop() }
        let slow = Thread.detached { host.callAndWait("slow", of: "s", arguments: Array("{}".utf8)) }
        let fast = host.callAndWait("fast", of: "s", arguments: Array("{}".utf8))
        _ = slow.wait()
        #expect(try fast.get().text == "fast")
        #expect(try host.callAndWait("again", of: "s", arguments: Array("{}".utf8)).get().text == "fast")
    }

    /// A child that starts others and does not end: all of them go with the host.
    @Test func nothingIsLeft() throws {
        let marker = "marker-\(UUID().uuidString)"
        let first = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 1000; echo \(marker)' &"
        let host = try host(script([Self.modern, Self.list].joined(separator: "\n"), first: first))
        _ = try host.toolsAndWait(of: "s")
        #expect(try Self.running(marker) > 0)
        host.stop()
        #expect(try Self.running(marker) == 0)
    }

    private static func running(_ marker: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").count { name in
            guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else { return false }
            return String(decoding: line, as: UTF8.self).contains(marker)
        }
    }

    @Test func aNewWay_endsTheOldProcess() throws {
        let command = script([Self.modern, Self.list].joined(separator: "\n"))
        let host = try host(command)
        defer { host.stop() }
        _ = try host.toolsAndWait(of: "s")
        let old = host.processes()
        try host.adopt([MCPServerSettings(name: "s", way: .command(command + ["other"], environment: [:]))])
        _ = try host.toolsAndWait(of: "s")
        #expect(host.processes() != old && host.processes().count == 1)
        try host.adopt([])
        #expect(host.processes().isEmpty)
        #expect(throws: MCPFailure.self) { try host.toolsAndWait(of: "s") }
    }
}

/// A thread whose result can be waited for.
private final class Thread<R: Sendable>: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var result: R?

    static func detached(_ body: @escaping @Sendable () -> R) -> Thread {
        let thread = Thread()
        Foundation.Thread.detachNewThread {
            thread.result = body()
            thread.done.signal()
        }
        return thread
    }

    func wait() -> R? {
        done.wait()
        return result
    }
}
