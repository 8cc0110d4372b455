/// What decides whether a request may come in: places, and memory for its body. Shared by all loops.
struct Admission: Sendable {
    /// Requests under way.
    let places: RequestPlaces
    /// The bound on the memory of all requests together.
    let memory: MemoryBudget
}
