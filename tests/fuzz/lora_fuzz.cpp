// Any bytes as an adapter, in either form: refused, or every pair fits the model and computes.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/check.h"
#include "llm/lora_files.h"

namespace {

using namespace hearth::llm;

DecoderConfig tiny_config() {
    DecoderConfig config;
    config.architecture = "llama";
    config.layers = 2;
    config.width = 32;
    config.feed_forward = 48;
    config.heads = 4;
    config.kv_heads = 2;
    config.head_dim = 8;
    config.vocabulary = 64;
    config.rope_style = RopeStyle::kInterleaved;
    return config;
}

hearth::Status reserve(std::size_t bytes) {
    if (bytes > (64u << 20)) return hearth::Error(hearth::ErrorCode::kResourceExhausted, "too large");
    return {};
}

void use(hearth::Result<std::vector<LoraPair>> pairs, const DecoderConfig& config) {
    if (!pairs.ok()) return;
    for (const LoraPair& pair : *pairs) {
        const LoraShape shape = lora_shape(config, pair.site);
        HEARTH_CHECK(pair.layer >= 0 && pair.layer < config.layers);
        HEARTH_CHECK(pair.a.size() == static_cast<std::size_t>(pair.rank * shape.cols));
        HEARTH_CHECK(pair.b.size() == static_cast<std::size_t>(pair.rank * shape.rows));
    }
    const auto ops = make_reference_ops();
    HEARTH_CHECK(Lora::create(std::move(*pairs), config, *ops).ok());
}

}  // namespace

/// GGUF, or the settings' text, a zero byte, and the weights.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
    const DecoderConfig config = tiny_config();
    if (const auto file = GgufFile::parse(bytes); file.ok()) use(read_lora(**file, config, reserve), config);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t zero = text.find('\0');
    if (zero == std::string_view::npos) return 0;
    const auto weights = SafetensorsFile::parse(bytes.subspan(zero + 1));
    if (weights.ok()) use(read_lora(text.substr(0, zero), **weights, config, reserve), config);
    return 0;
}
