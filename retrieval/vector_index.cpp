#include "retrieval/vector_index.h"

#include <faiss/IndexFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/impl/IDSelector.h>

#include <algorithm>
#include <limits>
#include <new>
#include <queue>

#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

/// Segments of this size are not joined any further: it bounds what one write copies (about 100 MB at 384
/// dimensions would be felt, 25 MB is not).
constexpr std::size_t kLargestJoin = 16384;
/// What float32 sums of a few hundred products can be off by, on vectors of length 1.
constexpr float kRoundingSlack = 1e-5f;
constexpr float kExcluded = -std::numeric_limits<float>::infinity();

/// The k best so far, the worst of them on top.
class TopK {
  public:
    explicit TopK(std::size_t k) : k_(k) {}
    bool full() const { return heap_.size() == k_; }
    float worst() const { return heap_.top().first; }
    void push(float score, std::int64_t chunk) {
        // Minus the id: of equal scores the smaller chunk id is the better one.
        const std::pair<float, std::int64_t> entry{score, -chunk};
        if (heap_.size() < k_) {
            heap_.push(entry);
        } else if (entry > heap_.top()) {
            heap_.pop();
            heap_.push(entry);
        }
    }
    std::vector<Ranked> best_first() {
        std::vector<Ranked> out(heap_.size());
        for (std::size_t i = heap_.size(); i-- > 0; heap_.pop()) {
            out[i] = {-heap_.top().second, static_cast<double>(heap_.top().first)};
        }
        return out;
    }

  private:
    using Entry = std::pair<float, std::int64_t>;
    std::size_t k_;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
};

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

}  // namespace

struct VectorIndex::Segment {
    explicit Segment(int dimensions) : storage(dimensions) {}

    void append(const VectorRow& row, const float* vector) {
        storage.add(1, vector);
        rows.push_back(row);
        const auto n = static_cast<std::size_t>(storage.d);
        codes.resize(codes.size() + n);
        summaries.push_back(quantize_int8({vector, n}, codes.data() + codes.size() - n));
    }
    void reserve(std::size_t count) {
        const auto n = static_cast<std::size_t>(storage.d);
        storage.codes.reserve(count * n * sizeof(float));
        rows.reserve(count);
        codes.reserve(count * n);
        summaries.reserve(count);
    }
    std::size_t size() const { return rows.size(); }

    FlatStorage storage;
    std::vector<VectorRow> rows;
    std::vector<std::int8_t> codes;  // [size, dimensions]
    std::vector<Int8Summary> summaries;
};

std::size_t VectorIndex::Part::live() const {
    return segment->size() - dead_count;
}

std::shared_ptr<const VectorIndex> VectorIndex::empty(int dimensions) {
    return std::make_shared<const VectorIndex>(VectorIndex(dimensions));
}

VectorIndex::Part VectorIndex::joined(const Part& a, const Part& b, int dimensions) {
    auto segment = std::make_shared<Segment>(dimensions);
    segment->reserve(a.live() + b.live());
    for (const Part* part : {&a, &b}) {
        for (std::size_t i = 0; i < part->segment->size(); ++i) {
            if (part->is_live(i)) segment->append(part->segment->rows[i], part->segment->storage.row(i));
        }
    }
    return {std::move(segment), nullptr, 0};
}

VectorIndex::Part VectorIndex::compacted(const Part& part, int dimensions) {
    return joined(part, {std::make_shared<Segment>(dimensions), nullptr, 0}, dimensions);
}

Result<std::shared_ptr<const VectorIndex>> VectorIndex::with_added(std::span<const VectorRow> rows,
                                                                   std::span<const float> vectors) const {
    HEARTH_CHECK(vectors.size() == rows.size() * static_cast<std::size_t>(dimensions_));
    try {
        auto next = std::make_shared<VectorIndex>(*this);
        if (rows.empty()) return std::shared_ptr<const VectorIndex>(std::move(next));
        auto segment = std::make_shared<Segment>(dimensions_);
        segment->reserve(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            HEARTH_CHECK(i == 0 || rows[i - 1].chunk < rows[i].chunk);
            segment->append(rows[i], vectors.data() + i * static_cast<std::size_t>(dimensions_));
        }
        next->parts_.push_back({std::move(segment), nullptr, 0});
        // Like the carries of a binary counter: a row is copied only as often as its segment doubles.
        auto& parts = next->parts_;
        while (parts.size() >= 2) {
            const Part& last = parts.back();
            const Part& before = parts[parts.size() - 2];
            if (before.live() > 2 * last.live() || before.live() + last.live() > kLargestJoin) break;
            Part both = joined(before, last, dimensions_);
            parts.pop_back();
            parts.back() = std::move(both);
        }
        return std::shared_ptr<const VectorIndex>(std::move(next));
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, "not enough memory for " + std::to_string(rows.size()) +
                                                        " more vectors; stop other programs or add memory");
    } catch (const faiss::FaissException& error) {
        return Error(ErrorCode::kInternal, std::string("vector index: ") + error.what());
    }
}

std::shared_ptr<const VectorIndex> VectorIndex::without_document(std::int64_t document) const {
    auto next = std::make_shared<VectorIndex>(*this);
    for (Part& part : next->parts_) {
        std::shared_ptr<std::vector<bool>> dead;
        for (std::size_t i = 0; i < part.segment->size(); ++i) {
            if (part.segment->rows[i].document != document || !part.is_live(i)) continue;
            if (dead == nullptr) {
                dead = part.dead == nullptr ? std::make_shared<std::vector<bool>>(part.segment->size())
                                            : std::make_shared<std::vector<bool>>(*part.dead);
            }
            (*dead)[i] = true;
            ++part.dead_count;
        }
        if (dead != nullptr) part.dead = std::move(dead);
        if (part.dead_count * 2 > part.segment->size()) part = compacted(part, dimensions_);
    }
    std::erase_if(next->parts_, [](const Part& part) { return part.live() == 0; });
    return next;
}

std::vector<Ranked> VectorIndex::search(std::span<const float> query, std::size_t k, const Admission* admission) const {
    HEARTH_CHECK(query.size() == static_cast<std::size_t>(dimensions_));
    if (k == 0) return {};
    const std::size_t n = query.size();
    const DistanceKernels& kernels = distance_kernels();
    std::vector<std::int8_t> code(n);
    const Int8Summary summary = quantize_int8(query, code.data());
    // |q.v - approx| <= |q| |v - v'| + |q - q'| |v'|: rows whose upper bound is below k lower bounds cannot win.
    const float query_length = summary.length + summary.error;
    TopK exact(k);
    TopK lower_bounds(k);
    std::vector<float> upper;
    for (const Part& part : parts_) {
        const Segment& segment = *part.segment;
        upper.assign(segment.size(), kExcluded);
        for (std::size_t i = 0; i < segment.size(); ++i) {
            const VectorRow& row = segment.rows[i];
            if (!part.is_live(i) || (admission != nullptr && !admission->admits(row.document, row.chunk))) continue;
            const Int8Summary& other = segment.summaries[i];
            const float approximate = summary.scale * other.scale *
                                      static_cast<float>(kernels.dot_int8(code.data(), &segment.codes[i * n], n));
            const float error = query_length * other.error + summary.error * other.length + kRoundingSlack;
            upper[i] = approximate + error;
            lower_bounds.push(approximate - error, row.chunk);
        }
        const std::unique_ptr<faiss::FlatCodesDistanceComputer> product(
            segment.storage.get_FlatCodesDistanceComputer());
        product->set_query(query.data());
        for (std::size_t i = 0; i < segment.size(); ++i) {
            if (upper[i] == kExcluded || (lower_bounds.full() && upper[i] < lower_bounds.worst())) continue;
            exact.push((*product)(static_cast<std::int64_t>(i)), segment.rows[i].chunk);
        }
    }
    return exact.best_first();
}

std::size_t VectorIndex::size() const noexcept {
    std::size_t count = 0;
    for (const Part& part : parts_) count += part.live();
    return count;
}

std::size_t VectorIndex::bytes() const noexcept {
    const std::size_t row =
        static_cast<std::size_t>(dimensions_) * (sizeof(float) + 1) + sizeof(VectorRow) + sizeof(Int8Summary);
    std::size_t total = 0;
    for (const Part& part : parts_) total += part.segment->size() * row;
    return total;
}

void VectorIndex::for_each(const std::function<void(const VectorRow&, std::span<const float>)>& visit) const {
    for (const Part& part : parts_) {
        for (std::size_t i = 0; i < part.segment->size(); ++i) {
            if (!part.is_live(i)) continue;
            visit(part.segment->rows[i], {part.segment->storage.row(i), static_cast<std::size_t>(dimensions_)});
        }
    }
}

VectorIndex::Place VectorIndex::find(std::int64_t chunk) const {
    const auto part = std::partition_point(parts_.begin(), parts_.end(), [&](const Part& candidate) {
        return candidate.segment->rows.back().chunk < chunk;
    });
    if (part == parts_.end()) return {};
    const auto& rows = part->segment->rows;
    const auto row = std::partition_point(rows.begin(), rows.end(),
                                          [&](const VectorRow& candidate) { return candidate.chunk < chunk; });
    const auto index = static_cast<std::size_t>(row - rows.begin());
    if (row == rows.end() || row->chunk != chunk || !part->is_live(index)) return {};
    return {&*part, index};
}

std::int64_t VectorIndex::document_of(std::int64_t chunk) const {
    const Place place = find(chunk);
    return place.part == nullptr ? -1 : place.part->segment->rows[place.row].document;
}

std::span<const float> VectorIndex::vector_of(std::int64_t chunk) const {
    const Place place = find(chunk);
    if (place.part == nullptr) return {};
    return {place.part->segment->storage.row(place.row), static_cast<std::size_t>(dimensions_)};
}

}  // namespace hearth::retrieval
