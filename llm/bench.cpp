#include "llm/bench.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "llm/model_loader.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPasses = 3;
constexpr int kMaxBenchTokens = 16384;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Tokens that are text, not control: any will do, since every token costs the same.
std::vector<std::int32_t> some_tokens(int count, int vocabulary) {
    std::vector<std::int32_t> tokens;
    for (int i = 0; i < count; ++i) tokens.push_back(static_cast<std::int32_t>((i * 7919 + 1000) % vocabulary));
    return tokens;
}

Result<double> time_prefill(LoadedModel& model, KvSequence& sequence, int count, std::vector<float>& logits) {
    const std::vector<std::int32_t> tokens = some_tokens(count, model.info.vocabulary_size);
    const auto start = Clock::now();
    for (std::span<const std::int32_t> rest(tokens); !rest.empty();) {
        const auto chunk = rest.first(std::min<std::size_t>(rest.size(), Decoder::kMaxChunk));
        rest = rest.subspan(chunk.size());
        if (!sequence.reserve(static_cast<int>(chunk.size())))
            return Error(ErrorCode::kResourceExhausted, "the KV cache is too small for the benchmark");
        model.decoder->forward(chunk, sequence, rest.empty() ? std::span<float>(logits) : std::span<float>(), {},
                               Phase::kPrefill);
    }
    return count / seconds_since(start);
}

struct DecodeTimes {
    double steps = 0;       ///< seconds
    double reads = 0;       ///< of as many passes over the same weights, in turns with the steps
    std::size_t bytes = 0;  ///< of one pass
};

Result<DecodeTimes> time_decode(LoadedModel& model, KvSequence& sequence, int count, std::vector<float>& logits) {
    DecodeTimes times;
    for (int i = 0; i < count; ++i) {
        auto start = Clock::now();
        const auto best = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
        if (!sequence.reserve(1))
            return Error(ErrorCode::kResourceExhausted, "the KV cache is too small for the benchmark");
        model.decoder->forward({&best, 1}, sequence, logits, {}, Phase::kDecode);
        times.steps += seconds_since(start);
        start = Clock::now();
        times.bytes = model.decoder->read_weights();
        times.reads += seconds_since(start);
    }
    return times;
}

}  // namespace

Result<BenchResult> run_bench(const BenchOptions& options, MemoryLedger& ledger) {
    const auto in_range = [](int tokens) { return tokens >= 1 && tokens <= kMaxBenchTokens; };
    if (!in_range(options.prefill_tokens) || !in_range(options.decode_tokens))
        return Error(ErrorCode::kInvalidArgument, "prefill and decode tokens must be from 1 to 16384");
    const int context = std::max(64, options.prefill_tokens + options.decode_tokens);
    HEARTH_TRY(const std::unique_ptr<LoadedModel> model, load_model({.model_path = options.model_path,
                                                                     .context_tokens = context,
                                                                     .threads = options.threads,
                                                                     .reference = options.reference,
                                                                     .kv_bits = options.kv_bits},
                                                                    ledger, {}));
    BenchResult result;
    result.isa = model->info.isa;
    result.threads = model->info.threads;
    result.weight_bytes = model->info.weight_bytes;
    std::vector<float> logits(static_cast<std::size_t>(model->info.vocabulary_size));
    {
        // Untimed: a whole chunk touches every weight and all scratch memory.
        KvSequence warm(*model->kv_pool);
        const int chunk = std::min(options.prefill_tokens, static_cast<int>(Decoder::kMaxChunk));
        HEARTH_TRY([[maybe_unused]] const double ignored, time_prefill(*model, warm, chunk, logits));
    }
    for (int pass = 0; pass < kPasses; ++pass) {
        KvSequence sequence(*model->kv_pool);
        HEARTH_TRY(const double prefill, time_prefill(*model, sequence, options.prefill_tokens, logits));
        HEARTH_TRY(const DecodeTimes decode, time_decode(*model, sequence, options.decode_tokens, logits));
        result.prefill_tokens_per_second = std::max(result.prefill_tokens_per_second, prefill);
        const double speed = options.decode_tokens / decode.steps;
        if (speed <= result.decode_tokens_per_second) continue;
        result.decode_tokens_per_second = speed;
        result.bandwidth_share = decode.reads / decode.steps;
        result.read_bandwidth_bytes_per_second =
            static_cast<double>(decode.bytes) * options.decode_tokens / decode.reads;
    }
    return result;
}

}  // namespace hearth::llm
