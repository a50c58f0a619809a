// Rows that never change: full vectors in FAISS's storage, and their int8 shadows for the first look. This and the
// sources of VectorIndex are the only files that include FAISS.
#pragma once

#include <faiss/IndexFlat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "retrieval/aligned.h"
#include "retrieval/distances.h"
#include "retrieval/vector_index.h"

namespace hearth::retrieval {

/// FAISS's flat storage, whose distance computer is our inner product: search() and anything that FAISS builds over
/// the storage score by it.
class FlatStorage : public faiss::IndexFlat {
  public:
    explicit FlatStorage(int dimensions) : faiss::IndexFlat(dimensions, faiss::METRIC_INNER_PRODUCT) {}
    const float* row(std::size_t i) const { return get_xb() + i * static_cast<std::size_t>(d); }
    faiss::FlatCodesDistanceComputer* get_FlatCodesDistanceComputer() const override {
        return std::make_unique<Computer>(*this).release();  // FAISS deletes it
    }

  private:
    struct Computer : faiss::FlatCodesDistanceComputer {
        explicit Computer(const FlatStorage& index)
            : FlatCodesDistanceComputer(index.codes.data(), index.code_size), storage(index) {}
        void set_query(const float* x) override { query = x; }
        float symmetric_dis(idx_t i, idx_t j) override { return product(row(i), row(j)); }
        float distance_to_code(const std::uint8_t* code) override {
            return product(query, reinterpret_cast<const float*>(code));
        }
        const float* row(idx_t i) const { return storage.row(static_cast<std::size_t>(i)); }
        float product(const float* a, const float* b) const {
            return distance_kernels().dot(a, b, static_cast<std::size_t>(storage.d));
        }
        const FlatStorage& storage;
        const float* query = nullptr;
    };
};

struct VectorIndex::Segment {
    explicit Segment(int dimensions) : storage(dimensions) {}

    void append(const VectorRow& row, const float* vector);
    void reserve(std::size_t count);
    std::size_t size() const { return rows.size(); }

    FlatStorage storage;
    std::vector<VectorRow> rows;
    AlignedVector<std::int8_t> codes;  // [size, dimensions]
    // Of each row's codes (Int8Summary), apart so that a block of rows is bounded without a branch.
    std::vector<float> scales;
    std::vector<float> errors;
    std::vector<float> lengths;
    std::vector<std::int32_t> sums;
};

}  // namespace hearth::retrieval
