internal import Chat
internal import Classifier
internal import Glibc

/// Reads and writes files as a whole: classifier models, catalogues.
enum WholeFile {
    /// The most bytes that are read: one more than is allowed, so that the file's parser can report that it is too large.
    private static let largest = 16 << 20 + 1

    /// Loads a classifier's model.
    static func classifier(_ path: String) throws -> Classifier {
        do {
            return try Classifier(model: read(path))
        } catch let error as ClassifierModelError {
            throw Terminal.cannotStart("\(ShownAddress.argument(path)): \(error.description)")
        }
    }

    /// The content of a file.
    static func read(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Terminal.cannotStart("\(ShownAddress.argument(path)) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= largest {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                throw Terminal.cannotStart("\(ShownAddress.argument(path)) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }

    /// Writes a temporary file and renames it, so that readers never see half of it.
    static func save(_ content: [UInt8], to path: String) throws {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Terminal.cannotStart("\(temporary) cannot be created: \(String(cString: strerror(errno)))") }
        var rest = content[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        let isWritten = rest.isEmpty && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw Terminal.cannotStart("\(path) cannot be written: \(reason)")
        }
    }
}
