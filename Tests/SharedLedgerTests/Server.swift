import Foundation
import Glibc
import Testing

/// A PostgreSQL server of the tests' own, on loopback, with its data in a temporary directory; fsync stays on.
final class Server: Sendable {
    static let binaries: String? = {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }.sorted()
        return versions.last.map { "\(root)/\($0)/bin" }.flatMap { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") ? $0 : nil }
    }()

    static let isMissing: Comment = "PostgreSQL's server programs are missing; scripts/setup --for test installs them"
    static var isThere: Bool { binaries != nil }

    /// The one that most tests share, each with a database of its own.
    static let shared: Result<Server, any Error> = Result { try Server() }

    let directory: String
    let port: Int
    private let bin: String
    private let isEncrypted: Bool

    var certificate: String { directory + "/server.pem" }

    /// - Parameter isEncrypted: whether it has a certificate for `localhost`, signed by itself.
    init(isEncrypted: Bool = false) throws {
        self.isEncrypted = isEncrypted
        bin = try #require(Self.binaries)
        directory = "/tmp/purser-postgres-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        port = try freePort()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data("s3cret\n".utf8).write(to: URL(fileURLWithPath: directory + "/password"))
        if isEncrypted {
            try run([
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost", "-keyout", directory + "/server.key", "-out", certificate,
            ])
            chmod(directory + "/server.key", 0o600)
        }
        if getuid() == 0 { try run(["chown", "-R", "postgres", directory]) }
        try asPostgres([
            bin + "/initdb", "-D", data, "-U", "purser", "-A", "scram-sha-256", "--pwfile", directory + "/password", "-E", "UTF8",
            "--locale", "C", "-N",
        ])
        try start()
        // A test run that is killed must not leave a server behind: it ends when our process has.
        let watch =
            "while [ -d /proc/\(getpid()) ]; do sleep 1; done; '\(bin)/pg_ctl' stop -D '\(data)' -m immediate; rm -rf '\(directory)'"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["setsid"] + (getuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []) + ["sh", "-c", watch]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    private var data: String { directory + "/data" }

    func start() throws {
        let options =
            "-p \(port) -k \(directory) -c listen_addresses=127.0.0.1 -c fsync=on -c max_connections=60"
            + (isEncrypted ? " -c ssl=on -c ssl_cert_file=\(certificate) -c ssl_key_file=\(directory)/server.key" : "")
        try asPostgres([bin + "/pg_ctl", "start", "-w", "-D", data, "-l", directory + "/log", "-o", options])
    }

    func stop(mode: String = "immediate") throws { try asPostgres([bin + "/pg_ctl", "stop", "-D", data, "-m", mode]) }

    func restart() throws {
        try stop()
        try start()
    }

    /// A new, empty database.
    func database(encoding: String = "UTF8") throws -> Database {
        let name = "test_\(UInt32.random(in: 0...UInt32.max))"
        try query("CREATE DATABASE \(name) ENCODING '\(encoding)' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'", database: "postgres")
        return Database(server: self, name: name)
    }

    /// Runs SQL with psql.
    /// - Returns: the rows, cells separated by bars.
    @discardableResult
    func query(_ sql: String, database: String) throws -> [String] {
        let url = "postgres://purser:s3cret@127.0.0.1:\(port)/\(database)"
        return try run([bin + "/psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]).split(separator: "\n").map(
            String.init)
    }

    /// The server refuses to run as root.
    private func asPostgres(_ command: [String]) throws {
        try run((getuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []) + command)
    }
}

/// A database of one test.
struct Database: Sendable {
    let server: Server
    let name: String

    static func make(encoding: String = "UTF8") throws -> Database { try Server.shared.get().database(encoding: encoding) }

    var url: String { url(port: server.port) }

    func url(port: Int) -> String { "postgres://purser:s3cret@127.0.0.1:\(port)/\(name)" }

    @discardableResult
    func query(_ sql: String) throws -> [String] { try server.query(sql, database: name) }

    func number(_ sql: String) throws -> Int64 { try #require(try query(sql).first.flatMap { Int64($0) }) }
}

struct CommandFailure: Error { let text: String }

/// Runs a program and waits for it. Not with `Process`, which takes a program for running as long as a server that it started holds its descriptors.
@discardableResult
func run(_ command: [String]) throws -> String {
    let output = FileManager.default.temporaryDirectory.path + "/out-\(UUID().uuidString)"
    defer { unlink(output) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    for descriptor in 3..<Int32(64) { posix_spawn_file_actions_addclose(&actions, descriptor) }
    let arguments = command.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    let error = posix_spawnp(&process, command[0], &actions, nil, arguments + [nil], environ)
    var status: Int32 = 0
    if error == 0 { while waitpid(process, &status, 0) < 0, errno == EINTR {} }
    let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
    guard error == 0, status == 0 else { throw CommandFailure(text: "\(command.joined(separator: " ")): \(text)") }
    return text
}

/// A port that nobody listens on.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0 }
    }
    try #require(bound)
    return Int(UInt16(bigEndian: address.sin_port))
}
