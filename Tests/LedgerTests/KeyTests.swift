import Core
import Foundation
import Testing

@testable import Ledger

@Suite struct KeyTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("keys.db")
    }

    @Test func theLifeOfAKey() throws {
        let directory = KeyDirectory(path: path)
        #expect(try #require(try directory.snapshotIfChanged()).count == 0)
        #expect(try directory.snapshotIfChanged() == nil)

        let store = try KeyStore(path: path)
        let key = try store.create(team: "acme/research", name: "ci", models: ["auto", "openai/*"], expires: WallTime(microseconds: 1_000))
        let digest = KeyDigest.sha256(of: key.plaintext)
        let snapshot = try #require(try directory.snapshotIfChanged())
        let grant = KeyGrant(
            id: key.id, team: "acme/research", name: "ci", models: ["auto", "openai/*"], expires: WallTime(microseconds: 1_000))
        #expect(snapshot.grant(for: digest, at: WallTime(microseconds: 999)) == grant)
        #expect(snapshot.grant(for: digest, at: WallTime(microseconds: 1_000)) == nil)
        #expect(snapshot.grant(for: KeyDigest.sha256(of: "sk-purser-other"), at: WallTime(microseconds: 0)) == nil)

        let second = try store.create(team: "acme")
        let both = try #require(try directory.snapshotIfChanged())
        #expect(both.count == 2)
        #expect(both.grant(for: KeyDigest.sha256(of: second.plaintext), at: .now) == KeyGrant(id: second.id, team: "acme"))

        try store.revoke(key.id)
        try store.revoke(key.id)
        let after = try #require(try directory.snapshotIfChanged())
        #expect(after.grant(for: digest, at: WallTime(microseconds: 0)) == nil)
        // A snapshot that was taken before is not touched.
        #expect(both.grant(for: digest, at: WallTime(microseconds: 0)) == grant)

        let list = try store.list()
        #expect(list.map(\.grant.id) == [key.id, second.id])
        #expect(list.map { $0.revoked != nil } == [true, false])
    }

    @Test func changesInQuickSuccessionAreAllSeen() throws {
        let store = try KeyStore(path: path)
        let directory = KeyDirectory(path: path)
        _ = try directory.snapshotIfChanged()
        for count in 1...20 {
            _ = try store.create(team: "t")
            #expect(try directory.snapshotIfChanged()?.count == count)
            #expect(try directory.snapshotIfChanged() == nil)
        }
    }

    @Test func aReplacedOrRemovedFileIsNoticed() throws {
        let directory = KeyDirectory(path: path)
        _ = try KeyStore(path: path).create(team: "t")
        #expect(try directory.snapshotIfChanged()?.count == 1)
        try FileManager.default.removeItem(atPath: path)
        #expect(try directory.snapshotIfChanged()?.count == 0)
        let store = try KeyStore(path: path)
        _ = try store.create(team: "t")
        _ = try store.create(team: "t")
        #expect(try directory.snapshotIfChanged()?.count == 2)
    }

    @Test func keysAreLongAndOnlyTheirDigestIsStored() throws {
        let store = try KeyStore(path: path)
        let keys = try (0..<50).map { _ in try store.create(team: "t") }
        #expect(Set(keys.map(\.plaintext)).count == 50 && Set(keys.map(\.id)).count == 50)
        for key in keys {
            #expect(key.plaintext.wholeMatch(of: /sk-purser-[A-Za-z0-9_-]{43}/) != nil)
            #expect(key.id.wholeMatch(of: /key_[a-z2-9]{8}/) != nil)
        }
        let file = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(file.range(of: Data(KeyDigest.sha256(of: keys[7].plaintext).bytes)) != nil)
        #expect(file.range(of: Data(keys[7].plaintext.utf8.dropFirst(10))) == nil)
        #expect((try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test func nonsenseIsRefused() async throws {
        let store = try KeyStore(path: path)
        for body: @Sendable () throws -> Void in [
            { _ = try store.create(team: "") }, { _ = try store.create(team: "a\nb") }, { _ = try store.create(team: "t", models: []) },
            { _ = try store.create(team: "t", models: ["a\nb"]) }, { try store.revoke("key_unknown") }, { try store.revoke("' OR 1=1 --") },
        ] {
            guard case .invalid = await failure(body) else { return #expect(Bool(false), "not refused") }
        }
        #expect(try store.list().isEmpty)
    }

    @Test func manyProcessesMayWrite() async throws {
        let path = path
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let store = try KeyStore(path: path)
                    for _ in 0..<5 { _ = try store.create(team: "t") }
                }
            }
            try await group.waitForAll()
        }
        #expect(try KeyStore(path: path).list().count == 40)
    }

    @Test func aNewerKeyFileIsRefused() async throws {
        _ = try KeyStore(path: path)
        _ = try sql(path, "PRAGMA user_version = 7")
        let path = path
        let expected = LedgerFailure.newerVersion(path: path, found: 7, supported: 1)
        #expect(await failure { _ = try KeyStore(path: path) } == expected)
        #expect(await failure { _ = try KeyDirectory(path: path).snapshotIfChanged() } == expected)
    }

    @Test func digestsAreSHA256() throws {
        #expect(KeyDigest.sha256(of: "").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let abc = KeyDigest.sha256(of: "abc")
        #expect(abc.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(KeyDigest(hex: abc.hex.uppercased()) == abc)
        #expect(KeyDigest(bytes: abc.bytes) == abc)
        #expect(KeyDigest(hex: String(abc.hex.dropLast())) == nil && KeyDigest(hex: "g" + abc.hex.dropFirst()) == nil)
        #expect(KeyDigest(bytes: abc.bytes.dropLast()) == nil)
        for bit in 0..<256 {
            var bytes = abc.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            let other = try #require(KeyDigest(bytes: bytes))
            #expect(!abc.constantTimeEquals(other) && abc != other)
        }
    }
}
