import Foundation

/// How a program ended.
struct Ran {
    let status: Int32
    /// Standard output and standard error together.
    let output: String
}

/// Runs a program to its end.
func run(_ command: [String], input: String = "") -> Ran {
    let process = Process()
    let output = Pipe()
    let toProcess = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = output
    process.standardError = output
    process.standardInput = toProcess
    do { try process.run() } catch { return Ran(status: -1, output: "\(error)") }
    toProcess.fileHandleForWriting.write(Data(input.utf8))
    try? toProcess.fileHandleForWriting.close()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Ran(status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
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
