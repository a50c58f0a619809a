// The exact search in two looks. The first bounds every row's inner product by its int8 shadow, a quarter of the bytes;
// the second computes in float32 what the bounds leave open. Large indexes are split among the processor's cores.
#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <queue>
#include <system_error>
#include <thread>

#include "core/cpu.h"
#include "retrieval/vector_segment.h"

namespace hearth::retrieval {
namespace {

/// What float32 sums of a few hundred products can be off by, on vectors of length 1.
constexpr float kRoundingSlack = 1e-5f;
/// Rows bounded at a time: their products stay in the first cache.
constexpr std::size_t kBlockRows = 128;
/// A thread is worth starting for this many products, about a third of a millisecond.
constexpr std::size_t kProductsPerThread = std::size_t{6} << 20;

/// The k best so far, the worst of them on top.
class TopK {
  public:
    explicit TopK(std::size_t k) : k_(k) {}
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

/// The k largest lower bounds: what is surely below the smallest of them cannot win.
class Threshold {
  public:
    explicit Threshold(std::size_t k) : k_(k) {}
    float value() const { return value_; }
    void push(float lower_bound) {
        if (heap_.size() == k_) {
            if (lower_bound <= heap_.top()) return;
            heap_.pop();
        }
        heap_.push(lower_bound);
        if (heap_.size() == k_) value_ = heap_.top();
    }

  private:
    std::size_t k_;
    float value_ = -std::numeric_limits<float>::infinity();
    std::priority_queue<float, std::vector<float>, std::greater<>> heap_;
};

}  // namespace

struct VectorIndex::Scan {
    struct Candidate {
        const Segment* segment = nullptr;
        std::size_t row = 0;
        float lower = 0;
        float upper = 0;
    };
    /// Rows [begin, end) of all parts, counted through.
    struct Share {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::vector<Candidate> candidates;
    };

    const VectorIndex& index;
    std::span<const float> query;
    std::size_t k;
    const Admission* admission;
    AlignedVector<std::int8_t> code;
    Int8Summary summary;

    bool admits(const Part& part, std::size_t row) const {
        const VectorRow& one = part.segment->rows[row];
        return part.is_live(row) && (admission == nullptr || admission->admits(one.document, one.chunk));
    }
    bool admits_any(const Part& part, std::size_t begin, std::size_t end) const;
    void look_at_block(const Part& part, std::size_t begin, std::size_t end, Threshold& threshold,
                       std::vector<Candidate>& candidates) const;
    void look_at(Share& share) const;
    std::vector<Share> shares() const;
    std::vector<Ranked> rerank(const std::vector<Share>& shares) const;
};

bool VectorIndex::Scan::admits_any(const Part& part, std::size_t begin, std::size_t end) const {
    if (admission == nullptr) return true;
    for (std::size_t row = begin; row < end; ++row) {
        if (admits(part, row)) return true;
    }
    return false;
}

void VectorIndex::Scan::look_at_block(const Part& part, std::size_t begin, std::size_t end, Threshold& threshold,
                                      std::vector<Candidate>& candidates) const {
    const Segment& segment = *part.segment;
    const std::size_t count = end - begin;
    std::array<std::int32_t, kBlockRows> products;
    distance_kernels().dot_int8_rows(code.data(), &segment.codes[begin * query.size()], &segment.sums[begin],
                                     query.size(), count, products.data());
    // |q.v - approx| <= |q| |v - v'| + |q - q'| |v'|
    const float query_length = summary.length + summary.error;
    std::array<float, kBlockRows> approximate;
    std::array<float, kBlockRows> error;
    for (std::size_t i = 0; i < count; ++i) {
        approximate[i] = summary.scale * segment.scales[begin + i] * static_cast<float>(products[i]);
        error[i] =
            query_length * segment.errors[begin + i] + summary.error * segment.lengths[begin + i] + kRoundingSlack;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const float upper = approximate[i] + error[i];
        if (upper < threshold.value() || !admits(part, begin + i)) continue;
        candidates.push_back({&segment, begin + i, approximate[i] - error[i], upper});
        threshold.push(approximate[i] - error[i]);
    }
}

void VectorIndex::Scan::look_at(Share& share) const {
    Threshold threshold(k);
    std::size_t first = 0;
    for (const Part& part : index.parts_) {
        const std::size_t size = part.segment->size();
        const std::size_t begin = std::clamp(share.begin, first, first + size) - first;
        const std::size_t end = std::clamp(share.end, first, first + size) - first;
        first += size;
        for (std::size_t at = begin; at < end; at += kBlockRows) {
            const std::size_t stop = std::min(at + kBlockRows, end);
            if (admits_any(part, at, stop)) look_at_block(part, at, stop, threshold, share.candidates);
        }
    }
}

std::vector<VectorIndex::Scan::Share> VectorIndex::Scan::shares() const {
    static const std::size_t cores = usable_cpus().size();
    std::size_t rows = 0;
    for (const Part& part : index.parts_) rows += part.segment->size();
    const std::size_t count = std::clamp<std::size_t>(rows * query.size() / kProductsPerThread, 1, cores);
    std::vector<Share> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i].begin = rows * i / count;
        out[i].end = rows * (i + 1) / count;
    }
    return out;
}

std::vector<Ranked> VectorIndex::Scan::rerank(const std::vector<Share>& shares) const {
    Threshold threshold(k);
    for (const Share& share : shares) {
        for (const Candidate& candidate : share.candidates) threshold.push(candidate.lower);
    }
    const DistanceKernels& kernels = distance_kernels();
    TopK exact(k);
    for (const Share& share : shares) {
        for (const Candidate& candidate : share.candidates) {
            if (candidate.upper < threshold.value()) continue;
            const float* row = candidate.segment->storage.row(candidate.row);
            exact.push(kernels.dot(query.data(), row, query.size()), candidate.segment->rows[candidate.row].chunk);
        }
    }
    return exact.best_first();
}

std::vector<Ranked> VectorIndex::search(std::span<const float> query, std::size_t k, const Admission* admission) const {
    HEARTH_CHECK(query.size() == static_cast<std::size_t>(dimensions_));
    if (k == 0) return {};
    Scan scan{*this, query, k, admission, AlignedVector<std::int8_t>(query.size()), {}};
    scan.summary = quantize_int8(query, scan.code.data());
    std::vector<Scan::Share> shares = scan.shares();
    std::vector<std::jthread> helpers;
    std::size_t own = 1;  // shares from here on have a helper
    try {
        for (own = shares.size(); own > 1; --own) {
            helpers.emplace_back([&scan, &share = shares[own - 1]] { scan.look_at(share); });
        }
    } catch (const std::system_error&) {  // no more threads in this process: the caller's does the rest
    }
    for (std::size_t i = 0; i < own; ++i) scan.look_at(shares[i]);
    helpers.clear();  // joins
    return scan.rerank(shares);
}

}  // namespace hearth::retrieval
