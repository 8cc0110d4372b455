internal import Core
public import EventLoop
internal import Execution
internal import Glibc
internal import Logging
internal import MCP
internal import Ledger
internal import Policies
internal import Synchronization

/// Reloading of policy files. One reload at a time; each puts one version of policies and limits in force.
extension Gateway {
    /// Checks the policy files and reloads them if a change is complete; to be called about four times a second. Blocks while it reloads.
    public func lookForPolicyChanges(at now: MonotonicTime = .now()) {
        // If another reload is running there is nothing to do.
        _ = reloading.withLockIfAvailable { _ in
            guard let finding = policies.lookAtFiles(at: now) else { return }
            if case .files(let look) = finding.sight, policies.isInForce(look), !finding.isWanted { return policies.noteUnchanged() }
            _ = take(finding.sight, mayLose: false)
        }
    }

    /// Reloads the policy files, all or none, and with them their limits, as soon as two looks at them agree. Blocks.
    /// - Parameter isForced: whether to take policies that take away what is in use.
    /// - Returns: why the files were refused, each reason rendered with its offending line; none when they were taken.
    public func reloadPolicies(isForced: Bool = false) -> [String] {
        reloading.withLock { _ in
            policies.wantReload()
            let end = MonotonicTime.now() + .seconds(10)
            while MonotonicTime.now() < end {
                if let finding = policies.lookAtFiles(at: .now()) { return take(finding.sight, mayLose: isForced) }
                usleep(50_000)
            }
            let problem = PolicyLoadError(reasons: ["the policy files keep changing; reload when they are written"])
            policies.refuse(problem)
            return problem.reasons
        }
    }

    private func take(_ sight: PolicyWatch.Sight, mayLose: Bool) -> [String] {
        do throws(PolicyLoadError) {
            let candidate = try policies.candidate(sight, mayLose: mayLose) { teamsInUse }
            // Limits first: a request under the new policies finds their limits in force.
            budgets.adopt(candidate.serving.snapshot)
            policies.publish(candidate)
            do throws(SystemError) { try mcp.adopt(candidate.serving.snapshot.mcpServers.map { MCPServerSettings($0) }) } catch {
                log.error("MCP servers cannot be reached", metadata: ["reason": "\(error)"])
            }
            return []
        } catch {
            policies.refuse(error)
            return error.reasons
        }
    }

    /// The paths of the teams of keys that are in use: keys of the key store that are neither revoked nor expired, and keys of the policies
    /// in force that made a request within ``keyMemory``.
    private var teamsInUse: Set<String> {
        let seen = activities.keysSeen(within: Self.keyMemory, before: .now())
        let listed = policies.current.snapshot.keys.filter { seen.contains($0.id) }.map(\.team.path)
        return keys.current.snapshot.teams(at: .now).union(listed)
    }

    /// How long a key counts as in use after its last request.
    private static let keyMemory = Duration.seconds(3_600)
}
