#include "llm/key_balance.h"

#include <algorithm>
#include <cmath>

namespace hearth::llm {
namespace {

float at_or_zero(std::span<const float> values, int i) {
    return values.empty() ? 0.0f : values[static_cast<std::size_t>(i)];
}

/// Of a pair of features: at least 1, and always a usable factor.
float size_of(float bias_a, float bias_b, float norm_a, float norm_b) {
    const float size = std::hypot(std::hypot(bias_a, bias_b), std::hypot(norm_a, norm_b));
    return std::isfinite(size) ? std::clamp(size, 1.0f, 1e4f) : 1.0f;
}

}  // namespace

KeyBalance balance_keys(const DecoderConfig& config, std::span<const float> bias, std::span<const float> norm) {
    if (bias.empty() && norm.empty()) return {};
    KeyBalance out;
    const int dim = config.head_dim, group = config.heads / config.kv_heads;
    out.keys.assign(static_cast<std::size_t>(config.kv_heads * dim), 1.0f);
    out.queries.assign(static_cast<std::size_t>(config.heads * dim), 1.0f);
    const bool neighbours = config.rope_style == RopeStyle::kInterleaved;
    for (int kv_head = 0; kv_head < config.kv_heads; ++kv_head) {
        for (int i = 0; i < dim / 2; ++i) {
            const int a = neighbours ? 2 * i : i, b = neighbours ? 2 * i + 1 : i + dim / 2;
            const int start = kv_head * dim;
            const float size = size_of(at_or_zero(bias, start + a), at_or_zero(bias, start + b), at_or_zero(norm, a),
                                       at_or_zero(norm, b));
            for (const int feature : {a, b}) {
                out.keys[static_cast<std::size_t>(start + feature)] = 1.0f / size;
                for (int head = kv_head * group; head < (kv_head + 1) * group; ++head)
                    out.queries[static_cast<std::size_t>(head * dim + feature)] = size;
            }
        }
    }
    return out;
}

}  // namespace hearth::llm
