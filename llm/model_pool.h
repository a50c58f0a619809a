// PUBLIC. The chat models of a folder, in memory while they are used: loaded when a request names one, within the
// memory budget; unloaded some time after the last use, or when another needs the room.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/engine.h"

namespace hearth::llm {

struct ModelPoolOptions {
    std::string directory;                  ///< each *.gguf directly in it is a model, named by its stem
    EngineOptions engine;                   ///< of every model; the pool sets model_path
    std::chrono::seconds keep_loaded{300};  ///< after the last use; negative = until the room is needed
};

enum class ModelState { kUnloaded, kLoading, kLoaded };

struct PooledModel {
    std::string id;
    ModelState state = ModelState::kUnloaded;
    bool pinned = false;  ///< never unloaded
    int in_use = 0;
    std::uint64_t file_bytes = 0;
    std::size_t memory_bytes = 0;   ///< weights, KV cache and scratch; 0 while not loaded, or when not known
    std::optional<ModelInfo> info;  ///< while loaded
    std::optional<std::chrono::system_clock::time_point> expires_at;  ///< when it goes; absent: stays, or is in use
    std::string problem;                                              ///< why it could not be loaded the last time
};

/// Thread-safe. Loads and unloads run one after another on a thread of the pool's own. What
/// use() gave must be gone before it.
///
/// A file that is replaced counts from the next load on; an idle model whose file has changed is loaded anew by the
/// next request. Engines of one pool share EngineOptions::turns: one step at a time, persons before background work.
class ModelPool {
  public:
    /// `pinned` is a model that is loaded already and stays; it and `ledger` outlive the pool.
    ModelPool(ModelPoolOptions options, TextModel& pinned, MemoryLedger& ledger);
    ~ModelPool();
    ModelPool(const ModelPool&) = delete;
    ModelPool& operator=(const ModelPool&) = delete;

    /// A model's id, or "ID:ADAPTER" with an adapter of the folder.
    bool knows(const std::string& name);
    std::vector<PooledModel> list();
    /// Names in EngineOptions::adapters_directory.
    std::vector<std::string> adapters() const;

    /// The model of an id, with its adapter if there is one in the name. It stays loaded while the pointer is held.
    /// Blocks while it loads; requests for the same one wait for one load. `keep` instead of keep_loaded counts after
    /// this use. Errors: kNotFound; with the numbers kResourceExhausted when the model does not fit even without the
    /// idle ones, and kInvalidArgument when it never will beside the pinned one; kCancelled (the load stops too
    /// when nobody waits for it); else as open_text_model().
    Result<std::shared_ptr<TextModel>> use(const std::string& name, const std::stop_token& cancel,
                                           std::optional<std::chrono::seconds> keep = std::nullopt);

    /// Returns when its memory is free. kNotFound; kInvalidArgument for the pinned one; kAlreadyExists while in use.
    Status unload(const std::string& id);

  private:
    struct Shelf;
    Result<TextModel*> take(const std::string& id, const std::stop_token& cancel);
    void release(const std::string& id, std::chrono::seconds keep);

    const std::unique_ptr<Shelf> shelf_;
};

}  // namespace hearth::llm
