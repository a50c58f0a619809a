// PUBLIC. What a model will need and how fast it will be, before it is loaded: what `hearth plan` prints.
#pragma once

#include <cstddef>
#include <string>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/engine.h"

namespace hearth::llm {

struct ModelPlan {
    std::string id;
    std::string architecture;
    int layers = 0;
    int trained_context_tokens = 0;
    int context_tokens = 0;  ///< what EngineOptions asks for, clipped to the trained length
    int kv_tokens = 0;

    std::size_t weight_bytes = 0;  ///< as this machine's kernels keep them
    std::size_t kv_bytes = 0;      ///< of kv_tokens
    std::size_t kv_bytes_per_token = 0;
    std::size_t scratch_bytes = 0;
    std::size_t total_bytes() const { return weight_bytes + kv_bytes + scratch_bytes; }

    double read_bandwidth_bytes_per_second = 0;  ///< measured
    /// One token reads every matrix once; the context's keys and values come on top and are not counted.
    double predicted_decode_tokens_per_second = 0;
    /// The first layer's products are timed with its own weights; attention is not counted.
    double predicted_prefill_tokens_per_second = 0;
    std::string isa;
    int threads = 0;
};

/// The memory part and what the file says of itself, without measuring: predictions stay 0. Reads the header only.
Result<ModelPlan> plan_memory(const EngineOptions& options);

/// Reads the file's header and one layer, and measures for about a second. Errors as open_text_model() has them, but a
/// model that does not fit into `ledger` is planned all the same.
Result<ModelPlan> plan_model(const EngineOptions& options, MemoryLedger& ledger);

}  // namespace hearth::llm
