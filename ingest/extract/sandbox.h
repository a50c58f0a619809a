// Confines hearth-extract before it looks at a byte of the file. The only file pair that includes seccomp and Landlock.
#pragma once

#include <sys/types.h>
#include <cstdint>

#include "core/result.h"

namespace hearth::ingest {

struct ProcessLimits {
    std::int64_t memory_bytes = 1ll << 30;  ///< address space; not applied in builds with AddressSanitizer or TSan
    std::int64_t cpu_seconds = 60;
};

/// rlimits (memory, CPU, no file growth, no core file), no new privileges, death with `parent`.
/// kCancelled when the parent is already gone.
Status limit_process(const ProcessLimits& limits, pid_t parent);

/// The outer ring, inherited by children: no sockets, nothing opened for writing, no signals to others, no tracing,
/// no namespaces; where the kernel has Landlock, files are readable and runnable beneath /usr and /lib only.
/// Starting a PDF converter still works.
Status enter_outer_ring();

/// The inner ring, on top of the outer: memory, and the descriptors that are already open. No files, no processes.
Status enter_inner_ring();

}  // namespace hearth::ingest
