#include "llm/decoder.h"

#include <algorithm>

#include "core/check.h"

namespace hearth::llm {
namespace {

/// Of the layers that an adapter can change.
std::int64_t widest_output(const DecoderConfig& config) {
    std::int64_t widest = 0;
    for (std::size_t site = 0; site < kLoraSites; ++site)
        widest = std::max(widest, lora_shape(config, static_cast<LoraSite>(site)).rows);
    return widest;
}

}  // namespace

Decoder::Decoder(DecoderConfig config, Ops& ops) : config_(std::move(config)), ops_(ops) {}

void Decoder::allocate_scratch() {
    const auto rows = [](int features, int per_token = 1) {
        return std::vector<float>(static_cast<std::size_t>(kMaxChunk) * static_cast<std::size_t>(features) *
                                  static_cast<std::size_t>(per_token));
    };
    const int query_width = config_.heads * config_.head_dim;
    const int kv_width = config_.kv_heads * config_.head_dim;
    if (config_.embedding_scale != 1)
        embedding_factors_.assign(static_cast<std::size_t>(config_.width), config_.embedding_scale);
    x_ = rows(config_.width);
    normed_ = rows(config_.width);
    projected_ = rows(config_.width);
    q_ = rows(query_width);
    attended_ = rows(query_width);
    k_ = rows(kv_width);
    v_ = rows(kv_width);
    const int expanded = std::max(1, config_.experts_used);
    gate_ = rows(config_.feed_forward, expanded);
    up_ = rows(config_.feed_forward, expanded);
    expert_scores_ = rows(config_.experts);
    expert_rows_ = rows(config_.width, config_.experts_used);
}

std::size_t Decoder::scratch_bytes(const DecoderConfig& config) {
    const std::size_t query_width = static_cast<std::size_t>(config.heads) * static_cast<std::size_t>(config.head_dim);
    const std::size_t kv_width = static_cast<std::size_t>(config.kv_heads) * static_cast<std::size_t>(config.head_dim);
    const auto expanded = static_cast<std::size_t>(std::max(1, config.experts_used));
    const std::size_t of_experts =
        static_cast<std::size_t>(config.experts) +
        static_cast<std::size_t>(config.experts_used) * static_cast<std::size_t>(config.width);
    return sizeof(float) * kMaxChunk *
               (3 * static_cast<std::size_t>(config.width) + 2 * query_width + 2 * kv_width +
                2 * expanded * static_cast<std::size_t>(config.feed_forward) + of_experts) +
           sizeof(float) * kMaxLogitRows * static_cast<std::size_t>(config.vocabulary);
}

std::size_t Decoder::lora_scratch_bytes(const DecoderConfig& config) {
    return sizeof(float) * kMaxChunk * static_cast<std::size_t>(kMaxLoraRank + widest_output(config));
}

KvShape Decoder::kv_shape(KvFormat format) const {
    return {config_.layers, config_.kv_heads, config_.head_dim,
            ops_.kv_block_bytes(config_.kv_heads, config_.head_dim, format), format};
}

std::int64_t Decoder::lay_out(std::span<const SequenceStep> steps) {
    tokens_.clear();
    positions_.clear();
    logit_rows_.clear();
    decode_tokens_ = 0;
    for (const SequenceStep& step : steps) {
        if (step.phase == Phase::kDecode) {
            HEARTH_CHECK(decode_tokens_ == static_cast<std::int64_t>(tokens_.size()));
            decode_tokens_ += static_cast<std::int64_t>(step.tokens.size());
        }
        HEARTH_CHECK(!step.tokens.empty() && step.logit_rows <= static_cast<int>(step.tokens.size()));
        for (std::size_t i = 0; i < step.tokens.size(); ++i)
            positions_.push_back(step.sequence->length() + static_cast<std::int32_t>(i));
        tokens_.insert(tokens_.end(), step.tokens.begin(), step.tokens.end());
        for (int back = step.logit_rows; back > 0; --back)
            logit_rows_.push_back(static_cast<std::int32_t>(tokens_.size()) - back);
    }
    HEARTH_CHECK(!tokens_.empty() && tokens_.size() <= kMaxChunk && logit_rows_.size() <= kMaxLogitRows);
    return static_cast<std::int64_t>(tokens_.size());
}

std::size_t Decoder::read_weights() {
    std::size_t total = 0;
    const auto read = [&](const std::unique_ptr<Weight>& weight) {
        if (weight == nullptr) return;
        ops_.read(weight->bytes());
        total += weight->bytes().size();
    };
    const auto computing = static_cast<std::size_t>(std::max(1, config_.experts_used));
    for (const Layer& layer : layers_) {
        for (const auto* weight : {&layer.q, &layer.k, &layer.v, &layer.output, &layer.router}) read(*weight);
        for (const FeedForward& block : std::span(layer.feed_forward).first(computing)) {
            for (const auto* weight : {&block.gate, &block.up, &block.down}) read(*weight);
        }
    }
    read(head_);
    return total;
}

bool Decoder::forward(std::span<const SequenceStep> steps, std::span<float> logits, const std::stop_token& cancel) {
    const std::int64_t n = lay_out(steps);
    const auto adapted = [](const SequenceStep& step) { return step.lora != nullptr; };
    if (lora_low_.empty() && std::any_of(steps.begin(), steps.end(), adapted)) {
        lora_high_.resize(static_cast<std::size_t>(kMaxChunk * widest_output(config_)));
        lora_low_.resize(static_cast<std::size_t>(kMaxChunk * kMaxLoraRank));
    }
    HEARTH_CHECK(logits.size() == logit_rows_.size() * static_cast<std::size_t>(config_.vocabulary));
    ops_.gather_rows(embedding(), tokens_, x_.data());
    if (!embedding_factors_.empty()) ops_.scale(x_.data(), embedding_factors_.data(), n, config_.width);
    for (std::size_t index = 0; index < layers_.size(); ++index) {
        if (cancel.stop_requested()) return false;
        attention_block(layers_[index], index, steps, n);
        feed_forward_block(layers_[index], index, steps, n);
    }
    for (const SequenceStep& step : steps) step.sequence->advance(static_cast<int>(step.tokens.size()));
    if (!logits.empty()) read_logits(logits);
    return true;
}

bool Decoder::forward(std::span<const std::int32_t> tokens, KvSequence& sequence, std::span<float> logits,
                      const std::stop_token& cancel, Phase phase) {
    const SequenceStep steps[] = {{&sequence, tokens, logits.empty() ? 0 : 1, nullptr, phase}};
    return forward(steps, logits, cancel);
}

void Decoder::multiply(const float* x, std::int64_t n, std::span<MatmulTask> tasks) {
    const std::int64_t few = ops_.phases_differ() ? decode_tokens_ : n;
    if (few > 0) ops_.matmul(x, few, tasks, Phase::kDecode);
    if (few == n) return;
    for (MatmulTask& task : tasks) task.y += few * task.weight->rows();
    ops_.matmul(x + few * tasks[0].weight->cols(), n - few, tasks, Phase::kPrefill);
}

void Decoder::adapt(std::span<const SequenceStep> steps, std::size_t layer, LoraSite site, const float* x, float* y) {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < steps.size();) {
        const Lora* lora = steps[i].lora;
        std::int64_t n = 0;
        const Phase phase = steps[i].phase;
        for (; i < steps.size() && steps[i].lora == lora && steps[i].phase == phase; ++i)
            n += static_cast<std::int64_t>(steps[i].tokens.size());
        if (const Lora::LowRank* pair = lora != nullptr ? lora->at(layer, site) : nullptr; pair != nullptr) {
            const MatmulTask low[] = {{pair->a.get(), nullptr, lora_low_.data()}};
            ops_.matmul(x + first * pair->a->cols(), n, low, phase);
            const MatmulTask high[] = {{pair->b.get(), nullptr, lora_high_.data()}};
            ops_.matmul(lora_low_.data(), n, high, phase);
            ops_.add(y + first * pair->b->rows(), lora_high_.data(), n * pair->b->rows());
        }
        first += n;
    }
}

void Decoder::attention_block(const Layer& layer, std::size_t index, std::span<const SequenceStep> steps,
                              std::int64_t n) {
    const auto bias = [](const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); };
    ops_.rms_norm(x_.data(), layer.attention_norm.data(), n, config_.width, config_.rms_epsilon, normed_.data());
    MatmulTask projections[] = {{layer.q.get(), bias(layer.q_bias), q_.data()},
                                {layer.k.get(), bias(layer.k_bias), k_.data()},
                                {layer.v.get(), bias(layer.v_bias), v_.data()}};
    multiply(normed_.data(), n, projections);
    adapt(steps, index, LoraSite::kQ, normed_.data(), q_.data());
    adapt(steps, index, LoraSite::kK, normed_.data(), k_.data());
    adapt(steps, index, LoraSite::kV, normed_.data(), v_.data());

    place_heads(q_.data(), n, config_.heads, layer.q_norm, index);
    place_heads(k_.data(), n, config_.kv_heads, layer.k_norm, index);
    const KvFormat format = steps[0].sequence->format();
    if (format == KvFormat::kInt8 && !layer.balance.keys.empty()) {
        ops_.scale(k_.data(), layer.balance.keys.data(), n, std::int64_t{config_.kv_heads} * config_.head_dim);
        ops_.scale(q_.data(), layer.balance.queries.data(), n, std::int64_t{config_.heads} * config_.head_dim);
    }

    kv_rows_.clear();
    for (const SequenceStep& step : steps) {
        kv_rows_.push_back({step.sequence->blocks(static_cast<int>(index)),
                            static_cast<std::int64_t>(step.tokens.size()), step.sequence->length(), step.phase});
    }
    ops_.kv_store({kv_rows_, config_.kv_heads, config_.head_dim, k_.data(), v_.data(), format});
    ops_.attention({kv_rows_, config_.heads, config_.kv_heads, config_.head_dim, q_.data(), attended_.data(), format,
                    config_.score_rule(index)});
    MatmulTask output[] = {{layer.output.get(), bias(layer.output_bias), projected_.data()}};
    multiply(attended_.data(), n, output);
    adapt(steps, index, LoraSite::kAttentionOutput, attended_.data(), projected_.data());
    add_output(n, layer.attended_norm);
}

void Decoder::add_output(std::int64_t n, const std::vector<float>& norm) {
    float* output = projected_.data();
    if (!norm.empty()) ops_.rms_norm(output, norm.data(), n, config_.width, config_.rms_epsilon, output);
    ops_.add(x_.data(), output, n * config_.width);
}

void Decoder::place_heads(float* x, std::int64_t n, int heads, const std::vector<float>& norm, std::size_t layer) {
    if (!norm.empty()) ops_.rms_norm(x, norm.data(), n * heads, config_.head_dim, config_.rms_epsilon, x);
    ops_.rope(
        {x, n, heads, config_.head_dim, positions_.data(), config_.frequencies(layer).data(), config_.rope_style});
}

void Decoder::feed_forward_block(const Layer& layer, std::size_t index, std::span<const SequenceStep> steps,
                                 std::int64_t n) {
    ops_.rms_norm(x_.data(), layer.feed_forward_norm.data(), n, config_.width, config_.rms_epsilon, normed_.data());
    if (layer.router != nullptr) return experts_block(layer, n);
    const FeedForward& block = layer.feed_forward[0];
    MatmulTask expand[] = {{block.gate.get(), nullptr, gate_.data()}, {block.up.get(), nullptr, up_.data()}};
    multiply(normed_.data(), n, expand);
    adapt(steps, index, LoraSite::kGate, normed_.data(), gate_.data());
    adapt(steps, index, LoraSite::kUp, normed_.data(), up_.data());
    ops_.glu(gate_.data(), up_.data(), n * config_.feed_forward, config_.gate);
    MatmulTask contract[] = {{block.down.get(), nullptr, projected_.data()}};
    multiply(gate_.data(), n, contract);
    adapt(steps, index, LoraSite::kDown, gate_.data(), projected_.data());
    add_output(n, layer.fed_norm);
}

void Decoder::read_logits(std::span<float> logits) {
    const auto width = static_cast<std::size_t>(config_.width);
    float* rows = projected_.data();  // free after the last layer
    for (std::size_t i = 0; i < logit_rows_.size(); ++i)
        std::copy_n(x_.data() + static_cast<std::size_t>(logit_rows_[i]) * width, width, rows + i * width);
    const auto n = static_cast<std::int64_t>(logit_rows_.size());
    ops_.rms_norm(rows, final_norm_.data(), n, config_.width, config_.rms_epsilon, normed_.data());
    const MatmulTask head[] = {{head_.get(), nullptr, logits.data()}};
    ops_.matmul(normed_.data(), n, head, Phase::kDecode);
    if (config_.logit_soft_cap > 0)
        ops_.soft_cap(logits.data(), static_cast<std::int64_t>(logits.size()), config_.logit_soft_cap);
}

}  // namespace hearth::llm
