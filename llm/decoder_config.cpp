#include "llm/decoder_config.h"

#include <cmath>

#include "llm/tensor_matrices.h"

namespace hearth::llm {
namespace {

/// Sizes of the largest published models fit with room; anything above is a hostile file.
struct SizeLimit {
    static constexpr std::int64_t kLayers = 1024;
    static constexpr std::int64_t kWidth = 1 << 17;
    static constexpr std::int64_t kFeedForward = 1 << 19;
    static constexpr std::int64_t kHeads = 4096;
    static constexpr std::int64_t kExperts = kMaxStack;
    static constexpr std::int64_t kExpertsUsed = 64;
    static constexpr std::int64_t kContext = 1 << 24;
    static constexpr std::int64_t kVocabulary = 1 << 24;
};

constexpr int kNoWindows = 0;
constexpr int kAllWindows = -1;

/// What the metadata does not say.
struct Architecture {
    std::string_view name;
    RopeStyle rope_style;  // converters permute q and k of `llama` for rotation of neighbours
    bool head_norms = false;
    bool gemma = false;        // norms of outputs, GELU, a scaled embedding
    int windows = kNoWindows;  // or n: of each n layers the last sees everything
    int width_scaled = 0;      // the size whose scores are scaled by width / heads, told by its layers
    double window_rope = 0;    // base of layers with a window; 0 = as the others
    double attention_soft_cap = 0;
    double logit_soft_cap = 0;
};
constexpr Architecture kArchitectures[] = {
    {"llama", RopeStyle::kInterleaved},
    {"qwen2", RopeStyle::kHalves},
    {"qwen3", RopeStyle::kHalves, true},
    {"qwen3moe", RopeStyle::kHalves, true},
    {"gemma2", RopeStyle::kHalves, false, true, 2, 46, 0, 50, 30},
    {"gemma3", RopeStyle::kHalves, true, true, 6, 62, 10000},
    {"phi3", RopeStyle::kHalves, false, false, kAllWindows},
};

Result<Architecture> find_architecture(const std::string& name) {
    std::string known;
    for (const Architecture& each : kArchitectures) {
        if (each.name == name) return each;
        known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    return Error(ErrorCode::kUnsupported, "architecture '" + name.substr(0, 64) + "'; supported are " + known);
}

Result<int> bounded(const std::string& key, std::int64_t value, std::int64_t limit) {
    if (value < 1 || value > limit) {
        return Error(ErrorCode::kDataLoss, "metadata '" + key + "' is " + std::to_string(value) +
                                               ", which is not from 1 to " + std::to_string(limit));
    }
    return static_cast<int>(value);
}

class ConfigReader {
  public:
    ConfigReader(const GgufFile& file, const std::string& architecture) : file_(file), prefix_(architecture + ".") {}

    Result<int> size(const char* name, std::int64_t limit) const {
        HEARTH_TRY(const std::int64_t value, file_.integer(prefix_ + name));
        return bounded(prefix_ + name, value, limit);
    }
    Result<int> size_or(const char* name, std::int64_t fallback, std::int64_t limit) const {
        return bounded(prefix_ + name, file_.integer_or(prefix_ + name, fallback), limit);
    }
    double number_or(const char* name, double fallback) const { return file_.number_or(prefix_ + name, fallback); }
    std::string text_or(const char* name, const char* fallback) const {
        auto text = file_.text(prefix_ + name);
        return text.ok() ? std::move(text).value() : std::string(fallback);
    }

  private:
    const GgufFile& file_;
    std::string prefix_;
};

Status read_sizes(const ConfigReader& reader, DecoderConfig& config) {
    HEARTH_TRY(config.layers, reader.size("block_count", SizeLimit::kLayers));
    HEARTH_TRY(config.width, reader.size("embedding_length", SizeLimit::kWidth));
    HEARTH_TRY(config.feed_forward, reader.size("feed_forward_length", SizeLimit::kFeedForward));
    HEARTH_TRY(config.heads, reader.size("attention.head_count", SizeLimit::kHeads));
    HEARTH_TRY(config.kv_heads, reader.size_or("attention.head_count_kv", config.heads, SizeLimit::kHeads));
    HEARTH_TRY(config.context_tokens, reader.size("context_length", SizeLimit::kContext));
    HEARTH_TRY(config.head_dim, reader.size_or("attention.key_length", config.width / config.heads, SizeLimit::kHeads));
    HEARTH_TRY(const int value_dim, reader.size_or("attention.value_length", config.head_dim, SizeLimit::kHeads));
    if (config.heads % config.kv_heads != 0 || config.head_dim % 2 != 0 || value_dim != config.head_dim ||
        static_cast<std::int64_t>(config.heads) * config.head_dim > SizeLimit::kWidth) {
        return Error(ErrorCode::kDataLoss, "the head counts and sizes in the metadata contradict each other");
    }
    if (config.heads / config.kv_heads > kMaxHeadGroup) {
        return Error(ErrorCode::kUnsupported, std::to_string(config.heads / config.kv_heads) +
                                                  " query heads on one key-value head; at most " +
                                                  std::to_string(kMaxHeadGroup) + " are supported");
    }
    return {};
}

/// After the sizes, whose feed-forward width is another one for experts.
Status read_experts(const ConfigReader& reader, DecoderConfig& config) {
    if (reader.number_or("expert_count", 0) == 0) return {};
    HEARTH_TRY(config.experts, reader.size("expert_count", SizeLimit::kExperts));
    HEARTH_TRY(config.experts_used, reader.size("expert_used_count", SizeLimit::kExpertsUsed));
    if (config.experts_used > config.experts)
        return Error(ErrorCode::kDataLoss, "the metadata has each token use more experts than there are");
    if (reader.number_or("expert_shared_count", 0) > 0)
        return Error(ErrorCode::kUnsupported, "experts that every token shares; chosen ones are supported");
    HEARTH_TRY(config.feed_forward,
               reader.size_or("expert_feed_forward_length", config.feed_forward, SizeLimit::kFeedForward));
    return {};
}

/// The share of each frequency that a long-context model keeps: `rope_freqs.weight` of Llama 3, else 1.
Result<std::vector<float>> frequency_factors(const GgufFile& file, int head_dim) {
    std::vector<float> factors(static_cast<std::size_t>(head_dim) / 2, 1.0f);
    const GgufTensor* tensor = file.tensor("rope_freqs.weight");
    if (tensor == nullptr) return factors;
    if (tensor->dims != std::vector<std::int64_t>{head_dim / 2})
        return Error(ErrorCode::kDataLoss, "tensor 'rope_freqs.weight' does not fit the head size");
    dequantize(tensor->type, tensor->bytes.data(), head_dim / 2, factors.data());
    for (const float factor : factors) {
        if (!(factor > 0) || !std::isfinite(factor))
            return Error(ErrorCode::kDataLoss, "tensor 'rope_freqs.weight' holds a factor that is not positive");
    }
    return factors;
}

Status read_windows(const ConfigReader& reader, const Architecture& architecture, DecoderConfig& config) {
    config.windows.assign(static_cast<std::size_t>(config.layers), 0);
    if (architecture.windows == kNoWindows || reader.number_or("attention.sliding_window", 0) == 0) return {};
    HEARTH_TRY(const int window, reader.size("attention.sliding_window", SizeLimit::kContext));
    for (int layer = 0; layer < config.layers; ++layer) {
        if (architecture.windows == kAllWindows || layer % architecture.windows < architecture.windows - 1)
            config.windows[static_cast<std::size_t>(layer)] = window;
    }
    return {};
}

/// What Gemma does otherwise, and what its files leave out.
Status read_gemma(const ConfigReader& reader, const Architecture& architecture, DecoderConfig& config) {
    config.output_norms = true;
    config.gate = Gate::kGeluTanh;
    config.embedding_scale = std::sqrt(static_cast<float>(config.width));
    if (config.layers == architecture.width_scaled)
        config.attention_scale = 1.0f / std::sqrt(static_cast<float>(config.width) / static_cast<float>(config.heads));
    const double attention = reader.number_or("attn_logit_softcapping", architecture.attention_soft_cap);
    const double logits = reader.number_or("final_logit_softcapping", architecture.logit_soft_cap);
    if (!(attention >= 0) || !(logits >= 0) || attention > 1e6 || logits > 1e6)
        return Error(ErrorCode::kDataLoss, "a soft cap in the metadata is no usable number");
    config.attention_soft_cap = static_cast<float>(attention);
    config.logit_soft_cap = static_cast<float>(logits);
    return {};
}

Status read_rope(const GgufFile& file, const ConfigReader& reader, const Architecture& architecture,
                 DecoderConfig& config) {
    if (file.tensor("rope_factors_long.weight") != nullptr)
        return Error(ErrorCode::kUnsupported,
                     "rope factors for long contexts ('longrope'); use the model's short form");
    const std::string scaling = reader.text_or("rope.scaling.type", "none");
    if (scaling != "none" && scaling != "linear")
        return Error(ErrorCode::kUnsupported, "rope scaling '" + scaling + "'; none and linear are supported");
    const double linear = scaling == "linear" ? reader.number_or("rope.scaling.factor", 1.0) : 1.0;
    const double base = reader.number_or("rope.freq_base", 10000.0);
    if (!(base > 1.0) || !std::isfinite(base) || !(linear > 0.0) || !std::isfinite(linear))
        return Error(ErrorCode::kDataLoss, "the rope base or factor in the metadata is no usable number");
    HEARTH_TRY(const int rotated, reader.size_or("rope.dimension_count", config.head_dim, SizeLimit::kHeads));
    if (rotated != config.head_dim)
        return Error(ErrorCode::kUnsupported, "rope over a part of each head; whole heads are supported");
    HEARTH_TRY(const std::vector<float> factors, frequency_factors(file, config.head_dim));
    const double window_base = reader.number_or("rope.freq_base_swa", architecture.window_rope);
    const bool own = window_base > 1.0 && std::isfinite(window_base);
    for (int i = 0; i < config.head_dim / 2; ++i) {
        const double frequency = std::pow(base, -2.0 * i / config.head_dim) / linear;
        config.inverse_frequencies.push_back(
            static_cast<float>(frequency / static_cast<double>(factors[static_cast<std::size_t>(i)])));
        config.window_frequencies.push_back(own ? static_cast<float>(std::pow(window_base, -2.0 * i / config.head_dim))
                                                : config.inverse_frequencies.back());
    }
    return {};
}

}  // namespace

Result<DecoderConfig> read_decoder_config(const GgufFile& file) {
    DecoderConfig config;
    HEARTH_TRY(config.architecture, file.text("general.architecture"));
    HEARTH_TRY(const Architecture architecture, find_architecture(config.architecture));
    config.rope_style = architecture.rope_style;
    config.head_norms = architecture.head_norms;
    const ConfigReader reader(file, config.architecture);
    HEARTH_TRY_STATUS(read_sizes(reader, config));
    HEARTH_TRY_STATUS(read_experts(reader, config));
    config.rms_epsilon = static_cast<float>(reader.number_or("attention.layer_norm_rms_epsilon", 1e-5));
    if (!(config.rms_epsilon > 0) || config.rms_epsilon > 1)
        return Error(ErrorCode::kDataLoss, "the norm epsilon in the metadata is no usable number");
    HEARTH_TRY_STATUS(read_windows(reader, architecture, config));
    if (architecture.gemma) HEARTH_TRY_STATUS(read_gemma(reader, architecture, config));
    HEARTH_TRY_STATUS(read_rope(file, reader, architecture, config));
    const GgufTensor* embedding = file.tensor("token_embd.weight");
    if (embedding == nullptr || embedding->dims.size() != 2 || embedding->dims[0] != config.width)
        return Error(ErrorCode::kDataLoss, "tensor 'token_embd.weight' is missing or does not fit the metadata");
    HEARTH_TRY(config.vocabulary, bounded("rows of token_embd.weight", embedding->dims[1], SizeLimit::kVocabulary));
    return config;
}

}  // namespace hearth::llm
