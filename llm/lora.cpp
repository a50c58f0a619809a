#include "llm/lora.h"

#include <atomic>

namespace hearth::llm {
namespace {

std::uint64_t next_key() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

MatrixView view_of(const std::vector<float>& values, std::int64_t rows, std::int64_t cols) {
    return {DType::kF32, rows, cols, std::as_bytes(std::span(values))};
}

}  // namespace

LoraShape lora_shape(const DecoderConfig& config, LoraSite site) {
    const std::int64_t query_width = std::int64_t{config.heads} * config.head_dim;
    const std::int64_t kv_width = std::int64_t{config.kv_heads} * config.head_dim;
    switch (site) {
        case LoraSite::kQ:
            return {config.width, query_width};
        case LoraSite::kK:
        case LoraSite::kV:
            return {config.width, kv_width};
        case LoraSite::kAttentionOutput:
            return {query_width, config.width};
        case LoraSite::kGate:
        case LoraSite::kUp:
            return {config.width, config.feed_forward};
        case LoraSite::kDown:
            break;
    }
    return {config.feed_forward, config.width};
}

Lora::Lora() : key_(next_key()) {}

Result<std::unique_ptr<Lora>> Lora::create(std::vector<LoraPair> pairs, const DecoderConfig& config, Ops& ops) {
    auto out = std::make_unique<Lora>(Lora());
    out->layers_.resize(static_cast<std::size_t>(config.layers));
    out->pairs_ = std::move(pairs);
    bool borrowed = false;
    for (const LoraPair& pair : out->pairs_) {
        const LoraShape shape = lora_shape(config, pair.site);
        LowRank& place = out->layers_[static_cast<std::size_t>(pair.layer)][static_cast<std::size_t>(pair.site)];
        HEARTH_TRY(place.a, ops.load(view_of(pair.a, pair.rank, shape.cols)));
        HEARTH_TRY(place.b, ops.load(view_of(pair.b, shape.rows, pair.rank)));
        borrowed = borrowed || place.a->owned_bytes() == 0 || place.b->owned_bytes() == 0;
    }
    if (!borrowed) out->pairs_ = {};
    return out;
}

std::size_t lora_bytes(std::size_t values) {
    return values * sizeof(float) * 2;  // as read and as prepared
}

}  // namespace hearth::llm
