#include "llm/lora_store.h"

#include <filesystem>
#include <new>

#include "core/log.h"
#include "llm/adapters.h"
#include "llm/decoder.h"
#include "llm/device.h"
#include "llm/lora_files.h"

namespace hearth::llm {
namespace {

/// Changes with the file's content: when its weights were written last, in the file clock's ticks.
std::int64_t stamp_of(const std::string& path) {
    std::error_code failed;
    const bool folder = std::filesystem::is_directory(path, failed);
    const auto time = std::filesystem::last_write_time(folder ? path + "/" + kPeftWeights : path, failed);
    return failed ? 0 : time.time_since_epoch().count();
}

}  // namespace

LoraStore::LoraStore(const EngineOptions& options, const DecoderConfig& config, MemoryLedger& ledger)
    : directory_(options.adapters_directory), config_(config), reference_(options.reference), ledger_(ledger) {}

Result<std::shared_ptr<const Lora>> LoraStore::get(const std::string& name) {
    if (name.empty()) return std::shared_ptr<const Lora>();
    const std::lock_guard lock(mutex_);
    HEARTH_TRY(const std::string path, find_adapter(directory_, name));
    const auto known = loaded_.find(name);
    if (known != loaded_.end() && known->second.stamp == stamp_of(path)) return known->second.lora;
    if (known != loaded_.end()) loaded_.erase(known);
    auto loaded = load(path, name);
    if (!loaded.ok()) return Error(loaded.error().code, "adapter " + path + ": " + loaded.error().message);
    return loaded_.insert_or_assign(name, std::move(*loaded)).first->second.lora;
}

Result<LoraStore::Loaded> LoraStore::load(const std::string& path, const std::string& name) {
    struct Held {
        MemoryLedger::Lease lease;
        std::unique_ptr<const Lora> lora;
    };
    const auto held = std::make_shared<Held>();
    const std::int64_t stamp = stamp_of(path);
    try {
        if (scratch_.bytes() == 0) HEARTH_TRY_STATUS(reserve(Decoder::lora_scratch_bytes(config_), scratch_));
        HEARTH_TRY(std::vector<LoraPair> pairs,
                   read_lora(path, config_, [&](std::size_t bytes) { return reserve(bytes, held->lease); }));
        // The engine's own ops may be in the middle of a step; what another object of the backend prepares is the same.
        HEARTH_TRY(const std::unique_ptr<Ops> ops,
                   open_device({.kind = reference_ ? DeviceKind::kReference : DeviceKind::kCpu, .threads = 1}));
        HEARTH_TRY(held->lora, Lora::create(std::move(pairs), config_, *ops));
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, "the system has no memory left for it");
    }
    HEARTH_LOG(kInfo, "llm", "adapter_loaded", {{"adapter", name}, {"bytes", held->lease.bytes()}});
    return Loaded{std::shared_ptr<const Lora>(held, held->lora.get()), stamp};
}

/// Adapters that no request uses give way.
Status LoraStore::reserve(std::size_t bytes, MemoryLedger::Lease& lease) {
    auto reserved = ledger_.reserve("adapters", bytes);
    if (!reserved.ok()) {
        std::erase_if(loaded_, [](const auto& item) { return item.second.lora.use_count() == 1; });
        reserved = ledger_.reserve("adapters", bytes);
    }
    HEARTH_TRY(lease, std::move(reserved));
    return {};
}

}  // namespace hearth::llm
