import Glibc
import Testing

@testable import Gateway

@Suite final class AdminKeyTests {
    private let path: String

    init() {
        var template = Array("/tmp/purser-admin-key-XXXXXX".utf8CString)
        mkdtemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/admin-key"
    }

    deinit {
        unlink(path)
        rmdir(path)
        rmdir(String(path.dropLast("/admin-key".count)))
    }

    private func write(_ text: String, mode: mode_t = 0o600) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        _ = Glibc.write(descriptor, text, text.utf8.count)
        fchmod(descriptor, mode)
        close(descriptor)
    }

    @Test func aKeyIsMadeOnceAndIsTheOwnersAlone() throws {
        umask(0)
        let first = try AdminKey(environment: nil, file: path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600 && status.st_size == 16 + 64 + 1)
        let again = try AdminKey(environment: "", file: path)
        #expect(again.digest == first.digest)
        #expect(!first.isShort)
        unlink(path)
        let other = try AdminKey(environment: nil, file: path)
        #expect(other.digest != first.digest)
        #expect(access(path + ".new", F_OK) != 0)
    }

    @Test func whatAnEarlierCrashLeftIsNoObstacle() throws {
        write("half")
        rename(path, path + ".new")
        _ = try AdminKey(environment: nil, file: path)
        #expect(access(path, F_OK) == 0 && access(path + ".new", F_OK) != 0)
    }

    @Test func theEnvironmentComesFirst() throws {
        write("the-key-of-the-file-is-long")
        let key = try AdminKey(environment: "short", file: path)
        let ofFile = try AdminKey(environment: nil, file: path)
        #expect(key.isShort && key.digest != ofFile.digest)
    }

    @Test(arguments: ["", "\n", "two words", "one\ntwo", "tab\t", "k\u{e4}se", String(repeating: "x", count: 513), "\0\0\0"])
    func aFileWithoutAKeyIsAnError(text: String) {
        write(text)
        #expect(throws: AdminKeyError.self) { try AdminKey(environment: nil, file: path) }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o777] as [mode_t]) func aFileOfOthersIsAnError(mode: mode_t) throws {
        write("a-key-that-others-know", mode: mode)
        let error = #expect(throws: AdminKeyError.self) { try AdminKey(environment: nil, file: path) }
        #expect(error?.description.contains(path) == true && error?.description.contains("a-key") == false)
    }

    @Test func whatIsNoFileIsAnError() {
        mkdir(path, 0o700)
        #expect(throws: AdminKeyError.self) { try AdminKey(environment: nil, file: path) }
        rmdir(path)
        mkfifo(path, 0o600)
        #expect(throws: AdminKeyError.self) { try AdminKey(environment: nil, file: path) }
    }

    @Test func aDirectoryThatIsMissingIsAnError() {
        #expect(throws: AdminKeyError.self) { try AdminKey(environment: nil, file: path + "/none/admin-key") }
    }
}
