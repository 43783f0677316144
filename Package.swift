// swift-tools-version: 6.2
import PackageDescription

// The rooms of the house stand in the order of docs/ARCHITECTURE.md: a target may import only what stands above it.
// TidyTests checks the imports, because SwiftPM does not.

// A newer compiler may warn of more: `REPRIEVE_WARNINGS=allow swift build` builds all the same.
let warnings: [SwiftSetting] =
    Context.environment["REPRIEVE_WARNINGS"] == "allow" ? [] : [.treatAllWarnings(as: .error)]

let strict: [SwiftSetting] =
    warnings + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]

let package = Package(
    name: "reprieve",
    products: [
        .executable(name: "reprieve", targets: ["reprieve"])
    ],
    traits: [
        .trait(
            name: "InotifyTools",
            description:
                "Read inotify through libinotifytools (GPL-2.0-only). Without it the same shim reads inotify itself."
        ),
        .default(enabledTraits: ["InotifyTools"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // How do we read inotify? libinotifytools behind six C functions, or the same six on inotify itself.
        .target(
            name: "CInotifyTools",
            cSettings: [
                .define("_GNU_SOURCE"),
                .define("REPRIEVE_INOTIFYTOOLS", .when(traits: ["InotifyTools"])),
            ],
            linkerSettings: [.linkedLibrary("inotifytools", .when(traits: ["InotifyTools"]))]
        ),
        // Which Linux calls does Swift not import? openat2, renameat2, statx, leases, handles, ioctls.
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        // How are old segments of the audit log packed? zlib, as the system has it.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // How are a person's regular expressions matched in bounded time? PCRE2, as the system has it.
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        // What do we talk about? Values without behaviour.
        .target(name: "Model", swiftSettings: strict),
        // How is JSON read and written where speed counts? The reader takes bytes that somebody else may have written.
        .target(name: "JSONText", dependencies: ["Model"], swiftSettings: strict),
        // How do we talk to the kernel? Directory handles, the one walker, identity, barriers, locks, clocks.
        .target(
            name: "Disk",
            dependencies: ["Model", "CLinux", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict
        ),
        // What to keep, and why? Pure and public.
        .target(
            name: "Retention",
            dependencies: ["Model", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict
        ),
        // What is this entry? One file a recogniser.
        .target(
            name: "Recognition", dependencies: ["Model", "JSONText", "Disk", "CPCRE2"], swiftSettings: strict),
        // What is on the disk, and when did it change?
        .target(
            name: "Survey",
            dependencies: [
                "Model", "Disk", "Recognition", "CInotifyTools",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),
        // What do we know? A cache in SQLite.
        .target(
            name: "Catalog",
            dependencies: [
                "Model", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        // What did we do? The audit log.
        .target(
            name: "Audit",
            dependencies: ["Model", "JSONText", "Disk", "CZlib", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict
        ),
        // How is a backup moved, brought back, purged? Marker, marks, manifests, recovery.
        .target(
            name: "Trash",
            dependencies: [
                "Model", "JSONText", "Disk", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),
        // What did the person configure?
        .target(
            name: "Config",
            dependencies: ["Model", "Disk", "Retention", "Recognition", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),
        // What does this host remember? The state directory, one type a file.
        .target(
            name: "State",
            dependencies: ["Model", "JSONText", "Disk", "Retention", "Catalog", "Audit", "Trash"],
            swiftSettings: strict
        ),
        // What else deletes here? Reads crontabs, timers and scripts, and runs nothing.
        .target(name: "Conflicts", dependencies: ["Model", "Disk", "Trash"], swiftSettings: strict),
        // Whom do we tell, whom do we ask?
        .target(
            name: "Hooks", dependencies: ["Model", "JSONText", "Disk", "Audit", "Config", "State"],
            swiftSettings: strict
        ),
        // What are the steps of each use case?
        .target(
            name: "Engine",
            dependencies: [
                "Model", "Disk", "Retention", "Recognition", "Survey", "Catalog", "Audit", "Trash", "Config", "State",
                "Conflicts", "Hooks",
            ],
            swiftSettings: strict
        ),
        // What runs in the background?
        .target(
            name: "Agent",
            dependencies: [
                "Model", "Disk", "Survey", "Catalog", "Trash", "Config", "State", "Hooks", "Engine",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        // What did the person ask?
        .executableTarget(
            name: "reprieve",
            dependencies: [
                "Model", "JSONText", "Retention", "Config", "Conflicts", "Hooks", "State", "Engine", "Agent",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        // How fast is it? Run by Scripts/bench, beside the peer in the same run.
        .executableTarget(
            name: "bench-decide", dependencies: ["Model", "Retention"], path: "Benchmarks/decide",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-survey", dependencies: ["Model", "Disk", "Survey", "Config", "State", "Engine"],
            path: "Benchmarks/survey",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-evidence", dependencies: ["Model", "Disk", "Audit"], path: "Benchmarks/evidence",
            swiftSettings: strict
        ),
        // What tests of several rooms share: a directory, a disk, a clock and numbers of their own.
        .target(
            name: "Support", dependencies: ["Model", "Disk"], path: "Tests/Support", swiftSettings: strict),
        // Each room for itself, on the real kernel where it talks to one.
        .testTarget(
            name: "ModelTests", dependencies: ["Support", "Model", "JSONText", "Audit"], swiftSettings: strict),
        .testTarget(
            name: "JSONTextTests", dependencies: ["Support", "Model", "JSONText"], swiftSettings: strict),
        .testTarget(
            name: "DiskTests", dependencies: ["Support", "Model", "Disk"], swiftSettings: strict),
        .testTarget(
            name: "RetentionTests",
            dependencies: ["Support", "Model", "Retention", "Config", "Engine"],
            exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "RecognitionTests",
            dependencies: ["Support", "Model", "Disk", "Retention", "Recognition", "Survey", "Catalog"],
            exclude: ["Names"], swiftSettings: strict),
        .testTarget(
            name: "SurveyTests", dependencies: ["Support", "Model", "Disk", "Recognition", "Survey"],
            swiftSettings: strict),
        .testTarget(
            name: "CatalogTests", dependencies: ["Support", "Model", "Disk", "Recognition", "Survey", "Catalog"],
            swiftSettings: strict),
        .testTarget(
            name: "AuditTests", dependencies: ["Support", "Model", "Disk", "Audit"], swiftSettings: strict),
        .testTarget(
            name: "TrashTests", dependencies: ["Support", "CLinux", "Model", "JSONText", "Disk", "Trash"],
            swiftSettings: strict),
        .testTarget(
            name: "ConfigTests",
            dependencies: ["Support", "Model", "Disk", "Retention", "Recognition", "Config", "State", "Engine"],
            swiftSettings: strict),
        .testTarget(
            name: "StateTests", dependencies: ["Support", "Model", "Audit", "Config", "State", "Engine"],
            swiftSettings: strict),
        .testTarget(
            name: "ConflictsTests", dependencies: ["Support", "Model", "Conflicts", "Engine"], swiftSettings: strict),
        .testTarget(
            name: "HooksTests",
            dependencies: ["Support", "Model", "Disk", "Audit", "Trash", "Config", "State", "Hooks", "Engine"],
            swiftSettings: strict),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "Support", "Model", "Disk", "Retention", "Catalog", "Audit", "Trash", "Config", "State", "Hooks",
                "Engine",
            ], swiftSettings: strict),
        .testTarget(
            name: "AgentTests", dependencies: ["Support", "Model", "Config", "Engine", "Agent"], swiftSettings: strict),
        // The real binary, from outside.
        .testTarget(
            name: "EndToEndTests", dependencies: ["reprieve", "bench-evidence"],
            exclude: ["Help", "Listings", "Screens"],
            swiftSettings: strict),
        // Rules of the house that the compiler does not check.
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
