// The feed-forward block of a mixture of experts: every expert's matrices are read once a step, for the tokens that
// have chosen it.
#include <algorithm>

#include "llm/decoder.h"

namespace hearth::llm {
namespace {

/// Rows of an expert in a full step from which the arithmetic for many rows is the faster one. With AMX it unpacks a
/// matrix once for all rows: with 64 it is 1.4 times as fast as decode's, with 32 the same, and with 16, which a
/// shorter prompt leaves an expert, decode's is 1.5 times as fast.
constexpr std::int64_t kManyRows = 64;

}  // namespace

bool Decoder::experts_see_phases() const {
    return ops_.phases_differ() && std::int64_t{kMaxChunk} * config_.experts_used >= kManyRows * config_.experts;
}

void Decoder::experts_block(const Layer& layer, std::int64_t n) {
    MatmulTask scores[] = {{layer.router.get(), nullptr, expert_scores_.data()}};
    multiply(normed_.data(), n, scores);
    const std::int64_t decode_tokens = experts_see_phases() ? decode_tokens_ : n;
    routing_.route(expert_scores_.data(), n, config_.experts, config_.experts_used, decode_tokens);
    const auto width = static_cast<std::size_t>(config_.width);
    float* row = expert_rows_.data();
    for (const std::int32_t token : routing_.tokens())
        row = std::copy_n(normed_.data() + static_cast<std::size_t>(token) * width, width, row);
    compute_experts(layer, routing_.decode_runs(), Phase::kDecode);
    compute_experts(layer, routing_.prefill_runs(), Phase::kPrefill);
    ops_.mix({expert_rows_.data(), routing_.places().data(), routing_.shares().data(), n, config_.experts_used,
              config_.width, x_.data()});
}

void Decoder::compute_experts(const Layer& layer, std::span<const ExpertRouting::Run> runs, Phase phase) {
    if (runs.empty()) return;
    const std::int64_t width = config_.width, expanded = config_.feed_forward;
    expert_tasks_.clear();
    expert_tasks_.reserve(2 * runs.size());  // batches point into it
    expert_batches_.clear();
    for (const ExpertRouting::Run& run : runs) {
        const FeedForward& block = layer.feed_forward[static_cast<std::size_t>(run.expert)];
        expert_tasks_.push_back({block.gate.get(), nullptr, gate_.data() + run.first * expanded});
        expert_tasks_.push_back({block.up.get(), nullptr, up_.data() + run.first * expanded});
        expert_batches_.push_back(
            {expert_rows_.data() + run.first * width, run.rows, std::span(expert_tasks_).last(2)});
    }
    ops_.matmul(expert_batches_, phase);

    const std::int64_t first = runs.front().first, rows = runs.back().first + runs.back().rows - first;
    ops_.glu(gate_.data() + first * expanded, up_.data() + first * expanded, rows * expanded, config_.gate);

    expert_tasks_.clear();
    expert_batches_.clear();
    for (const ExpertRouting::Run& run : runs) {
        const FeedForward& block = layer.feed_forward[static_cast<std::size_t>(run.expert)];
        expert_tasks_.push_back({block.down.get(), nullptr, expert_rows_.data() + run.first * width});
        expert_batches_.push_back({gate_.data() + run.first * expanded, run.rows, std::span(expert_tasks_).last(1)});
    }
    ops_.matmul(expert_batches_, phase);
}

}  // namespace hearth::llm
