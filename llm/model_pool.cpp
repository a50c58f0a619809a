#include "llm/model_pool.h"

#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "core/log.h"
#include "llm/adapters.h"
#include "llm/plan.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

/// More files than this in the folder are not looked at.
constexpr std::size_t kMaxModels = 256;

/// What tells a file from the one that replaced it.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const FileStamp&) const = default;
};

/// Nothing when there is no such file.
std::optional<FileStamp> stamp_of(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    return FileStamp{info.st_dev, info.st_ino, info.st_size,
                     std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

std::string mebibytes(std::size_t bytes) {
    return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB";
}

Error in_use_error(const std::string& id) {
    return Error(ErrorCode::kAlreadyExists, "model '" + id + "' is in use; unload it when its answers are complete");
}

/// "ID:ADAPTER" in two; the adapter may be missing.
std::pair<std::string, std::string> split_name(const std::string& name) {
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos || colon + 1 == name.size()) return {name, {}};
    return {name.substr(0, colon), name.substr(colon + 1)};
}

/// One load, and who waits for it.
struct Load {
    std::stop_source cancel;
    int waiters = 0;
    std::optional<Status> result;
};

struct Entry {
    std::string id;
    std::string path;
    FileStamp stamp;  ///< of the file in the folder
    bool pinned = false;

    std::unique_ptr<TextModel> engine;  ///< null while not loaded
    FileStamp loaded_stamp;
    std::size_t memory_bytes = 0;
    int uses = 0;
    Clock::time_point last_use;
    std::optional<Clock::time_point> expires;
    bool unloading = false;

    std::shared_ptr<Load> load;  ///< wanted or in work
    std::string problem;

    bool idle() const { return engine != nullptr && uses == 0 && load == nullptr; }
};

}  // namespace

struct ModelPool::Shelf {
    Shelf(ModelPoolOptions given, TextModel& pinned_model, MemoryLedger& its_ledger)
        : options(std::move(given)), pinned(pinned_model), ledger(its_ledger) {}

    // With the lock held.
    void refresh();
    Entry* find(const std::string& id);
    Entry* expired(Clock::time_point now);
    std::optional<Clock::time_point> next_expiry() const;
    Entry* least_recently_used();
    void want(Entry& entry);
    PooledModel describe(const Entry& entry) const;

    // On the keeper's thread.
    void keep(const std::stop_token& stop);
    void load_next(std::unique_lock<std::mutex>& lock);
    Status load(std::unique_lock<std::mutex>& lock, Entry& entry, const std::stop_token& cancel);
    Status make_room(std::unique_lock<std::mutex>& lock, const std::string& id, std::size_t bytes);
    void unload(std::unique_lock<std::mutex>& lock, Entry& entry);

    const ModelPoolOptions options;
    TextModel& pinned;
    MemoryLedger& ledger;

    std::mutex mutex;
    std::condition_variable_any changed;
    std::map<std::string, Entry> entries;
    std::deque<Entry*> wanted;
    std::shared_ptr<Load> in_work;
    std::jthread keeper;
};

/// Entries follow the folder; one that is loaded, or about to be, stays although its file is gone.
void ModelPool::Shelf::refresh() {
    std::map<std::string, std::string> found;
    std::error_code failed;
    for (std::filesystem::directory_iterator at(options.directory, failed), end; !failed && at != end;
         at.increment(failed)) {
        if (at->path().extension() == ".gguf" && found.size() < kMaxModels)
            found.emplace(at->path().stem().string(), at->path().string());
    }
    std::erase_if(entries, [&](const auto& item) {
        const Entry& entry = item.second;
        return !found.contains(item.first) && !entry.pinned && entry.engine == nullptr && entry.load == nullptr &&
               !entry.unloading;
    });
    for (const auto& [id, path] : found) {
        const auto stamp = stamp_of(path);
        if (!stamp) continue;
        Entry& entry = entries[id];
        entry.id = id;
        entry.path = path;
        entry.stamp = *stamp;
    }
    Entry& first = entries[pinned.info().id];
    first.id = pinned.info().id;
    first.pinned = true;
}

Entry* ModelPool::Shelf::find(const std::string& id) {
    refresh();
    const auto found = entries.find(id);
    return found == entries.end() ? nullptr : &found->second;
}

Entry* ModelPool::Shelf::expired(Clock::time_point now) {
    for (auto& [id, entry] : entries) {
        if (entry.idle() && entry.expires && *entry.expires <= now) return &entry;
    }
    return nullptr;
}

std::optional<Clock::time_point> ModelPool::Shelf::next_expiry() const {
    std::optional<Clock::time_point> next;
    for (const auto& [id, entry] : entries) {
        if (entry.idle() && entry.expires && (!next || *entry.expires < *next)) next = entry.expires;
    }
    return next;
}

Entry* ModelPool::Shelf::least_recently_used() {
    Entry* oldest = nullptr;
    for (auto& [id, entry] : entries) {
        if (entry.idle() && (oldest == nullptr || entry.last_use < oldest->last_use)) oldest = &entry;
    }
    return oldest;
}

void ModelPool::Shelf::want(Entry& entry) {
    if (entry.load == nullptr) {
        entry.load = std::make_shared<Load>();
        wanted.push_back(&entry);
        changed.notify_all();
    }
    ++entry.load->waiters;
}

PooledModel ModelPool::Shelf::describe(const Entry& entry) const {
    PooledModel out{.id = entry.id,
                    .pinned = entry.pinned,
                    .in_use = entry.uses,
                    .file_bytes = static_cast<std::uint64_t>(entry.stamp.bytes),
                    .memory_bytes = entry.memory_bytes,
                    .problem = entry.problem};
    if (entry.pinned) {
        out.state = ModelState::kLoaded;
        out.info = pinned.info();
        out.file_bytes = out.info->weight_bytes;
    } else if (entry.engine != nullptr) {
        out.state = ModelState::kLoaded;
        out.info = entry.engine->info();
    } else if (entry.load != nullptr) {
        out.state = ModelState::kLoading;
    }
    if (entry.idle() && entry.expires) {
        out.expires_at = std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::seconds>(*entry.expires - Clock::now());
    }
    return out;
}

void ModelPool::Shelf::keep(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        if (!wanted.empty()) {
            load_next(lock);
        } else if (Entry* entry = expired(Clock::now())) {
            unload(lock, *entry);
        } else {
            const auto until = next_expiry();
            const auto something = [&] { return !wanted.empty() || next_expiry() != until; };
            if (until)
                changed.wait_until(lock, stop, *until, something);
            else
                changed.wait(lock, stop, something);
        }
    }
}

void ModelPool::Shelf::load_next(std::unique_lock<std::mutex>& lock) {
    Entry& entry = *wanted.front();
    wanted.pop_front();
    in_work = entry.load;
    Status result = load(lock, entry, in_work->cancel.get_token());
    if (result.ok()) {
        entry.problem.clear();
        entry.uses += in_work->waiters;  // theirs: it cannot go before they have seen it
    } else if (result.error().code != ErrorCode::kCancelled) {
        entry.problem = result.error().message;
        HEARTH_LOG(kWarn, "llm", "model_not_loaded", {{"model", entry.id}, {"reason", entry.problem}});
    }
    in_work->result = std::move(result);
    in_work.reset();
    entry.load.reset();
    changed.notify_all();
}

Status ModelPool::Shelf::load(std::unique_lock<std::mutex>& lock, Entry& entry, const std::stop_token& cancel) {
    if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "loading was cancelled");
    if (entry.engine != nullptr) unload(lock, entry);  // its file was replaced
    EngineOptions engine_options = options.engine;
    engine_options.model_path = entry.path;
    const FileStamp stamp = entry.stamp;
    lock.unlock();
    const auto planned = plan_memory(engine_options);
    lock.lock();
    if (!planned.ok()) return planned.error();
    HEARTH_TRY_STATUS(make_room(lock, entry.id, planned->total_bytes()));
    lock.unlock();
    auto opened = open_text_model(engine_options, ledger, {}, cancel);
    lock.lock();
    HEARTH_TRY(entry.engine, std::move(opened));
    entry.loaded_stamp = stamp;
    entry.memory_bytes = planned->total_bytes();
    entry.last_use = Clock::now();
    entry.expires = entry.last_use;
    return {};
}

/// Unloads idle models, those unused for longest first, until `bytes` fit: but only when they then do.
Status ModelPool::Shelf::make_room(std::unique_lock<std::mutex>& lock, const std::string& id, std::size_t bytes) {
    std::size_t idle = 0, busy = 0;
    for (const auto& [other, entry] : entries) (entry.idle() ? idle : busy) += entry.memory_bytes;
    const auto left = [&] { return ledger.budget_bytes() - std::min(ledger.used_bytes(), ledger.budget_bytes()); };
    const std::size_t most =
        ledger.budget_bytes() - std::min(ledger.budget_bytes(), std::size_t{pinned.info().weight_bytes});
    if (bytes > most) {
        return Error(ErrorCode::kInvalidArgument,
                     "model " + id + " needs " + mebibytes(bytes) + ", but the budget of " +
                         mebibytes(ledger.budget_bytes()) + " has " + mebibytes(most) + " beside the weights of " +
                         pinned.info().id +
                         ", which always stay: it can never be loaded. Use a smaller model or "
                         "models.context_tokens, or raise memory.budget_mib.");
    }
    if (bytes > left() + idle) {
        return Error(ErrorCode::kResourceExhausted,
                     "model " + id + " needs " + mebibytes(bytes) + ", but of the budget of " +
                         mebibytes(ledger.budget_bytes()) + " only " + mebibytes(left()) + " are left and " +
                         mebibytes(idle) + " can be had by unloading idle models (models that answer now hold " +
                         mebibytes(busy) +
                         "). Wait, use a smaller model or models.context_tokens, or raise memory.budget_mib.");
    }
    while (bytes > left()) {
        Entry* oldest = least_recently_used();
        if (oldest == nullptr) break;  // taken into use meanwhile: the ledger answers
        unload(lock, *oldest);
    }
    return {};
}

void ModelPool::Shelf::unload(std::unique_lock<std::mutex>& lock, Entry& entry) {
    std::unique_ptr<TextModel> engine = std::move(entry.engine);
    entry.unloading = true;
    entry.memory_bytes = 0;
    entry.expires.reset();
    lock.unlock();
    engine.reset();
    HEARTH_LOG(kInfo, "llm", "model_unloaded", {{"model", entry.id}});
    lock.lock();
    entry.unloading = false;
    changed.notify_all();
}

ModelPool::ModelPool(ModelPoolOptions options, TextModel& pinned, MemoryLedger& ledger)
    : shelf_(std::make_unique<Shelf>(std::move(options), pinned, ledger)) {
    shelf_->keeper = std::jthread([shelf = shelf_.get()](const std::stop_token& stop) { shelf->keep(stop); });
}

ModelPool::~ModelPool() {
    {
        const std::lock_guard lock(shelf_->mutex);
        if (shelf_->in_work != nullptr) shelf_->in_work->cancel.request_stop();
    }
    shelf_->keeper = {};
}

bool ModelPool::knows(const std::string& name) {
    const auto [id, adapter] = split_name(name);
    {
        const std::lock_guard lock(shelf_->mutex);
        if (shelf_->find(id) == nullptr) return false;
    }
    return adapter.empty() || find_adapter(shelf_->options.engine.adapters_directory, adapter).ok();
}

std::vector<std::string> ModelPool::adapters() const {
    return list_adapters(shelf_->options.engine.adapters_directory);
}

std::vector<PooledModel> ModelPool::list() {
    const std::lock_guard lock(shelf_->mutex);
    shelf_->refresh();
    std::vector<PooledModel> out;
    for (const auto& [id, entry] : shelf_->entries) {
        // The one that answers by default first.
        out.insert(entry.pinned ? out.begin() : out.end(), shelf_->describe(entry));
    }
    return out;
}

/// The engine of a loaded model, counted as used by one more.
Result<TextModel*> ModelPool::take(const std::string& id, const std::stop_token& cancel) {
    std::unique_lock lock(shelf_->mutex);
    while (!cancel.stop_requested()) {
        Entry* entry = shelf_->find(id);
        if (entry == nullptr) return Error(ErrorCode::kNotFound, "there is no model '" + id + "'");
        if (entry->pinned) return &shelf_->pinned;
        const bool replaced = entry->idle() && entry->stamp != entry->loaded_stamp;
        if (entry->engine != nullptr && !replaced && entry->load == nullptr) {
            ++entry->uses;
            return entry->engine.get();
        }
        if (entry->load != nullptr && entry->load->cancel.stop_requested()) {
            const auto abandoned = entry->load;
            shelf_->changed.wait(lock, cancel, [&] { return abandoned->result.has_value(); });
            continue;
        }
        shelf_->want(*entry);
        const auto load = entry->load;
        shelf_->changed.wait(lock, cancel, [&] { return load->result.has_value(); });
        if (load->result) {
            HEARTH_TRY_STATUS(*load->result);
            return entry->engine.get();
        }
        if (--load->waiters == 0) load->cancel.request_stop();
    }
    return Error(ErrorCode::kCancelled, "the request was cancelled before its model was loaded");
}

Result<std::shared_ptr<TextModel>> ModelPool::use(const std::string& name, const std::stop_token& cancel,
                                                  std::optional<std::chrono::seconds> keep) {
    const auto [id, adapter] = split_name(name);
    if (!adapter.empty()) {  // before the model is loaded for nothing
        HEARTH_TRY_STATUS(find_adapter(shelf_->options.engine.adapters_directory, adapter));
    }
    HEARTH_TRY(TextModel* const model, take(id, cancel));
    const std::chrono::seconds its_keep = keep.value_or(shelf_->options.keep_loaded);
    const bool stays = model == &shelf_->pinned;
    std::shared_ptr<TextModel> used(model, [this, stays, id = id, its_keep](TextModel*) {
        if (!stays) release(id, its_keep);
    });
    return adapter.empty() ? used : with_adapter(std::move(used), adapter);
}

Status ModelPool::unload(const std::string& id) {
    std::unique_lock lock(shelf_->mutex);
    Entry* entry = shelf_->find(id);
    if (entry == nullptr) return Error(ErrorCode::kNotFound, "there is no model '" + id + "'");
    if (entry->pinned) {
        return Error(ErrorCode::kInvalidArgument, "model '" + id + "' is models.chat: it stays loaded");
    }
    if (entry->uses > 0 || entry->load != nullptr) return in_use_error(id);
    entry->expires = Clock::now();
    shelf_->changed.notify_all();
    bool taken = false;
    shelf_->changed.wait(lock, [&] {
        const auto at = shelf_->entries.find(id);  // it may go with its file
        if (at == shelf_->entries.end()) return true;
        taken = at->second.uses > 0 || at->second.load != nullptr;
        return taken || (!at->second.idle() && !at->second.unloading);
    });
    if (taken) return in_use_error(id);
    return {};
}

void ModelPool::release(const std::string& id, std::chrono::seconds keep) {
    const std::lock_guard lock(shelf_->mutex);
    Entry& entry = shelf_->entries.at(id);
    --entry.uses;
    entry.last_use = Clock::now();
    entry.expires.reset();
    if (keep.count() >= 0) entry.expires = entry.last_use + keep;
    shelf_->changed.notify_all();
}

}  // namespace hearth::llm
