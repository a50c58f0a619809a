#include "llm/bert.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace hearth::llm {

Bert::Bert(const BertConfig& config, Ops& ops)
    : config_(config), ops_(ops), activations_(static_cast<std::size_t>(ops.threads())) {}

std::size_t Bert::scratch_bytes(const BertConfig& config, int threads) {
    const auto tokens = static_cast<std::size_t>(std::max(kPartTokens, config.max_tokens));
    return static_cast<std::size_t>(threads) * tokens * sizeof(float) *
           (6 * static_cast<std::size_t>(config.width) + static_cast<std::size_t>(config.feed_forward));
}

int Bert::batch_tokens() const {
    return std::max(kMaxTextTokens, 2 * kPartTokens * ops_.threads());
}

void Bert::compute(const BertTexts& texts, float* out) {
    HEARTH_CHECK(texts.starts.size() >= 2 && texts.starts.front() == 0 && texts.types.size() == texts.ids.size());
    HEARTH_CHECK(static_cast<std::size_t>(texts.starts.back()) == texts.ids.size());
    const std::vector<Part> parts = cut(texts, out);
    if (parts.size() == 1) {
        make_room(activations_[0], texts.ids.size());
        return encode(ops_, parts[0], activations_[0]);
    }
    std::size_t most = 0;
    for (const Part& part : parts) most = std::max(most, part.ids.size());
    for (Activations& a : activations_) make_room(a, most);
    ops_.side_by_side(static_cast<std::int64_t>(parts.size()), [&](Ops& lane, std::int64_t index, int thread) {
        encode(lane, parts[static_cast<std::size_t>(index)], activations_[static_cast<std::size_t>(thread)]);
    });
}

std::vector<Bert::Part> Bert::cut(const BertTexts& texts, float* out) const {
    std::vector<Part> parts;
    const auto& starts = texts.starts;
    for (std::size_t text = 0; text + 1 < starts.size();) {
        Part part{{}, {}, {0}, out + text * static_cast<std::size_t>(config_.output_width())};
        const std::int32_t begin = starts[text];
        do {
            HEARTH_CHECK(starts[text + 1] > starts[text] && starts[text + 1] - starts[text] <= config_.max_tokens);
            part.starts.push_back(starts[++text] - begin);
        } while (text + 1 < starts.size() && starts[text + 1] - begin <= kPartTokens);
        const auto first = static_cast<std::size_t>(begin), count = static_cast<std::size_t>(part.starts.back());
        part.ids = texts.ids.subspan(first, count);
        part.types = texts.types.subspan(first, count);
        parts.push_back(std::move(part));
    }
    return parts;
}

void Bert::make_room(Activations& a, std::size_t tokens) const {
    if (a.positions.size() >= tokens) return;
    a.positions.resize(tokens);
    for (auto* rows : {&a.x, &a.q, &a.k, &a.v, &a.attended, &a.projected})
        rows->resize(tokens * static_cast<std::size_t>(config_.width));
    a.expanded.resize(tokens * static_cast<std::size_t>(config_.feed_forward));
    a.sum.resize(static_cast<std::size_t>(config_.width));
}

void Bert::encode(Ops& ops, const Part& part, Activations& a) const {
    embed_tokens(ops, part, a);
    for (const Layer& layer : layers_) encode_layer(ops, layer, part, a);
    if (config_.output == BertOutput::kScore)
        score(ops, part, a);
    else
        pool(part, a);
}

void Bert::embed_tokens(Ops& ops, const Part& part, Activations& a) const {
    for (std::size_t text = 0; text + 1 < part.starts.size(); ++text) {
        for (std::int32_t i = part.starts[text]; i < part.starts[text + 1]; ++i)
            a.positions[static_cast<std::size_t>(i)] = i - part.starts[text];
    }
    ops.gather_rows(*word_table_, part.ids, a.x.data());
    ops.gather_rows(*position_table_, std::span(a.positions).first(part.ids.size()), a.projected.data());
    for (std::int64_t row = 0; row < part.n(); ++row) {
        const float* type = type_rows_.data() + part.types[static_cast<std::size_t>(row)] * config_.width;
        ops.add(a.x.data() + row * config_.width, type, config_.width);
    }
    add_and_norm(ops, embedding_norm_, part.n(), a);
}

void Bert::encode_layer(Ops& ops, const Layer& layer, const Part& part, Activations& a) const {
    const MatmulTask projections[] = {{layer.query.weight.get(), layer.query.bias.data(), a.q.data()},
                                      {layer.key.weight.get(), layer.key.bias.data(), a.k.data()},
                                      {layer.value.weight.get(), layer.value.bias.data(), a.v.data()}};
    ops.matmul(a.x.data(), part.n(), projections, Phase::kPrefill);
    ops.encoder_attention({a.q.data(), a.k.data(), a.v.data(), a.attended.data(), part.starts, config_.heads,
                           config_.width / config_.heads});
    const MatmulTask output[] = {
        {layer.attention_output.weight.get(), layer.attention_output.bias.data(), a.projected.data()}};
    ops.matmul(a.attended.data(), part.n(), output, Phase::kPrefill);
    add_and_norm(ops, layer.attention_norm, part.n(), a);

    const MatmulTask expand[] = {
        {layer.expand.weight.get(), layer.expand.bias.data(), a.expanded.data(), Activation::kGelu}};
    ops.matmul(a.x.data(), part.n(), expand, Phase::kPrefill);
    const MatmulTask contract[] = {{layer.contract.weight.get(), layer.contract.bias.data(), a.projected.data()}};
    ops.matmul(a.expanded.data(), part.n(), contract, Phase::kPrefill);
    add_and_norm(ops, layer.output_norm, part.n(), a);
}

/// x = norm(x + projected).
void Bert::add_and_norm(Ops& ops, const Norm& norm, std::int64_t n, Activations& a) const {
    ops.add(a.x.data(), a.projected.data(), n * config_.width);
    ops.layer_norm(a.x.data(), norm.weight.data(), norm.bias.data(), n, config_.width, config_.norm_epsilon,
                   a.x.data());
}

void Bert::pool(const Part& part, Activations& a) const {
    const auto width = static_cast<std::size_t>(config_.width);
    float* out = part.out;
    for (std::size_t text = 0; text + 1 < part.starts.size(); ++text, out += width) {
        const auto begin = static_cast<std::size_t>(part.starts[text]);
        const bool mean = config_.output == BertOutput::kMean;
        const auto end = mean ? static_cast<std::size_t>(part.starts[text + 1]) : begin + 1;
        std::fill(a.sum.begin(), a.sum.end(), 0.0);
        for (std::size_t row = begin; row < end; ++row)
            for (std::size_t i = 0; i < width; ++i) a.sum[i] += a.x[row * width + i];
        double square = 0;
        for (const double value : a.sum) square += value * value;
        // The direction alone counts: dividing by the length makes the mean's division superfluous.
        const double scale = square > 0 ? 1.0 / std::sqrt(square) : 0.0;
        for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<float>(a.sum[i] * scale);
    }
}

/// classifier(tanh(pooler(x of [CLS]))).
void Bert::score(Ops& ops, const Part& part, Activations& a) const {
    const auto width = static_cast<std::size_t>(config_.width);
    const std::size_t texts = part.starts.size() - 1;
    for (std::size_t text = 0; text < texts; ++text)
        std::copy_n(a.x.data() + static_cast<std::size_t>(part.starts[text]) * width, width, a.q.data() + text * width);
    const MatmulTask pooler[] = {{pooler_.weight.get(), pooler_.bias.data(), a.projected.data()}};
    ops.matmul(a.q.data(), static_cast<std::int64_t>(texts), pooler, Phase::kPrefill);
    for (std::size_t text = 0; text < texts; ++text) {
        double sum = classifier_bias_;
        for (std::size_t i = 0; i < width; ++i)
            sum += std::tanh(double{a.projected[text * width + i]}) * classifier_[i];
        part.out[text] = static_cast<float>(sum);
    }
}

}  // namespace hearth::llm
