// PUBLIC. A sentence embedding model (BERT family) on the CPU cores: texts in, unit vectors out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"

namespace hearth::llm {

/// A token's place in the text it came from, in bytes.
struct TokenSpan {
    std::size_t start = 0;
    std::size_t end = 0;
};

class EmbeddingModel {
  public:
    virtual ~EmbeddingModel() = default;

    virtual const std::string& id() const = 0;  ///< "all-MiniLM-L6-v2"
    virtual int dimensions() const = 0;         ///< 384
    virtual int max_tokens() const = 0;         ///< longest input with [CLS] and [SEP]; more is cut
    virtual const std::string& isa() const = 0;

    /// Row-major [texts.size(), dimensions()], each row of length 1. Ragged batches: no padding, order kept.
    /// Thread-safe; calls share one pool and run one after another. kCancelled when `cancel` was requested
    /// between sub-batches.
    virtual Result<std::vector<float>> embed(std::span<const std::string> texts, std::stop_token cancel = {}) = 0;

    /// Where the tokens of `text` lie, without special tokens and without a length limit: what the chunker counts by.
    virtual std::vector<TokenSpan> token_spans(std::string_view text) const = 0;
};

struct EncoderOptions {
    std::string model_directory;  ///< Hugging Face layout: config.json, tokenizer.json, model.safetensors,
                                  ///< 1_Pooling/config.json
    int threads = 0;              ///< 0 = every usable core
    bool reference = false;       ///< the scalar oracle in float32; the fast path rounds weights and activations
                                  ///< (see BertWeights; cosine to the oracle above 0.9995)
};

Result<std::unique_ptr<EmbeddingModel>> open_embedding_model(const EncoderOptions& options, MemoryLedger& ledger);

}  // namespace hearth::llm
