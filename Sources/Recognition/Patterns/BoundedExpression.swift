internal import CPCRE2
internal import Synchronization

/// A compiled regular expression that is matched against whole names in bounded time (PCRE2). A pattern is compiled
/// once. `docs/design/0015-bounded-patterns.md` says why PCRE2, and how the limits were chosen.
package final class BoundedExpression: Sendable {
    package enum Match {
        case found(Groups)
        case none
        /// The name is not UTF-8.
        case notText
        /// The match was given up at its limit: nothing is known of this name.
        case tooLong
    }

    private let names: [String]
    private let numbers: [Int]
    private let machine: Mutex<Machine>

    /// `groups`: the names of the groups to report.
    package init(_ pattern: String, groups: [String]) throws(PatternProblem) {
        let machine = try Machine(pattern)
        names = groups
        numbers = groups.map { machine.number(of: $0) }
        self.machine = Mutex(machine)
    }

    /// Where the groups of a match of the whole name stand.
    package func match(_ name: [UInt8]) -> Match {
        machine.withLock { machine in
            switch machine.match(name) {
            case 0...: .found(Groups(names: names, ranges: numbers.map { machine.range($0) }))
            case PCRE2_ERROR_NOMATCH: .none
            case PCRE2_ERROR_UTF8_ERR21...PCRE2_ERROR_UTF8_ERR1: .notText
            // A limit, or no memory: whatever it is, the name is not read.
            default: .tooLong
            }
        }
    }
}

/// Where the groups of a match stand, in bytes.
package struct Groups {
    let names: [String]
    let ranges: [Range<Int>?]

    /// `nil`: there is no such group, or it took no part.
    package subscript(name: String) -> Range<Int>? { names.firstIndex(of: name).flatMap { ranges[$0] } }
}

/// PCRE2's own objects, used by one thread at a time.
private struct Machine: ~Copyable {
    private let code: OpaquePointer
    private let context: OpaquePointer
    private let data: OpaquePointer
    private let stack: OpaquePointer?

    init(_ pattern: String) throws(PatternProblem) {
        let translated = try PatternTranslation(pattern)
        let settings = Self.demand(pcre2_compile_context_create_8(nil))
        defer { pcre2_compile_context_free_8(settings) }
        // So that `.` stops where it always did.
        pcre2_set_newline_8(settings, UInt32(PCRE2_NEWLINE_ANY))
        let options =
            PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY
            | PCRE2_NEVER_BACKSLASH_C
        var (error, offset): (Int32, Int) = (0, 0)
        let bytes = translated.bytes
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &error, &offset, settings) else {
            throw PatternProblem(Self.text(of: error), at: translated.origin(of: offset))
        }
        self.code = code
        // Where the system forbids making code at run time, the same limits hold for the interpreter.
        pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE)
        context = Self.demand(pcre2_match_context_create_8(nil))
        pcre2_set_depth_limit_8(context, Self.mostSteps)
        pcre2_set_heap_limit_8(context, Self.heapKiB)
        stack = pcre2_jit_stack_create_8(32 * 1024, Int(Self.heapKiB) * 1024, nil)
        if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
        data = Self.demand(pcre2_match_data_create_from_pattern_8(code, nil))
    }

    deinit {
        pcre2_match_data_free_8(data)
        pcre2_jit_stack_free_8(stack)
        pcre2_match_context_free_8(context)
        pcre2_code_free_8(code)
    }

    /// A step costs at most about a nanosecond for each byte of the name.
    private static let mostSteps: UInt32 = 10_000
    private static let leastSteps: UInt32 = 1000
    private static let heapKiB: UInt32 = 256

    private static func steps(for count: Int) -> UInt32 {
        min(max(UInt32(1_000_000 / max(count, 1)), leastSteps), mostSteps)
    }

    func match(_ name: [UInt8]) -> Int32 {
        pcre2_set_match_limit_8(context, Self.steps(for: name.count))
        return pcre2_match_8(code, name, name.count, 0, 0, data, context)
    }

    /// A number that no group has where there is no such name.
    func number(of group: String) -> Int {
        let number = pcre2_substring_number_from_name_8(code, Array(group.utf8) + [0])
        return number > 0 ? Int(number) : Int.max
    }

    func range(_ group: Int) -> Range<Int>? {
        guard group < Int(pcre2_get_ovector_count_8(data)), let ends = pcre2_get_ovector_pointer_8(data) else {
            return nil
        }
        let (start, end) = (ends[2 * group], ends[2 * group + 1])
        // A group that took no part stands at -1; \K in a lookaround may turn the two around.
        return start >= 0 && start <= end ? start..<end : nil
    }

    private static func text(of error: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pcre2_get_error_message_8(error, &buffer, buffer.count)
        guard count > 0 else { return "error \(error)" }
        // What stands in brackets speaks of options that programs set.
        let text = String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
        return text.firstRange(of: " (PCRE2_").map { String(text[..<$0.lowerBound]) } ?? text
    }

    /// These fail only where there is no memory at all.
    private static func demand(_ pointer: OpaquePointer?) -> OpaquePointer {
        guard let pointer else { preconditionFailure("out of memory") }
        return pointer
    }
}
