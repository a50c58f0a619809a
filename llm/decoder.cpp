#include "llm/decoder.h"

#include "core/check.h"

namespace hearth::llm {

Decoder::Decoder(DecoderConfig config, Ops& ops) : config_(std::move(config)), ops_(ops) {}

void Decoder::allocate_scratch() {
    const auto rows = [](int features) {
        return std::vector<float>(static_cast<std::size_t>(kMaxChunk) * static_cast<std::size_t>(features));
    };
    const int query_width = config_.heads * config_.head_dim;
    const int kv_width = config_.kv_heads * config_.head_dim;
    positions_.resize(kMaxChunk);
    x_ = rows(config_.width);
    normed_ = rows(config_.width);
    projected_ = rows(config_.width);
    q_ = rows(query_width);
    attended_ = rows(query_width);
    k_ = rows(kv_width);
    v_ = rows(kv_width);
    gate_ = rows(config_.feed_forward);
    up_ = rows(config_.feed_forward);
}

std::size_t Decoder::scratch_bytes(const DecoderConfig& config) {
    const std::size_t query_width = static_cast<std::size_t>(config.heads) * static_cast<std::size_t>(config.head_dim);
    const std::size_t kv_width = static_cast<std::size_t>(config.kv_heads) * static_cast<std::size_t>(config.head_dim);
    return sizeof(float) * kMaxChunk *
           (3 * static_cast<std::size_t>(config.width) + 2 * query_width + 2 * kv_width +
            2 * static_cast<std::size_t>(config.feed_forward));
}

KvShape Decoder::kv_shape() const {
    return {config_.layers, config_.kv_heads, config_.head_dim,
            ops_.kv_block_bytes(config_.kv_heads, config_.head_dim)};
}

bool Decoder::forward(std::span<const std::int32_t> tokens, KvSequence& sequence, std::span<float> logits,
                      const std::stop_token& cancel) {
    HEARTH_CHECK(!tokens.empty() && tokens.size() <= kMaxChunk);
    HEARTH_CHECK(logits.empty() || logits.size() == static_cast<std::size_t>(config_.vocabulary));
    const auto n = static_cast<std::int64_t>(tokens.size());
    const int first_position = sequence.length();
    for (std::int64_t i = 0; i < n; ++i)
        positions_[static_cast<std::size_t>(i)] = first_position + static_cast<std::int32_t>(i);
    ops_.gather_rows(embedding_, tokens, x_.data());
    for (std::size_t index = 0; index < layers_.size(); ++index) {
        if (cancel.stop_requested()) return false;
        attention_block(layers_[index], sequence.layer(static_cast<int>(index)), n, first_position);
        feed_forward_block(layers_[index], n);
    }
    sequence.advance(static_cast<int>(n));
    if (!logits.empty()) read_logits(n, logits);
    return true;
}

void Decoder::attention_block(const Layer& layer, const KvLayer& kv, std::int64_t n, int first_position) {
    const auto bias = [](const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); };
    ops_.rms_norm(x_.data(), layer.attention_norm.data(), n, config_.width, config_.rms_epsilon, normed_.data());
    const MatmulTask projections[] = {{layer.q.get(), bias(layer.q_bias), q_.data()},
                                      {layer.k.get(), bias(layer.k_bias), k_.data()},
                                      {layer.v.get(), bias(layer.v_bias), v_.data()}};
    ops_.matmul(normed_.data(), n, projections);

    RopeArgs rope{
        q_.data(),         n, config_.heads, config_.head_dim, positions_.data(), config_.inverse_frequencies.data(),
        config_.rope_style};
    ops_.rope(rope);
    rope.x = k_.data();
    rope.heads = config_.kv_heads;
    ops_.rope(rope);

    ops_.kv_store({kv, k_.data(), v_.data(), n, first_position});
    ops_.attention({kv, q_.data(), attended_.data(), n, first_position, config_.heads});
    const MatmulTask output[] = {{layer.output.get(), bias(layer.output_bias), projected_.data()}};
    ops_.matmul(attended_.data(), n, output);
    ops_.add(x_.data(), projected_.data(), n * config_.width);
}

void Decoder::feed_forward_block(const Layer& layer, std::int64_t n) {
    ops_.rms_norm(x_.data(), layer.feed_forward_norm.data(), n, config_.width, config_.rms_epsilon, normed_.data());
    const MatmulTask expand[] = {{layer.gate.get(), nullptr, gate_.data()}, {layer.up.get(), nullptr, up_.data()}};
    ops_.matmul(normed_.data(), n, expand);
    ops_.swiglu(gate_.data(), up_.data(), n * config_.feed_forward);
    const MatmulTask contract[] = {{layer.down.get(), nullptr, projected_.data()}};
    ops_.matmul(gate_.data(), n, contract);
    ops_.add(x_.data(), projected_.data(), n * config_.width);
}

void Decoder::read_logits(std::int64_t n, std::span<float> logits) {
    const float* last = x_.data() + (n - 1) * config_.width;
    ops_.rms_norm(last, final_norm_.data(), 1, config_.width, config_.rms_epsilon, normed_.data());
    const MatmulTask head[] = {{head_.get(), nullptr, logits.data()}};
    ops_.matmul(normed_.data(), 1, head);
}

}  // namespace hearth::llm
