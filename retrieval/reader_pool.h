// Read-only connections, handed out one per thread at a time.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"

namespace hearth::retrieval {

/// Thread-safe. A borrowed reader holds one read transaction, so everything it reads is of one generation.
class ReaderPool {
  public:
    explicit ReaderPool(std::string path) : path_(std::move(path)) {}

    /// Gives its connection back, out of the transaction, on destruction. Must not outlive the pool.
    class Reader {
      public:
        Reader(Reader&&) noexcept = default;
        Reader& operator=(Reader&&) = delete;
        ~Reader();
        Database& operator*() const noexcept { return *database_; }
        Database* operator->() const noexcept { return database_.get(); }

      private:
        friend class ReaderPool;
        Reader(ReaderPool& pool, std::unique_ptr<Database> database) : pool_(&pool), database_(std::move(database)) {}
        ReaderPool* pool_;
        std::unique_ptr<Database> database_;
    };

    Result<Reader> borrow();

  private:
    void give_back(std::unique_ptr<Database> database);

    const std::string path_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Database>> idle_;
};

}  // namespace hearth::retrieval
