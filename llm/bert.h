// A BERT encoder over Ops: token ids of several texts in, one unit vector, or one score, for each out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "llm/ops.h"
#include "llm/safetensors.h"

namespace hearth::llm {

/// What becomes of the last layer.
enum class BertOutput {
    kMean,   ///< the mean of all positions, as a unit vector
    kFirst,  ///< the [CLS] position, likewise
    kScore,  ///< one logit out of the [CLS] position: a cross-encoder's
};

struct BertConfig {
    int layers = 0;
    int width = 0;
    int feed_forward = 0;
    int heads = 0;
    int vocabulary = 0;
    int max_positions = 0;  ///< rows of the position table
    int max_tokens = 0;     ///< longest input: max_positions, or less where sentence_bert_config.json says so
    float norm_epsilon = 0;
    BertOutput output = BertOutput::kMean;

    int output_width() const { return output == BertOutput::kScore ? 1 : width; }
};

enum class BertUse { kEmbed, kScore };

/// Reads config.json, and when they exist sentence_bert_config.json and (to embed) 1_Pooling/config.json, of a model
/// folder. kUnsupported names what is not BERT, not GELU, neither mean nor CLS pooling, or no classifier of one label.
Result<BertConfig> read_bert_config(const std::string& directory, BertUse use);

/// Texts back to back: text i is ids[starts[i]] .. ids[starts[i + 1] - 1] (starts has one more entry than there are
/// texts), each of 1 .. max_tokens ids below `vocabulary`. A token's type is 0 or 1: the half of a pair.
struct BertTexts {
    std::span<const std::int32_t> ids, types, starts;
};

/// What products with float weights are computed from.
enum class BertWeights {
    kAsStored,
    /// Queries, keys and values in bfloat16, the rest in 8 bits with a scale per 32 columns. Rounding the former to 8
    /// bits too would cost twice the angle: 0.9996 instead of 0.9998, cosine to kAsStored. All in bfloat16 where that
    /// is what the backend multiplies (Ops::phases_differ).
    kRounded,
};

/// Weights and scratch memory. Used from one thread at a time. Borrows the file and the ops.
class Bert {
  public:
    /// The longest text.
    static constexpr int kMaxTextTokens = 512;
    /// Texts of together so many tokens are computed at once, on one core: enough to fill the kernels, few enough for
    /// their activations to stay in its second-level cache.
    static constexpr int kPartTokens = 128;

    static Result<std::unique_ptr<Bert>> load(const SafetensorsFile& file, const BertConfig& config,
                                              BertWeights weights, Ops& ops);

    /// What compute() will allocate for scratch memory, on `threads` threads.
    static std::size_t scratch_bytes(const BertConfig& config, int threads);
    /// Tokens that one call of compute() should be given at most: two parts for every thread.
    int batch_tokens() const;
    std::size_t owned_weight_bytes() const { return owned_weight_bytes_; }

    /// out is [texts, output_width()]. One part's worth of texts is computed by all threads together, more by each
    /// thread for itself.
    void compute(const BertTexts& texts, float* out);

  private:
    struct Linear {
        std::vector<std::byte> rounded;  // for a backend that borrows; empty when it made its own copy
        std::unique_ptr<Weight> weight;
        std::vector<float> bias;
    };
    struct Norm {
        std::vector<float> weight, bias;
    };
    struct Layer {
        Linear query, key, value, attention_output, expand, contract;
        Norm attention_norm, output_norm;
    };
    class Loader;

    /// Texts computed together, and the activations of the thread that does.
    struct Part {
        std::span<const std::int32_t> ids, types;
        std::vector<std::int32_t> starts;  // in ids
        float* out;
        std::int64_t n() const { return static_cast<std::int64_t>(ids.size()); }
    };
    struct Activations {
        std::vector<std::int32_t> positions;
        std::vector<float> x, q, k, v, attended, projected, expanded;  // [tokens, ...]
        std::vector<double> sum;                                       // [width]
    };

    Bert(const BertConfig& config, Ops& ops);
    std::vector<Part> cut(const BertTexts& texts, float* out) const;
    void make_room(Activations& a, std::size_t tokens) const;
    void encode(Ops& ops, const Part& part, Activations& a) const;
    void embed_tokens(Ops& ops, const Part& part, Activations& a) const;
    void encode_layer(Ops& ops, const Layer& layer, const Part& part, Activations& a) const;
    void add_and_norm(Ops& ops, const Norm& norm, std::int64_t n, Activations& a) const;
    void pool(const Part& part, Activations& a) const;
    void score(Ops& ops, const Part& part, Activations& a) const;

    BertConfig config_;
    Ops& ops_;
    std::unique_ptr<Weight> word_table_, position_table_;
    std::vector<float> type_rows_;  // [2, width]
    Norm embedding_norm_;
    std::vector<Layer> layers_;
    Linear pooler_;                      // to score: [width, width]
    std::vector<float> classifier_;      // [width]
    float classifier_bias_ = 0;
    std::size_t owned_weight_bytes_ = 0;

    std::vector<Activations> activations_;  // of each thread
};

}  // namespace hearth::llm
