// A BERT encoder over Ops: token ids of several texts in, one unit vector for each out.
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

struct BertConfig {
    int layers = 0;
    int width = 0;
    int feed_forward = 0;
    int heads = 0;
    int vocabulary = 0;
    int max_positions = 0;  ///< rows of the position table
    int max_tokens = 0;     ///< longest input: max_positions, or less where sentence_bert_config.json says so
    float norm_epsilon = 0;
    bool mean_pooling = true;  ///< else the [CLS] position
};

/// Reads config.json, and when they exist sentence_bert_config.json and 1_Pooling/config.json, of a model folder.
/// kUnsupported names what is not BERT, not GELU or neither mean nor CLS pooling.
Result<BertConfig> read_bert_config(const std::string& directory);

/// What products with float weights are computed from.
enum class BertWeights {
    kAsStored,
    /// Queries, keys and values in bfloat16, the rest in 8 bits with a scale per 32 columns. Rounding the former to 8
    /// bits too would cost twice the angle: 0.9996 instead of 0.9998, cosine to kAsStored.
    kRounded,
};

/// Weights and scratch memory. Used from one thread at a time. Borrows the file and the ops.
class Bert {
  public:
    /// Tokens computed at once over all texts of a sub-batch.
    static constexpr int kMaxBatchTokens = 512;

    static Result<std::unique_ptr<Bert>> load(const SafetensorsFile& file, const BertConfig& config,
                                              BertWeights weights, Ops& ops);

    /// What load() will allocate for scratch memory.
    static std::size_t scratch_bytes(const BertConfig& config);
    std::size_t owned_weight_bytes() const { return owned_weight_bytes_; }

    /// `ids` are the texts back to back, text i at starts[i] .. starts[i + 1] - 1 (starts has one more entry than there
    /// are texts). Each text has 1 .. max_positions ids below `vocabulary`. out is [texts, width], rows of length 1.
    void embed(std::span<const std::int32_t> ids, std::span<const std::int32_t> starts, float* out);

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

    Bert(const BertConfig& config, Ops& ops);
    void embed_tokens(std::span<const std::int32_t> ids, std::span<const std::int32_t> starts);
    void encode_layer(const Layer& layer, std::int64_t n, std::span<const std::int32_t> starts);
    void add_and_norm(const Norm& norm, std::int64_t n);
    void pool(std::span<const std::int32_t> starts, float* out) const;

    BertConfig config_;
    Ops& ops_;
    std::unique_ptr<Weight> word_table_, position_table_;
    std::vector<float> type_row_;  // token type 0: single texts have no other
    Norm embedding_norm_;
    std::vector<Layer> layers_;
    std::size_t owned_weight_bytes_ = 0;

    std::vector<std::int32_t> positions_;
    std::vector<float> x_, q_, k_, v_, attended_, projected_, expanded_;  // [kMaxBatchTokens, ...]
};

}  // namespace hearth::llm
