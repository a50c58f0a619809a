// The adapters of one model: loaded when a request names one, kept until their file changes or memory runs out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/decoder_config.h"
#include "llm/engine.h"
#include "llm/lora.h"

namespace hearth::llm {

/// Thread-safe. Loads run one after another, on the thread that asks: an adapter has a few megabytes.
class LoraStore {
  public:
    /// `ledger` outlives the store.
    LoraStore(const EngineOptions& options, const DecoderConfig& config, MemoryLedger& ledger);

    /// Null for an empty name. Errors name the file, and the tensor where one does not fit: see read_lora(); kNotFound
    /// lists what there is; kResourceExhausted, with the ledger's numbers.
    Result<std::shared_ptr<const Lora>> get(const std::string& name);

  private:
    struct Loaded {
        std::shared_ptr<const Lora> lora;  ///< holds its memory's lease too: requests may outlive the entry
        std::int64_t stamp = 0;
    };

    Result<Loaded> load(const std::string& path, const std::string& name);
    Status reserve(std::size_t bytes, MemoryLedger::Lease& lease);

    const std::string directory_;
    const DecoderConfig config_;
    const bool reference_;
    MemoryLedger& ledger_;
    std::mutex mutex_;
    std::map<std::string, Loaded> loaded_;
    MemoryLedger::Lease scratch_;  // the decoder's, from the first adapter on
};

}  // namespace hearth::llm
