#include "llm/bench.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "llm/model_loader.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBandwidthBytes = std::size_t{512} << 20;  // several times the largest last-level cache
constexpr int kPasses = 3;
constexpr int kMaxBenchTokens = 16384;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Eight independent sums, so that the loads and not the additions are what is timed.
std::uint64_t sum_words(const std::uint64_t* words, std::size_t count) {
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i + 8 <= count; i += 8)
        for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += words[i + lane];
    return std::accumulate(std::begin(sums), std::end(sums), std::uint64_t{0});
}

double read_pass(const std::vector<std::uint64_t>& buffer, int threads, std::atomic<std::uint64_t>& sink) {
    const std::size_t share = buffer.size() / static_cast<std::size_t>(threads);
    const auto start = Clock::now();
    {
        std::vector<std::jthread> readers;
        for (int i = 0; i < threads; ++i) {
            const std::uint64_t* words = buffer.data() + static_cast<std::size_t>(i) * share;
            readers.emplace_back([words, share, &sink] { sink += sum_words(words, share); });
        }
    }
    return static_cast<double>(share * static_cast<std::size_t>(threads) * sizeof(std::uint64_t)) /
           seconds_since(start);
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

Result<double> time_decode(LoadedModel& model, KvSequence& sequence, int count, std::vector<float>& logits) {
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) {
        const auto best = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
        if (!sequence.reserve(1))
            return Error(ErrorCode::kResourceExhausted, "the KV cache is too small for the benchmark");
        model.decoder->forward({&best, 1}, sequence, logits, {}, Phase::kDecode);
    }
    return count / seconds_since(start);
}

}  // namespace

Result<double> measure_read_bandwidth(int threads, MemoryLedger& ledger) {
    if (threads < 1) return Error(ErrorCode::kInvalidArgument, "at least one thread must read");
    HEARTH_TRY(const MemoryLedger::Lease lease, ledger.reserve("bench", kBandwidthBytes));
    const std::vector<std::uint64_t> buffer(kBandwidthBytes / sizeof(std::uint64_t), 1);
    std::atomic<std::uint64_t> sink{0};  // read below: the sums must not be optimised away
    double best = 0;
    for (int pass = 0; pass < kPasses; ++pass) best = std::max(best, read_pass(buffer, threads, sink));
    if (sink == 0) return Error(ErrorCode::kInternal, "the bandwidth buffer was not read");
    return best;
}

Result<BenchResult> run_bench(const BenchOptions& options, MemoryLedger& ledger) {
    const auto in_range = [](int tokens) { return tokens >= 1 && tokens <= kMaxBenchTokens; };
    if (!in_range(options.prefill_tokens) || !in_range(options.decode_tokens))
        return Error(ErrorCode::kInvalidArgument, "prefill and decode tokens must be from 1 to 16384");
    const int context = std::max(64, options.prefill_tokens + options.decode_tokens);
    HEARTH_TRY(const std::unique_ptr<LoadedModel> model, load_model({.model_path = options.model_path,
                                                                     .context_tokens = context,
                                                                     .threads = options.threads,
                                                                     .reference = options.reference},
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
        HEARTH_TRY(const double decode, time_decode(*model, sequence, options.decode_tokens, logits));
        result.prefill_tokens_per_second = std::max(result.prefill_tokens_per_second, prefill);
        result.decode_tokens_per_second = std::max(result.decode_tokens_per_second, decode);
    }
    HEARTH_TRY(result.read_bandwidth_bytes_per_second, measure_read_bandwidth(result.threads, ledger));
    return result;
}

}  // namespace hearth::llm
