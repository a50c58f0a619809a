// The vectors in memory and the exact search over them.
//
// A VectorIndex is an immutable value: adding or removing makes a new one that shares almost everything with the
// old. Searches hold a shared_ptr to theirs and never wait for a write, nor see half of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/result.h"
#include "retrieval/admission.h"
#include "retrieval/fusion.h"

namespace hearth::retrieval {

/// One vector with the chunk and the document it belongs to.
struct VectorRow {
    std::int64_t chunk = 0;  ///< unique, never used twice, ascending in the order of adding
    std::int64_t document = 0;
};

class VectorIndex {
  public:
    static std::shared_ptr<const VectorIndex> empty(int dimensions);

    /// A new index that also holds `rows` with `vectors` [rows.size(), dimensions]; chunk ids ascend and are larger
    /// than every id the index ever held. kResourceExhausted when memory does not suffice.
    Result<std::shared_ptr<const VectorIndex>> with_added(std::span<const VectorRow> rows,
                                                          std::span<const float> vectors) const;
    /// A new index without the chunks of `document`.
    std::shared_ptr<const VectorIndex> without_document(std::int64_t document) const;

    /// The `k` largest inner products, best first, exact in float32. Equal scores in order of chunk id.
    /// `admission` may be null: everything. Works on several cores when there are many rows.
    std::vector<Ranked> search(std::span<const float> query, std::size_t k, const Admission* admission) const;

    int dimensions() const noexcept { return dimensions_; }
    std::size_t size() const noexcept;
    std::size_t bytes() const noexcept;

    /// Every live row in ascending chunk order. The vector is valid during the call.
    void for_each(const std::function<void(const VectorRow&, std::span<const float>)>& visit) const;
    /// The document of a chunk, or -1 when the index does not hold it.
    std::int64_t document_of(std::int64_t chunk) const;
    /// The vector of a chunk, valid as long as the index; empty when the index does not hold it.
    std::span<const float> vector_of(std::int64_t chunk) const;

  private:
    struct Segment;  // vector_segment.h
    struct Scan;     // one search: vector_search.cpp

    /// A segment and which of its rows were removed since it was built.
    struct Part {
        std::shared_ptr<const Segment> segment;
        std::shared_ptr<const std::vector<bool>> dead;  // null: none
        std::size_t dead_count = 0;

        std::size_t live() const;
        bool is_live(std::size_t row) const { return dead == nullptr || !(*dead)[row]; }
    };

    struct Place {
        const Part* part = nullptr;  // null: not there
        std::size_t row = 0;
    };
    Place find(std::int64_t chunk) const;

    explicit VectorIndex(int dimensions) : dimensions_(dimensions) {}
    static Part joined(const Part& a, const Part& b, int dimensions);
    static Part compacted(const Part& part, int dimensions);

    int dimensions_;
    std::vector<Part> parts_;  // ascending, not overlapping in chunk ids
};

}  // namespace hearth::retrieval
