// Opens a GGUF chat model: everything a generation needs, checked and accounted.
#pragma once

#include <memory>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/chat_template.h"
#include "llm/decoder.h"
#include "llm/engine.h"
#include "llm/gguf.h"
#include "llm/grammar.h"
#include "llm/kv_cache.h"
#include "llm/lora_store.h"
#include "llm/ops.h"
#include "llm/tokenizer.h"

namespace hearth::llm {

/// Members are destroyed in reverse: the decoder borrows ops and perhaps file.
struct LoadedModel {
    ModelInfo info;
    MemoryLedger::Lease weight_lease;
    MemoryLedger::Lease scratch_lease;
    std::unique_ptr<GgufFile> file;  ///< null once every weight is copied
    std::unique_ptr<Ops> ops;
    std::unique_ptr<Tokenizer> tokenizer;
    std::unique_ptr<ChatTemplate> chat_template;
    std::unique_ptr<KvPool> kv_pool;
    std::unique_ptr<Decoder> decoder;
    std::unique_ptr<LoraStore> adapters;

    /// The tokenizer's bytes as grammars read them: built at the first call, because plain chat needs none.
    /// Worker thread only.
    const std::shared_ptr<const TokenTrie>& token_trie();

  private:
    std::shared_ptr<const TokenTrie> token_trie_;
};

/// Tokens the KV cache is made for. One request may fill the context; more room lets others run beside it and
/// beginnings stay remembered.
int kv_tokens_of(const EngineOptions& options, int context_tokens);

inline KvFormat kv_format_of(const EngineOptions& options) {
    return options.kv_bits == 8 ? KvFormat::kInt8 : KvFormat::kFull;
}

/// Errors name the file; see open_text_model().
Result<std::unique_ptr<LoadedModel>> load_model(const EngineOptions& options, MemoryLedger& ledger,
                                                const LoadProgress& progress, const std::stop_token& cancel = {});

}  // namespace hearth::llm
