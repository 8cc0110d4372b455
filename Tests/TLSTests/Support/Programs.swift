import Glibc

@testable import TLS

/// How a program ended.
struct Ran {
    /// Its exit status; -1 if it was not started, or killed.
    let status: Int32
    /// Standard output and standard error together.
    let output: String
}

/// Runs a program to its end.
func run(_ command: [String], input: String = "") -> Ran {
    guard let (toProgram, fromUs) = closingPipe(), let (toUs, fromProgram) = closingPipe() else { return Ran(status: -1, output: "pipe") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toProgram, 0)
    posix_spawn_file_actions_adddup2(&actions, fromProgram, 1)
    posix_spawn_file_actions_adddup2(&actions, fromProgram, 2)
    var process: pid_t = 0
    let error = withCStrings(command) { arguments in
        withCStrings(environment) { posix_spawnp(&process, command[0], &actions, nil, arguments, $0) }
    }
    close(toProgram)
    close(fromProgram)
    _ = write(fromUs, input, input.utf8.count)
    close(fromUs)
    defer { close(toUs) }
    guard error == 0 else { return Ran(status: -1, output: String(cString: strerror(error))) }
    let output = readToEnd(toUs)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return Ran(status: status & 0x7f == 0 ? (status >> 8) & 0xff : -1, output: String(decoding: output, as: UTF8.self))
}

private let environment: [String] = ((try? PEMFile.read("/proc/self/environ")) ?? []).split(separator: 0).map {
    String(decoding: $0, as: UTF8.self)
}

/// Sockets, for `pipe` cannot keep other programs started meanwhile from inheriting its ends, and they would hold them open.
private func closingPipe() -> (reading: Int32, writing: Int32)? {
    var ends: [Int32] = [0, 0]
    return socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 ? (ends[0], ends[1]) : nil
}

private func readToEnd(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { return bytes }
    }
}

private func withCStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
    let copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return body(copies)
}

/// Runs Python code that may use `context` and `talk`; the port and the CA's file are `port` and `ca` there.
func python(_ code: String, port: UInt16, ca: String) -> Ran {
    let prelude = """
        import hashlib, socket, ssl, sys, time
        port, ca = int(sys.argv[1]), sys.argv[2]
        def context(version=None, alpn=None, check=True):
            c = ssl.create_default_context(cafile=ca)
            c.verify_flags |= ssl.VERIFY_X509_STRICT
            c.check_hostname = check
            if version: c.minimum_version = c.maximum_version = version
            if alpn: c.set_alpn_protocols(alpn)
            return c
        def connect(c, name="localhost", session=None):
            return c.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname=name, session=session)
        def talk(c, name="localhost", session=None):
            with connect(c, name, session) as t:
                t.sendall(b"hello\\n")
                data = b""
                while chunk := t.recv(65536): data += chunk
                names = [value for kind, value in t.getpeercert()["subjectAltName"]]
                return data.decode().strip(), t.session, names
        V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

        """
    return run(["python3", "-c", prelude + code, String(port), ca])
}
