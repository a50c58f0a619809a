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
    int kv_bits = 16;          ///< as EngineOptions::kv_bits
    int prefill_tokens = 256;  ///< 1 .. 16384
    int decode_tokens = 64;    ///< 1 .. 16384, one at a time, after the prefill
};

/// Decoding reads every weight once per token. Each step is followed by a pass that only reads the same weights with
/// the same threads: what of them is in a cache by then is so for both.
struct BenchResult {
    double prefill_tokens_per_second = 0;
    double decode_tokens_per_second = 0;
    double read_bandwidth_bytes_per_second = 0;  ///< of those passes
    double bandwidth_share = 0;                  ///< their time / the steps' time: 1 when computing costs nothing
    std::uint64_t weight_bytes = 0;
    std::string isa;
    int threads = 0;
};

/// The best of three passes of each. Runs for as long as the tokens take. Wants the machine to itself.
Result<BenchResult> run_bench(const BenchOptions& options, MemoryLedger& ledger);

/// What an open model does for several requests and for repeated contexts. Ratios are of the same run.
struct ServingBenchResult {
    double load_seconds = 0;        ///< file to first token of a short prompt; the file's pages warm or not as they are
    double verify_step_ratio = 0;   ///< one step over 4 tokens of a sequence / over 1
    double parallel_speedup = 0;    ///< tokens/s of 8 answers together / of one alone
    double lookup_speedup = 0;      ///< an answer that repeats its prompt: time without / with prompt lookup
    double lookup_acceptance = 0;   ///< of its guesses
    bool lookup_same_text = false;  ///< must hold
    double second_question_ratio = 0;  ///< time to first token of a 2nd question over a 2000-token context / of the 1st
    std::string isa;
    int threads = 0;
};

/// Takes about as long as 3000 tokens of prompt and 800 of answers; prefill_tokens and decode_tokens are not read.
/// kInvalidArgument when the model's context is shorter than 2500 tokens.
Result<ServingBenchResult> run_serving_bench(const BenchOptions& options, MemoryLedger& ledger);

}  // namespace hearth::llm
