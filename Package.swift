// swift-tools-version: 6.2
import PackageDescription

/// Swift settings of all targets: warnings are errors; imports are internal unless marked public.
let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // An async function runs where its caller runs. Without this flag every call and return looks up the task's executor.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Rooms call each other for every request: without this flag a generic call across targets costs 5 to 9 times more.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    // Overlapping accesses are programming errors that no input can cause, and debug builds check for them. In release the checks cost 3 %.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(_ room: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(name: room + "Tests", dependencies: [.byName(name: room)] + dependencies, exclude: exclude, swiftSettings: house)
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "purser",
    products: [.executable(name: "purser", targets: ["purser"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        room("EventLoop", ["CLinux"]),
        room("TLS", ["COpenSSL"]),
        room("HTTPServer", ["EventLoop", "TLS", "CZlib"]),
        room("Upstream", ["EventLoop", "CCurl", "COpenSSL"]),
        room("Core"),
        room("Chat", ["Core", "CSimdJSON"]),
        // The trained classifier's bytes: C's #embed puts them into the program.
        .target(name: "CClassifierModel", exclude: ["classifier.bin"]),
        room("Classifier", ["CClassifierModel"]),
        // Prices and limits of known models, made by scripts/update-catalogue.
        .target(name: "CCatalogue", exclude: ["catalogue.json"]),
        room("Dialects", ["Core", "Chat"]),
        room("Providers", ["Core", "Chat"]),
        room("Policies", ["CCatalogue", "Core", "Chat", "Classifier", yams]),
        room("Limits", ["Core"]),
        room("Ledger", ["Core", "Limits", "COpenSSL", grdb]),
        room("SharedLedger", ["Core", "Limits", "Ledger", "CPostgres", grdb]),
        room("MCP", ["Core", "Chat", "EventLoop", "Upstream"]),
        room("Execution", ["EventLoop", "Upstream", "Core", "Chat", "Providers", "Policies", "Limits", "Ledger", "MCP"]),
        room(
            "Gateway",
            [
                "EventLoop", "HTTPServer", "Upstream", "Core", "Chat", "Dialects", "Classifier", "Policies", "Limits", "Ledger",
                "Execution", "MCP",
                logging,
            ]),
        .executableTarget(
            name: "purser",
            dependencies: [
                "CLinux", "EventLoop", "TLS", "HTTPServer", "Core", "Chat", "Classifier", "Policies", "Limits", "Ledger", "SharedLedger",
                "Execution", "MCP", "Gateway", arguments,
                logging,
            ],
            swiftSettings: house),
        // What the classifier's training scripts get their features from.
        .executableTarget(
            name: "classifier-features", dependencies: ["Core", "Chat", "Classifier"], path: "Sources/ClassifierFeatures",
            swiftSettings: house),

        // What tests of several rooms share.
        .target(name: "TestSupport", dependencies: ["Core", "Limits"], path: "Tests/Support", swiftSettings: house),
        tests("EventLoop"),
        tests("TLS", ["COpenSSL"]),
        tests("HTTPServer", ["EventLoop"], exclude: ["Corpus"]),
        tests("Upstream", ["EventLoop"]),
        tests("Chat", ["Core"]),
        tests("Classifier", ["Chat"], exclude: ["Corpus"]),
        tests("Providers", ["Core", "Chat", "Dialects"], exclude: ["Golden"]),
        tests("Dialects", ["Core", "Chat"]),
        tests("Core"),
        tests("Policies", ["Core", "Chat", "Classifier"], exclude: ["Corpus"]),
        tests("MCP", ["Core", "Chat", "EventLoop"]),
        tests("Execution", ["Core", "Chat", "Dialects", "EventLoop", "Limits", "Ledger", "MCP", "Policies", "TestSupport", "Upstream"]),
        tests("Gateway", ["Core", "Chat", "EventLoop", "Execution", "HTTPServer", "Limits", "Ledger", "Policies", logging]),
        tests("Limits", ["Core", "TestSupport"]),
        tests("Ledger", ["Core", "Limits", "LedgerCrashHelper", "Policies", "TestSupport", grdb]),
        tests("SharedLedger", ["Core", "Limits", "Ledger", "LedgerClusterHelper", "TestSupport"]),
        // One gateway of several on one PostgreSQL, as far as money goes.
        .executableTarget(
            name: "LedgerClusterHelper", dependencies: ["Core", "Limits", "Ledger", "SharedLedger"], path: "Tests/LedgerClusterHelper",
            swiftSettings: house),
        // Commits records until it is killed; the tests look at what is left.
        .executableTarget(
            name: "LedgerCrashHelper", dependencies: ["Core", "Ledger"], path: "Tests/LedgerCrashHelper", swiftSettings: house),
        // What limits cost a request: swift run -c release LimitsBenchmark
        .executableTarget(
            name: "LimitsBenchmark", dependencies: ["Core", "Limits", "Ledger"], path: "Tests/LimitsBenchmark", swiftSettings: house),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
