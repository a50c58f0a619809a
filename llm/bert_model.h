// A Hugging Face BERT folder, opened and ready: ragged batches of tokenised texts in, callers one after another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/bert.h"
#include "llm/encoder.h"
#include "llm/tokenizer.h"
#include "llm/turnstile.h"

namespace hearth::llm {

/// What the model reads of one text.
struct BertInput {
    std::vector<std::int32_t> ids;
    std::size_t second = 0;  ///< where the second half of a pair begins; ids.size() when there is none
};

class BertModel {
  public:
    /// `lease`: what the ledger calls its memory. Errors name the folder.
    static Result<std::unique_ptr<BertModel>> open(const EncoderOptions& options, BertUse use, const char* lease,
                                                   MemoryLedger& ledger);

    const std::string& id() const { return id_; }
    const std::string& isa() const { return isa_; }
    const BertConfig& config() const { return config_; }
    const WordPieceTokenizer& tokenizer() const { return *tokenizer_; }

    /// [count, output_width()] of the inputs that `input` gives, in order. Thread-safe; calls share one pool and run
    /// one after another, sub-batch by sub-batch. kCancelled when `cancel` was requested between two of them.
    Result<std::vector<float>> run(std::size_t count, const std::function<BertInput(std::size_t)>& input,
                                   const std::stop_token& cancel);

  private:
    struct SubBatch;

    static Result<std::unique_ptr<BertModel>> open_parts(const EncoderOptions& options, BertUse use, const char* lease,
                                                         MemoryLedger& ledger);
    Status run(const SubBatch& batch, float* out, const std::stop_token& cancel);

    std::string id_, isa_;
    BertConfig config_;
    std::unique_ptr<WordPieceTokenizer> tokenizer_;
    std::unique_ptr<SafetensorsFile> file_;
    std::unique_ptr<Ops> ops_;
    std::unique_ptr<Bert> bert_;  // borrows file and ops: destroyed before them
    MemoryLedger::Lease lease_;
    Turnstile turnstile_;
};

}  // namespace hearth::llm
