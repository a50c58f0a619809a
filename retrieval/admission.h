// Which rows a search may return. Both searches ask it for every row they look at, so that a narrow filter costs no
// recall.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"
#include "retrieval/types.h"

namespace hearth::retrieval {

/// A set of row numbers of the record.
class RowSet {
  public:
    void insert(std::int64_t row);
    bool contains(std::int64_t row) const noexcept {
        const auto at = static_cast<std::size_t>(row);
        return at < bits_.size() && bits_[at];
    }

  private:
    std::vector<bool> bits_;
};

class Admission {
  public:
    /// From then on only the documents that are allowed by name.
    void refuse_other_documents() { every_document_ = false; }
    void allow_document(std::int64_t document) { documents_.insert(document); }
    void refuse_chunk(std::int64_t chunk) { refused_.insert(chunk); }
    bool admits(std::int64_t document, std::int64_t chunk) const noexcept {
        return (every_document_ || documents_.contains(document)) && !refused_.contains(chunk);
    }

  private:
    bool every_document_ = true;
    RowSet documents_;
    RowSet refused_;
};

/// What the query's filters admit in this reader's snapshot; null when that is everything.
Result<std::unique_ptr<Admission>> admission_of(Database& reader, const Query& query);

/// Whether a document passes the filters but for `without`, which asks its chunks.
bool passes(const SearchFilter& filter, const DocumentRef& document, std::int64_t modified_ns);

}  // namespace hearth::retrieval
