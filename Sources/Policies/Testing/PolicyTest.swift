/// An example of what the policies are to decide.
public struct PolicyTest: Sendable {
}
