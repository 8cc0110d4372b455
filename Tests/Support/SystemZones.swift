public import Core
internal import Glibc
public import Limits

/// A zone of the machine's database.
public func systemZone(_ name: String) -> TimeZoneRules? {
    TimeZoneRules.named(name) { file in
        guard let stream = fopen("/usr/share/zoneinfo/" + file, "r") else { return nil }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: TimeZoneFile.largest)
        let count = fread(&bytes, 1, bytes.count, stream)
        return Array(bytes.prefix(count))
    }
}

/// Limits, in zones of the machine.
public func limits(_ scopes: [ScopeRules], keys: [KeyRules] = []) throws -> LimitConfiguration {
    try LimitConfiguration(scopes: scopes, keys: keys, zone: systemZone)
}
