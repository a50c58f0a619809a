// A small chat model with seeded random weights, written as GGUF: hermetic engine tests without a download.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/utf8.h"
#include "llm/quantize.h"
#include "support/gguf_builder.h"

namespace hearth::test {

/// ChatML without tools.
inline constexpr const char* kTinyTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

struct TinyModelOptions {
    std::string architecture = "llama";  ///< "qwen2" has biases, "qwen3" and "qwen3moe" norms of queries and keys
    std::uint32_t seed = 1;
    std::uint32_t layers = 2;
    std::uint32_t context = 512;
    std::uint32_t heads = 4;
    std::uint32_t kv_heads = 2;
    std::uint32_t experts = 0;       ///< 0: one feed-forward block
    std::uint32_t experts_used = 2;  ///< of several
    std::string chat_template = kTinyTemplate;
    bool tied_head = true;
    bool nan_weights = false;  ///< every logit becomes NaN
    bool quantised = false;    ///< matrices in Q8_0
};

inline constexpr int kTinyWidth = 32;
inline constexpr int kTinyFeedForward = 64;
inline constexpr int kTinyExpertFeedForward = 32;
inline constexpr int kTinyHeadDim = 8;
inline constexpr int kTinyVocabulary = 256 + 3;  ///< every byte, then <|im_start|>, <|im_end|>, <tool_call>

/// GPT-2's byte alphabet: printable bytes stand for themselves, the rest is moved above U+0100.
inline std::vector<std::string> byte_alphabet() {
    std::vector<std::string> out;
    char32_t moved = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
        const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
        std::string spelling;
        append_utf8(spelling, printable ? static_cast<char32_t>(byte) : moved++);
        out.push_back(spelling);
    }
    return out;
}

namespace detail {

class TinyWeights {
  public:
    TinyWeights(GgufBuilder& builder, const TinyModelOptions& options)
        : builder_(builder), random_(options.seed), nan_(options.nan_weights), quantised_(options.quantised) {}

    void matrix(const std::string& name, int rows, int cols) {
        stack(name, {static_cast<std::uint64_t>(cols), static_cast<std::uint64_t>(rows)});
    }
    /// `dims` with the columns first; a third one counts the matrices.
    void stack(const std::string& name, const std::vector<std::uint64_t>& dims) {
        std::uint64_t count = 1;
        for (const std::uint64_t dim : dims) count *= dim;
        const std::vector<float> values =
            draw(static_cast<int>(count), 1.0f / std::sqrt(static_cast<float>(dims[0])), 0.0f);
        if (!quantised_) return builder_.add_f32_tensor(name, dims, values);
        const auto blocks = llm::quantize_q8_0(llm::DType::kF32, reinterpret_cast<const std::byte*>(values.data()),
                                               static_cast<std::int64_t>(values.size()));
        builder_.add_tensor(name, dims, llm::DType::kQ8_0,
                            {reinterpret_cast<const char*>(blocks.data()), blocks.size()});
    }
    void vector(const std::string& name, int size, float mean) {
        builder_.add_f32_tensor(name, {static_cast<std::uint64_t>(size)}, draw(size, 0.1f, mean));
    }

  private:
    std::vector<float> draw(int count, float spread, float mean) {
        std::vector<float> values(static_cast<std::size_t>(count));
        for (float& value : values) {
            // Twelve uniform draws make a normal one: the same on every standard library.
            float sum = -6.0f;
            for (int i = 0; i < 12; ++i) sum += static_cast<float>(random_() >> 8) * 0x1p-24f;
            value = nan_ ? NAN : mean + spread * sum;
        }
        return values;
    }

    GgufBuilder& builder_;
    std::mt19937 random_;
    bool nan_, quantised_;
};

inline void add_tiny_metadata(GgufBuilder& builder, const TinyModelOptions& options) {
    const std::string prefix = options.architecture + ".";
    builder.add_text("general.architecture", options.architecture);
    builder.add_u32(prefix + "block_count", options.layers);
    builder.add_u32(prefix + "context_length", options.context);
    builder.add_u32(prefix + "embedding_length", kTinyWidth);
    builder.add_u32(prefix + "feed_forward_length", kTinyFeedForward);
    builder.add_u32(prefix + "attention.head_count", options.heads);
    builder.add_u32(prefix + "attention.head_count_kv", options.kv_heads);
    builder.add_u32(prefix + "attention.key_length", kTinyHeadDim);
    if (options.experts > 0) {
        builder.add_u32(prefix + "expert_count", options.experts);
        builder.add_u32(prefix + "expert_used_count", options.experts_used);
        builder.add_u32(prefix + "expert_feed_forward_length", kTinyExpertFeedForward);
    }
    builder.add_f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
    builder.add_f32(prefix + "rope.freq_base", 10000.0f);
    std::vector<std::string> tokens = byte_alphabet();
    std::vector<std::int32_t> types(tokens.size(), 1);
    for (const char* special : {"<|im_start|>", "<|im_end|>", "<tool_call>"}) tokens.push_back(special);
    for (const int type : {3, 3, 4}) types.push_back(type);
    builder.add_text("tokenizer.ggml.model", "gpt2");
    builder.add_text("tokenizer.ggml.pre", "gpt-2");
    builder.add_texts("tokenizer.ggml.tokens", tokens);
    builder.add_i32s("tokenizer.ggml.token_type", types);
    builder.add_texts("tokenizer.ggml.merges", {});
    builder.add_u32("tokenizer.ggml.bos_token_id", 256);
    builder.add_u32("tokenizer.ggml.eos_token_id", 257);
    builder.add_bool("tokenizer.ggml.add_bos_token", false);
    builder.add_text("tokenizer.chat_template", options.chat_template);
}

inline void add_tiny_feed_forward(TinyWeights& weights, const TinyModelOptions& options, const std::string& name) {
    if (options.experts == 0) {
        weights.matrix(name + "ffn_gate.weight", kTinyFeedForward, kTinyWidth);
        weights.matrix(name + "ffn_up.weight", kTinyFeedForward, kTinyWidth);
        return weights.matrix(name + "ffn_down.weight", kTinyWidth, kTinyFeedForward);
    }
    weights.matrix(name + "ffn_gate_inp.weight", static_cast<int>(options.experts), kTinyWidth);
    weights.stack(name + "ffn_gate_exps.weight", {kTinyWidth, kTinyExpertFeedForward, options.experts});
    weights.stack(name + "ffn_up_exps.weight", {kTinyWidth, kTinyExpertFeedForward, options.experts});
    weights.stack(name + "ffn_down_exps.weight", {kTinyExpertFeedForward, kTinyWidth, options.experts});
}

}  // namespace detail

/// The bytes of the GGUF file: about 120 kB.
inline std::string tiny_model(const TinyModelOptions& options = {}) {
    GgufBuilder builder;
    detail::add_tiny_metadata(builder, options);
    detail::TinyWeights weights(builder, options);
    weights.matrix("token_embd.weight", kTinyVocabulary, kTinyWidth);
    if (!options.tied_head) weights.matrix("output.weight", kTinyVocabulary, kTinyWidth);
    weights.vector("output_norm.weight", kTinyWidth, 1.0f);
    const int query_width = static_cast<int>(options.heads) * kTinyHeadDim;
    const int kv_width = static_cast<int>(options.kv_heads) * kTinyHeadDim;
    for (std::uint32_t layer = 0; layer < options.layers; ++layer) {
        const std::string name = "blk." + std::to_string(layer) + ".";
        weights.vector(name + "attn_norm.weight", kTinyWidth, 1.0f);
        weights.matrix(name + "attn_q.weight", query_width, kTinyWidth);
        weights.matrix(name + "attn_k.weight", kv_width, kTinyWidth);
        weights.matrix(name + "attn_v.weight", kv_width, kTinyWidth);
        weights.matrix(name + "attn_output.weight", kTinyWidth, query_width);
        if (options.architecture == "qwen2") {
            weights.vector(name + "attn_q.bias", query_width, 0.0f);
            weights.vector(name + "attn_k.bias", kv_width, 0.0f);
            weights.vector(name + "attn_v.bias", kv_width, 0.0f);
        }
        if (options.architecture.starts_with("qwen3")) {
            weights.vector(name + "attn_q_norm.weight", kTinyHeadDim, 1.0f);
            weights.vector(name + "attn_k_norm.weight", kTinyHeadDim, 1.0f);
        }
        weights.vector(name + "ffn_norm.weight", kTinyWidth, 1.0f);
        detail::add_tiny_feed_forward(weights, options, name);
    }
    return builder.build();
}

}  // namespace hearth::test
