#include "retrieval/reader_pool.h"

#include "retrieval/fts_rank.h"
#include "retrieval/fts_words.h"

namespace hearth::retrieval {
namespace {

constexpr std::size_t kMaxIdle = 8;

}  // namespace

ReaderPool::Reader::~Reader() {
    if (database_ != nullptr) pool_->give_back(std::move(database_));
}

Result<ReaderPool::Reader> ReaderPool::borrow() {
    std::unique_ptr<Database> database;
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            database = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (database == nullptr) {
        HEARTH_TRY(Database opened, Database::open_reader(path_));
        database = std::make_unique<Database>(std::move(opened));
        HEARTH_TRY_STATUS(register_rank_function(*database));
        HEARTH_TRY_STATUS(register_word_functions(*database));
    }
    HEARTH_TRY_STATUS(database->execute("BEGIN"));
    return Reader(*this, std::move(database));
}

void ReaderPool::give_back(std::unique_ptr<Database> database) {
    // A connection that cannot leave its transaction would hold old pages for ever: it is closed instead.
    if (!database->execute("COMMIT").ok()) return;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(database));
}

}  // namespace hearth::retrieval
