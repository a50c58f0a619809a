// PUBLIC. Speed of a model on this machine, and of the memory it reads: what `hearth bench` prints.
#pragma once

#include <cstdint>
#include <string>

#include "core/memory_ledger.h"
#include "core/result.h"

namespace hearth::llm {

struct BenchOptions {
    std::string model_path;  ///< GGUF file
    int threads = 0;         ///< 0 = every usable core
    bool reference = false;
    int prefill_tokens = 256;  ///< 1 .. 16384
    int decode_tokens = 64;    ///< 1 .. 16384, one at a time, after the prefill
};

/// Decoding reads every weight once per token: decode_tokens_per_second times weight_bytes, over the bandwidth, is the
/// share of the memory's speed that is used.
struct BenchResult {
    double prefill_tokens_per_second = 0;
    double decode_tokens_per_second = 0;
    double read_bandwidth_bytes_per_second = 0;
    std::uint64_t weight_bytes = 0;
    std::string isa;
    int threads = 0;
};

/// The best of three passes of each. Runs for as long as the tokens take. Wants the machine to itself.
Result<BenchResult> run_bench(const BenchOptions& options, MemoryLedger& ledger);

/// Bytes per second that `threads` threads read together from a buffer far larger than the caches: the best of three
/// passes. kResourceExhausted when the buffer cannot be had.
Result<double> measure_read_bandwidth(int threads, MemoryLedger& ledger);

}  // namespace hearth::llm
