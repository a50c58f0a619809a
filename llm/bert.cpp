#include "llm/bert.h"

#include <cmath>

#include "core/check.h"

namespace hearth::llm {

Bert::Bert(const BertConfig& config, Ops& ops) : config_(config), ops_(ops) {
    const auto rows = [](int features) {
        return std::vector<float>(static_cast<std::size_t>(kMaxBatchTokens) * static_cast<std::size_t>(features));
    };
    positions_.resize(kMaxBatchTokens);
    for (auto* buffer : {&x_, &q_, &k_, &v_, &attended_, &projected_}) *buffer = rows(config_.width);
    expanded_ = rows(config_.feed_forward);
}

std::size_t Bert::scratch_bytes(const BertConfig& config) {
    return sizeof(float) * kMaxBatchTokens *
           (6 * static_cast<std::size_t>(config.width) + static_cast<std::size_t>(config.feed_forward));
}

void Bert::embed(std::span<const std::int32_t> ids, std::span<const std::int32_t> starts, float* out) {
    HEARTH_CHECK(!ids.empty() && ids.size() <= kMaxBatchTokens);
    HEARTH_CHECK(starts.size() >= 2 && starts.front() == 0);
    HEARTH_CHECK(static_cast<std::size_t>(starts.back()) == ids.size());
    embed_tokens(ids, starts);
    for (const Layer& layer : layers_) encode_layer(layer, static_cast<std::int64_t>(ids.size()), starts);
    pool(starts, out);
}

void Bert::embed_tokens(std::span<const std::int32_t> ids, std::span<const std::int32_t> starts) {
    const auto n = static_cast<std::int64_t>(ids.size());
    for (std::size_t text = 0; text + 1 < starts.size(); ++text) {
        for (std::int32_t i = starts[text]; i < starts[text + 1]; ++i)
            positions_[static_cast<std::size_t>(i)] = i - starts[text];
    }
    ops_.gather_rows(*word_table_, ids, x_.data());
    ops_.gather_rows(*position_table_, std::span(positions_).first(ids.size()), projected_.data());
    for (std::int64_t row = 0; row < n; ++row)
        ops_.add(x_.data() + row * config_.width, type_row_.data(), config_.width);
    add_and_norm(embedding_norm_, n);
}

void Bert::encode_layer(const Layer& layer, std::int64_t n, std::span<const std::int32_t> starts) {
    const MatmulTask projections[] = {{layer.query.weight.get(), layer.query.bias.data(), q_.data()},
                                      {layer.key.weight.get(), layer.key.bias.data(), k_.data()},
                                      {layer.value.weight.get(), layer.value.bias.data(), v_.data()}};
    ops_.matmul(x_.data(), n, projections, Phase::kPrefill);
    ops_.encoder_attention(
        {q_.data(), k_.data(), v_.data(), attended_.data(), starts, config_.heads, config_.width / config_.heads});
    const MatmulTask output[] = {
        {layer.attention_output.weight.get(), layer.attention_output.bias.data(), projected_.data()}};
    ops_.matmul(attended_.data(), n, output, Phase::kPrefill);
    add_and_norm(layer.attention_norm, n);

    const MatmulTask expand[] = {{layer.expand.weight.get(), layer.expand.bias.data(), expanded_.data()}};
    ops_.matmul(x_.data(), n, expand, Phase::kPrefill);
    ops_.gelu(expanded_.data(), n * config_.feed_forward);
    const MatmulTask contract[] = {{layer.contract.weight.get(), layer.contract.bias.data(), projected_.data()}};
    ops_.matmul(expanded_.data(), n, contract, Phase::kPrefill);
    add_and_norm(layer.output_norm, n);
}

/// x = norm(x + projected).
void Bert::add_and_norm(const Norm& norm, std::int64_t n) {
    ops_.add(x_.data(), projected_.data(), n * config_.width);
    ops_.layer_norm(x_.data(), norm.weight.data(), norm.bias.data(), n, config_.width, config_.norm_epsilon, x_.data());
}

void Bert::pool(std::span<const std::int32_t> starts, float* out) const {
    const auto width = static_cast<std::size_t>(config_.width);
    std::vector<double> sum(width);
    for (std::size_t text = 0; text + 1 < starts.size(); ++text, out += width) {
        const auto begin = static_cast<std::size_t>(starts[text]);
        const auto end = config_.mean_pooling ? static_cast<std::size_t>(starts[text + 1]) : begin + 1;
        std::fill(sum.begin(), sum.end(), 0.0);
        for (std::size_t row = begin; row < end; ++row)
            for (std::size_t i = 0; i < width; ++i) sum[i] += x_[row * width + i];
        double square = 0;
        for (const double value : sum) square += value * value;
        // The direction alone counts: dividing by the length makes the mean's division superfluous.
        const double scale = square > 0 ? 1.0 / std::sqrt(square) : 0.0;
        for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<float>(sum[i] * scale);
    }
}

}  // namespace hearth::llm
