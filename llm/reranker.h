// PUBLIC. A cross-encoder (BERT with a classifier of one label) on the CPU cores: it reads a query and a text together
// and says how well the text answers the query (Nogueira and Cho, arXiv 1901.04085).
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/encoder.h"

namespace hearth::llm {

class RerankModel {
  public:
    virtual ~RerankModel() = default;

    virtual const std::string& id() const = 0;  ///< the folder's name
    virtual int max_tokens() const = 0;         ///< of query and text together with [CLS] and both [SEP]
    virtual const std::string& isa() const = 0;

    struct Scores {
        std::vector<float> logits;  ///< one for each text; the larger, the better it answers
        std::size_t tokens = 0;     ///< computed for them
    };
    /// Where query and text are too long together, the longer of them loses its end. Ragged batches, order kept.
    /// Thread-safe; calls share one pool and run one after another. kCancelled when `cancel` was requested between
    /// sub-batches.
    virtual Result<Scores> score(const std::string& query, std::span<const std::string> texts,
                                 std::stop_token cancel = {}) = 0;
};

/// A logit as the probability that such models are trained to give.
inline float relevance(float logit) {
    return 1.0f / (1.0f + std::exp(-logit));
}

Result<std::unique_ptr<RerankModel>> open_rerank_model(const EncoderOptions& options, MemoryLedger& ledger);

}  // namespace hearth::llm
