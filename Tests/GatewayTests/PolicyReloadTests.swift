import EventLoop
import Execution
import Foundation
import Ledger
import Policies
import Testing

@testable import Gateway

/// Policies of a folder, and what becomes of changes to it.
@Suite struct PolicyStoreTests {
    private static let good =
        "models: {a: {provider: p, price: free}}\nproviders: {p: {kind: openai, base_url: \"http://127.0.0.1:1/v1\"}}\n"
    private let folder: Folder
    private let log = LogLines()

    init() throws {
        folder = try Folder()
        try folder.write(Self.good)
    }

    private func store(_ environment: [String: String] = [:]) throws -> PolicyStore {
        try PolicyStore(directory: folder.path, environment: environment, log: log.logger)
    }

    private func sight() throws -> PolicyWatch.Sight { .files(try #require(try PolicyDirectory.look(folder.path))) }

    private func candidate(
        _ store: PolicyStore, mayLose: Bool = false, teamsInUse: Set<String> = []
    ) throws -> PolicyStore.Candidate {
        try store.candidate(try sight(), mayLose: mayLose) { teamsInUse }
    }

    /// The reasons why what is in the folder is not taken.
    private func reasons(_ store: PolicyStore, mayLose: Bool = false, teamsInUse: Set<String> = []) throws -> [String] {
        do {
            _ = try candidate(store, mayLose: mayLose, teamsInUse: teamsInUse)
            return []
        } catch let error as PolicyLoadError {
            return error.reasons
        }
    }

    @Test func theFirstPoliciesAreVersionOne() throws {
        let store = try store()
        #expect(store.current.version == 1 && store.lastError == nil)
        #expect(store.current.snapshot.listing.map(\.id) == ["a"])
    }

    @Test func aStartWithAMistakeTellsEveryReason() throws {
        try folder.write("models: {b: {provider: nobody}, c: {provider: noone}}\n", to: "b.yaml")
        let error = #expect(throws: PolicyLoadError.self) { try store() }
        #expect(error?.reasons.count == 2)
        #expect(error?.description.contains("nobody") == true && error?.description.contains(folder.path + "/b.yaml") == true)
    }

    @Test func aStartWithoutAFolderNamesIt() throws {
        let error = #expect(throws: PolicyLoadError.self) {
            try PolicyStore(directory: folder.path + "/none", environment: [:], log: log.logger)
        }
        #expect(error?.reasons == ["cannot read \(folder.path)/none: No such file or directory"])
    }

    @Test func aCandidateIsInForceWhenItIsPublished() throws {
        let store = try store()
        try folder.write(Self.good.replacing("{a:", with: "{b:"))
        let candidate = try candidate(store)
        #expect(store.current.version == 1 && !store.isInForce(candidate.look))
        store.publish(candidate)
        #expect(store.current.version == 2 && store.current === candidate.serving && store.isInForce(candidate.look))
        #expect(store.current.snapshot.listing.map(\.id) == ["b"])
        #expect(log.count(of: "policies reloaded") == 1)
    }

    @Test func whatIsRefusedIsRememberedUntilTheFilesAreGood() throws {
        let store = try store()
        store.refuse(PolicyLoadError(reasons: ["one", "two"]))
        #expect(store.lastError == "one\ntwo" && store.current.version == 1)
        store.noteUnchanged()
        store.noteUnchanged()
        #expect(store.lastError == nil && log.count(of: "are those in force again") == 1)
        store.refuse(PolicyLoadError(reasons: ["one"]))
        try folder.write(Self.good + "# more\n")
        store.publish(try candidate(store))
        #expect(store.lastError == nil)
    }

    @Test func everyProviderAndEveryModelAreNotTakenAwayByMistake() throws {
        let store = try store()
        try folder.write("# empty\n")
        let reasons = try reasons(store)
        #expect(reasons.count == 2 && reasons[0].contains("remove every provider.") && reasons[1].contains("remove every model."))
        #expect(reasons.allSatisfy { $0.contains("purser reload --force") })
        #expect(try self.reasons(store, mayLose: true).isEmpty)
    }

    @Test func aTeamInUseIsNotTakenAwayByMistake() throws {
        let teams = Self.good + "organizations: {acme: {teams: {x: {}, y: {}}}}\n"
        try folder.write(teams)
        let store = try store()
        try folder.write(teams.replacing("x: {}, ", with: ""))
        #expect(try reasons(store).isEmpty, "of which nobody has a key")
        #expect(try reasons(store, teamsInUse: ["acme/x", "acme/y"]).map { $0.contains("acme/x") && !$0.contains("acme/y") } == [true])
        #expect(try reasons(store, teamsInUse: ["acme/never"]).isEmpty, "nor was it there before")
        #expect(try reasons(store, mayLose: true, teamsInUse: ["acme/x"]).isEmpty)
    }

    @Test func aFileThatIsCutIsNotTakenByMistake() throws {
        try folder.write(Self.good + "# a comment\n")
        let store = try store()
        try folder.write(Self.good + "# a comm")
        #expect(try reasons(store).map { $0.contains("seems to be cut off") && $0.contains("a.yaml") } == [true])
        #expect(try reasons(store, mayLose: true).isEmpty)
        try folder.write(Self.good)
        #expect(try reasons(store).isEmpty, "it ends with a line")
    }

    @Test func aFolderThatCannotBeReadIsTheReason() throws {
        let (store, error) = (try store(), PolicyReadError(path: "/p", number: EACCES))
        let refusal = #expect(throws: PolicyLoadError.self) { try store.candidate(.unreadable(error), mayLose: true) { [] } }
        #expect(refusal?.reasons == ["cannot read /p: Permission denied"])
    }

    @Test func providersThatAreOffAreToldWhenTheyChange() throws {
        try folder.write(Self.good.replacing("/v1\"}", with: "/v1\", api_key: \"${KEY}\"}"))
        let store = try store()
        #expect(log.count(of: "providers are off") == 1)
        try folder.write("# \n", to: "b.yaml")
        store.publish(try candidate(store))
        #expect(log.count(of: "providers are off") == 1, "still the same")
        try folder.write("providers: {q: {kind: anthropic, api_key: \"${KEY}\"}}\n", to: "b.yaml")
        store.publish(try candidate(store))
        #expect(log.count(of: "providers are off") == 2)
    }
}

/// Reloads of a whole gateway.
@Suite struct PolicyReloadTests {
    private func renamed(_ name: String) -> String { RunningGateway.policies().replacing("aliases: [small]", with: "aliases: [\(name)]") }

    private func knows(_ running: RunningGateway, _ name: String) -> Bool {
        (try? running.gateway.policies.current.snapshot.model(named: name, for: Everything())) != nil
    }

    private struct Everything: ModelAccess {
        func allows(_ model: NamedModel) -> Bool { true }
    }

    @Test func aChangeIsTakenOnceTwoLooksAgree() async throws {
        try await serving { running in
            let now = MonotonicTime.now()
            running.gateway.lookForPolicyChanges(at: now)
            try running.folder.write(renamed("tiny"))
            running.gateway.lookForPolicyChanges(at: now + .milliseconds(250))
            #expect(!knows(running, "tiny"))
            running.gateway.lookForPolicyChanges(at: now + .milliseconds(500))
            #expect(knows(running, "tiny"))
            running.gateway.lookForPolicyChanges(at: now + .milliseconds(750))
            #expect(running.gateway.policies.current.version == 2)
        }
    }

    @Test func aMistakeIsToldOnceAndIsOverWhenTheFilesAreThoseInForceAgain() async throws {
        try await serving { running in
            var now = MonotonicTime.now()
            func look() {
                for _ in 0..<4 {
                    now = now + .milliseconds(250)
                    running.gateway.lookForPolicyChanges(at: now)
                }
            }
            try running.folder.write("models: [\n", to: "b.yaml")
            look()
            #expect(running.gateway.policies.lastError?.contains("b.yaml") == true && running.log.count(of: "policies refused") == 1)
            try running.folder.remove("b.yaml")
            look()
            #expect(running.gateway.policies.lastError == nil && running.log.count(of: "in force again") == 1)
            #expect(running.gateway.policies.current.version == 1)
        }
    }

    @Test func aWantedReloadTakesTheSameFilesAgain() async throws {
        try await serving { running in
            running.gateway.policies.wantReload()
            let now = MonotonicTime.now()
            for step in 0..<4 { running.gateway.lookForPolicyChanges(at: now + .milliseconds(250 * step)) }
            #expect(running.gateway.policies.current.version == 2)
            #expect(running.gateway.reloadPolicies() == [] && running.gateway.policies.current.version == 3)
        }
    }

    /// The teams of keys of the key store are in use whether or not their keys come; a key of the files is once it came.
    @Test func aKeyOfTheStoreKeepsItsTeam() async throws {
        try await serving { running in
            try running.folder.write(RunningGateway.policies().replacing("      sales:", with: "      trade:"))
            let key = try running.keys.create(team: "acme/sales")
            running.gateway.keys.refresh()
            #expect(running.gateway.reloadPolicies().map { $0.contains("acme/sales") } == [true])
            try running.keys.revoke(key.id)
            running.gateway.keys.refresh()
            #expect(running.gateway.reloadPolicies() == [])
        }
    }

    /// A request keeps the policies that it began with.
    @Test func aRequestUnderWayEndsUnderItsOwnPolicies() async throws {
        try await serving { running in
            running.provider.close()
            let line = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            try running.folder.write(
                RunningGateway.policies().replacing("price: {input: 1, output: 2}", with: "price: {input: 100, output: 200}"))
            #expect(running.gateway.reloadPolicies() == [])
            running.provider.open()
            #expect(try await line.heard().fields["x-purser-cost-usd"] == "0.00002")
            #expect(try await running.chat().fields["x-purser-cost-usd"] == "0.002")
        }
    }

    /// A body may take its time; a key that was removed meanwhile must not be served.
    @Test func aKeyThatIsRemovedWhileItsBodyComesIsRefused() async throws {
        try await serving { running in
            let key = try running.keys.create(team: "acme/research")
            let line = try running.begin(["content-length: \(RunningGateway.chat.utf8.count)"], key: key.plaintext)
            line.send(String(RunningGateway.chat.prefix(10)))
            #expect(await eventually { !running.gateway.isIdle })
            try running.keys.revoke(key.id)
            running.gateway.keys.refresh()
            // What comes within a tenth of a second is not looked at again.
            try await Task.sleep(for: .milliseconds(150))
            line.send(String(RunningGateway.chat.dropFirst(10)))
            let heard = try await line.heard()
            #expect(heard.status == 401 && heard.code == "invalid_api_key" && running.provider.bodies.isEmpty)
        }
    }
}
