import EventLoop
import Foundation
import Policies
import Testing

@testable import Gateway

@Suite struct PolicyWatchTests {
    private final class Folder {
        let path = NSTemporaryDirectory() + "purser-watch-" + UUID().uuidString
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        func write(_ text: String, to name: String = "a.yaml") throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        }
        func look() throws -> PolicyLook { try #require(try PolicyDirectory.look(path)) }
    }

    /// A watch that macros can ask.
    private final class Watch {
        private var watch: PolicyWatch
        init(_ folder: Folder) throws { watch = PolicyWatch(directory: folder.path, inForce: try folder.look()) }
        func want() { watch.want() }
        func look(at now: MonotonicTime) -> PolicyWatch.Finding? { watch.look(at: now) }
        /// Whether there is nothing to take up.
        func isQuiet(at now: MonotonicTime) -> Bool { watch.look(at: now) == nil }
    }

    private func moment(_ milliseconds: Int) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000_000) + .milliseconds(milliseconds)
    }

    @Test func aChangeIsTakenOnceAndWhenTwoLooksAgree() throws {
        let folder = try Folder()
        try folder.write("a: 1\n")
        let watch = try Watch(folder)
        #expect(watch.isQuiet(at: moment(0)))
        try folder.write("a: 2\n")
        #expect(watch.isQuiet(at: moment(250)))
        #expect(watch.isQuiet(at: moment(300)), "too soon")
        try folder.write("a: 3\n")
        #expect(watch.isQuiet(at: moment(500)))
        let finding = try #require(watch.look(at: moment(750)))
        guard case .files(let look) = finding.sight else { Issue.record("not read"); return }
        #expect(!finding.isWanted && look.files.map { String(decoding: $0.bytes, as: UTF8.self) } == ["a: 3\n"])
        #expect(watch.isQuiet(at: moment(1_000)) && watch.isQuiet(at: moment(1_250)))
    }

    @Test func aFileThatEndsWithinALineIsWaitedForLonger() throws {
        let folder = try Folder()
        try folder.write("a: 1\nb: 2\n")
        let watch = try Watch(folder)
        try folder.write("a: 1\nb")
        for time in stride(from: 0, to: 2_000, by: 250) { #expect(watch.isQuiet(at: moment(time))) }
        #expect(!watch.isQuiet(at: moment(2_000)))
    }

    @Test func whatIsWantedIsTakenUnchanged() throws {
        let folder = try Folder()
        try folder.write("a: 1\n")
        let watch = try Watch(folder)
        watch.want()
        #expect(watch.isQuiet(at: moment(0)))
        #expect(watch.look(at: moment(250))?.isWanted == true)
        #expect(watch.isQuiet(at: moment(500)) && watch.isQuiet(at: moment(750)))
    }

    @Test func aFolderThatIsAwayIsToldOnce() throws {
        let folder = try Folder()
        try folder.write("a: 1\n")
        let watch = try Watch(folder)
        try FileManager.default.moveItem(atPath: folder.path, toPath: folder.path + "-away")
        #expect(watch.isQuiet(at: moment(0)))
        guard case .unreadable? = watch.look(at: moment(250))?.sight else { Issue.record("it was read"); return }
        #expect(watch.isQuiet(at: moment(500)) && watch.isQuiet(at: moment(750)))
        try FileManager.default.moveItem(atPath: folder.path + "-away", toPath: folder.path)
        #expect(watch.isQuiet(at: moment(1_000)))
        #expect(!watch.isQuiet(at: moment(1_250)))
    }

    @Test func hiddenFilesAndOthersAreNotPolicies() throws {
        let folder = try Folder()
        try folder.write("a: 1\n")
        let watch = try Watch(folder)
        try folder.write("b: 1\n", to: ".a.yaml.swp")
        try folder.write("b: 1\n", to: ".b.yaml")
        try folder.write("b: 1\n", to: "c.txt")
        #expect(watch.isQuiet(at: moment(0)) && watch.isQuiet(at: moment(250)))
    }

    @Test(arguments: [
        ("", true), ("a: 1\nb", true), ("a: 1\nb:", true), ("a: 1\nb:\n", true), ("a: 1\n", false), ("a: 1", true), ("a: 2\nb", false),
        ("a: 1\nb:\n  c: 1\nd: 2\n", false),
    ])
    func aBeginningThatEndsBadlyIsCut(_ text: String, _ isCut: Bool) throws {
        let before = PolicyLook(stamps: [], files: [PolicyFile(path: "a", text: "a: 1\nb:\n  c: 1\n")], at: 0)
        let now = PolicyLook(stamps: [], files: [PolicyFile(path: "a", text: text)], at: 0)
        #expect(now.cutFiles(since: before).isEmpty != isCut)
    }
}
