import Foundation
import Policies
import Testing

@testable import Gateway

@Suite struct PolicyDirectoryTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func names() throws -> [String] { try PolicyDirectory.paths(folder.path).map { String($0.dropFirst(folder.path.count + 1)) } }

    @Test func filesAreReadInTheOrderOfTheirNames() throws {
        for name in ["b.yaml", "a.yml", "10.yaml", "9.yaml", "B.yaml", ".hidden.yaml", "c.yaml~", "d.txt", "yaml", "e.yaml.bak"] {
            try folder.write(name, to: name)
        }
        #expect(try names() == ["10.yaml", "9.yaml", "B.yaml", "a.yml", "b.yaml"])
        let files = try PolicyDirectory.read(folder.path)
        #expect(files.map { folder.path + "/" + String(decoding: $0.bytes, as: UTF8.self) } == files.map(\.path))
    }

    @Test func aFolderWithoutPoliciesIsEmpty() throws { #expect(try PolicyDirectory.read(folder.path).isEmpty) }

    @Test func oneFileCountsWhateverItsName() throws {
        try folder.write("x: 1\n", to: "policies.txt")
        #expect(try PolicyDirectory.read(folder.path + "/policies.txt").map(\.path) == [folder.path + "/policies.txt"])
    }

    @Test func whatIsNotThereIsNamed() throws {
        let error = #expect(throws: PolicyReadError.self) { try PolicyDirectory.read(folder.path + "/none") }
        #expect(error?.description == "cannot read \(folder.path)/none: No such file or directory")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/a.yaml", withDestinationPath: "gone.yaml")
        let dangling = #expect(throws: PolicyReadError.self) { try PolicyDirectory.read(folder.path) }
        #expect(dangling?.path == folder.path + "/a.yaml" && dangling?.number == ENOENT)
    }

    /// Reading a pipe would block a reload until somebody writes into it.
    @Test func aFolderOrAPipeUnderAPolicysNameIsRefused() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/a.yaml", withIntermediateDirectories: false)
        #expect(throws: PolicyReadError(path: folder.path + "/a.yaml", number: EISDIR)) { try PolicyDirectory.read(folder.path) }
        try folder.remove("a.yaml")
        mkfifo(folder.path + "/p.yaml", 0o600)
        #expect(throws: PolicyReadError(path: folder.path + "/p.yaml", number: EINVAL)) { try PolicyDirectory.read(folder.path) }
    }

    /// One byte more than the compiler takes, so that it can refuse it: not all of a file that fills the disk.
    @Test func anEndlessFileIsReadAsFarAsItTakesToRefuseIt() throws {
        try folder.write(String(repeating: "#", count: 3 << 20))
        #expect(try PolicyDirectory.read(folder.path)[0].bytes.count == 1 << 20 + 1)
    }

    @Test(arguments: [
        ("policies", "policies"), ("/etc/purser", "/etc/purser"), ("policies/main.yaml", "policies"), ("main.yml", "."),
        ("/main.yaml", ""), ("a.yaml/b.yaml", "a.yaml"), ("policies.d", "policies.d"),
    ])
    func theFolderOfAFileIsWhereItLies(_ path: String, _ folder: String) { #expect(PolicyDirectory.folder(path) == folder) }

    @Test func whatPoliciesReferToLiesBesideThem() throws {
        try folder.write("{}", to: "prices.json")
        try folder.write("x: 1\n")
        let found = ["prices.json", folder.path + "/prices.json", "./prices.json"].map {
            PolicyDirectory.contents(of: .catalogue(path: $0), in: folder.path + "/a.yaml")
        }
        #expect(found.allSatisfy { $0 == Array("{}".utf8) })
        #expect(PolicyDirectory.contents(of: .classifier(path: "none.bin"), in: folder.path) == nil)
        #expect(PolicyDirectory.contents(of: .timeZone(name: "Europe/Berlin"), in: folder.path)?.starts(with: Array("TZif".utf8)) == true)
        #expect(PolicyDirectory.contents(of: .timeZone(name: "Europe/Atlantis"), in: folder.path) == nil)
    }

    @Test func aResourceAbove16MiBIsNone() throws {
        let bytes = Data(count: 16 << 20)
        try bytes.write(to: URL(fileURLWithPath: folder.path + "/fits"))
        try (bytes + [0]).write(to: URL(fileURLWithPath: folder.path + "/large"))
        #expect(PolicyDirectory.contents(of: .classifier(path: "fits"), in: folder.path)?.count == 16 << 20)
        #expect(PolicyDirectory.contents(of: .classifier(path: "large"), in: folder.path) == nil)
    }
}

@Suite struct PolicyLookTests {
    private func look(_ files: [(String, String)], stamps: [PolicyLook.Stamp] = [], at taken: Int64 = 0) -> PolicyLook {
        PolicyLook(stamps: stamps, files: files.map { PolicyFile(path: $0.0, text: $0.1) }, at: taken)
    }

    private func stamp(modified: Int64 = 0, changed: Int64 = 0, inode: UInt = 1) -> PolicyLook.Stamp {
        PolicyLook.Stamp(path: "a", device: 1, inode: inode, size: 1, modified: modified, changed: changed)
    }

    /// Names and contents are hashed apart: no two sets of files look the same.
    @Test func theDigestTellsNamesAndContentsApart() {
        let looks = [
            look([]), look([("a", "")]), look([("a", "b")]), look([("ab", "")]), look([("", "ab")]), look([("a", "b"), ("c", "d")]),
            look([("a", "bc"), ("", "d")]), look([("c", "d"), ("a", "b")]),
        ]
        #expect(Set(looks.map(\.digest)).count == looks.count)
        #expect(look([("a", "b")]).digest == look([("a", "b")], stamps: [stamp()], at: 5).digest)
    }

    @Test func looksAgreeWhereStampsAndContentsDo() {
        let first = look([("a", "b")], stamps: [stamp()])
        #expect(first.agrees(with: look([("a", "b")], stamps: [stamp()], at: 99)))
        #expect(!first.agrees(with: look([("a", "c")], stamps: [stamp()])), "the same stamps, written twice within a tick")
        #expect(!first.agrees(with: look([("a", "b")], stamps: [stamp(inode: 2)])))
        #expect(!first.agrees(with: look([("a", "b")], stamps: [stamp(changed: 1)])))
    }

    @Test(arguments: [
        (Int64(0), Int64(0), Int64(1_000_000_000), false), (0, 0, 1_000_000_001, true), (500, 0, 1_000_000_500, false),
        (0, 500, 1_000_000_500, false), (0, 500, 1_000_000_501, true), (2_000_000_000, 0, 1_000_000_500, false),
    ])
    func aFileHasRestedASecondAfterItsLastChangeOfAnyKind(_ modified: Int64, _ changed: Int64, _ taken: Int64, _ isRested: Bool) {
        let young = look([("a", "")], stamps: [stamp(modified: -9_000_000_000), stamp(modified: modified, changed: changed)], at: taken)
        #expect(young.isRested == isRested)
    }

    @Test(arguments: [
        ("x: 1\n", "x: 1\ny", true), ("x: 1\n", "x: 1\n", false), ("x: 1\n", "", true), ("x: 1", "x: 12", false), ("x: 1", "x: 1\n", false),
    ])
    func aFileThatEndsWithinALineMayGoOn(_ before: String, _ now: String, _ mayGoOn: Bool) {
        #expect(look([("a", now)]).mayBeUnfinished(since: look([("a", before)])) == mayGoOn)
    }

    @Test func aNewFileMayGoOnToo() {
        let before = look([("a", "x: 1\n")])
        #expect(look([("a", "x: 1\n"), ("b", "y")]).mayBeUnfinished(since: before))
        #expect(!look([("a", "x: 1\n"), ("b", "y\n")]).mayBeUnfinished(since: before))
        #expect(!look([]).mayBeUnfinished(since: before))
    }

    @Test func everyFileThatIsCutIsNamed() {
        let before = look([("a", "x: 1\ny: 2\n"), ("b", "x:\n  y: 1\n"), ("c", "x: 1\ny: 2\n")])
        let now = look([("a", "x: 1\ny"), ("b", "x:\n"), ("c", "x: 1\n"), ("d", "x")])
        #expect(now.cutFiles(since: before) == ["a", "b"])
    }

    @Test func filesOnDiskAreLookedAtWithTheirStamps() throws {
        let folder = try Folder()
        try folder.write("x: 1\n")
        let first = try #require(try PolicyDirectory.look(folder.path))
        #expect(first.stamps.map(\.size) == [5] && first.stamps.map(\.path) == first.files.map(\.path) && !first.isRested)
        #expect(try PolicyDirectory.look(folder.path)?.agrees(with: first) == true)
        // Another file in its place with the same contents, as an editor leaves it.
        try folder.write("x: 1\n", to: "b")
        try FileManager.default.removeItem(atPath: folder.path + "/a.yaml")
        try FileManager.default.moveItem(atPath: folder.path + "/b", toPath: folder.path + "/a.yaml")
        let second = try #require(try PolicyDirectory.look(folder.path))
        #expect(second.digest == first.digest && !second.agrees(with: first))
    }
}

@Suite struct ChangeWatchTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test func everyKindOfChangeIsToldOnce() throws {
        try folder.write("one", to: "ca.pem")
        var watch = ChangeWatch(directory: folder.path, suffixes: [".pem", ".key"])
        func hasChanged() -> [Bool] { [watch.hasChanged(), watch.hasChanged()] }
        #expect(hasChanged() == [false, false], "what is there at the start is known")
        try folder.write("longer", to: "ca.pem")
        #expect(hasChanged() == [true, false])
        try folder.write("new", to: "server.key")
        #expect(hasChanged() == [true, false])
        rename(folder.path + "/server.key", folder.path + "/other.key")
        #expect(hasChanged() == [true, false])
        try folder.remove("other.key")
        #expect(hasChanged() == [true, false])
        try folder.write("new", to: "notes.txt")
        #expect(hasChanged() == [false, false])
    }

    /// As Kubernetes swaps secrets: the name stays, what it stands for is another file.
    @Test func aLinkThatIsSwappedIsAChange() throws {
        for version in ["v1", "v2"] {
            try FileManager.default.createDirectory(atPath: folder.path + "/" + version, withIntermediateDirectories: false)
            try folder.write("same", to: version + "/ca.pem")
        }
        symlink("v1", folder.path + "/data")
        symlink("data/ca.pem", folder.path + "/ca.pem")
        var watch = ChangeWatch(directory: folder.path, suffixes: [".pem"])
        func isChanged() -> Bool { watch.hasChanged() }
        symlink("v2", folder.path + "/data.new")
        rename(folder.path + "/data.new", folder.path + "/data")
        #expect(isChanged())
        #expect(!isChanged())
    }

    @Test func aFolderThatVanishesAndComesBackIsTwoChanges() throws {
        try folder.write("one", to: "ca.pem")
        var watch = ChangeWatch(directory: folder.path, suffixes: [".pem"])
        func isChanged() -> Bool { watch.hasChanged() }
        rename(folder.path, folder.path + "-away")
        #expect(isChanged())
        #expect(!isChanged())
        rename(folder.path + "-away", folder.path)
        #expect(isChanged())
    }
}
