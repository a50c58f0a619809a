#include "retrieval/vector_index.h"

#include <faiss/impl/FaissException.h>

#include <algorithm>
#include <new>
#include <numeric>

#include "retrieval/vector_segment.h"

namespace hearth::retrieval {
namespace {

/// Segments of this size are not joined any further: it bounds what one write copies (about 100 MB at 384
/// dimensions would be felt, 25 MB is not).
constexpr std::size_t kLargestJoin = 16384;

}  // namespace

void VectorIndex::Segment::append(const VectorRow& row, const float* vector) {
    storage.add(1, vector);
    rows.push_back(row);
    const auto n = static_cast<std::size_t>(storage.d);
    codes.resize(codes.size() + n);
    const std::int8_t* code = codes.data() + codes.size() - n;
    const Int8Summary summary = quantize_int8({vector, n}, codes.data() + codes.size() - n);
    scales.push_back(summary.scale);
    errors.push_back(summary.error);
    lengths.push_back(summary.length);
    sums.push_back(std::accumulate(code, code + n, std::int32_t{0}));
}

void VectorIndex::Segment::reserve(std::size_t count) {
    const auto n = static_cast<std::size_t>(storage.d);
    storage.codes.reserve(count * n * sizeof(float));
    rows.reserve(count);
    codes.reserve(count * n);
    scales.reserve(count);
    errors.reserve(count);
    lengths.reserve(count);
    sums.reserve(count);
}

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

std::size_t VectorIndex::size() const noexcept {
    std::size_t count = 0;
    for (const Part& part : parts_) count += part.live();
    return count;
}

std::size_t VectorIndex::bytes() const noexcept {
    const std::size_t row = static_cast<std::size_t>(dimensions_) * (sizeof(float) + 1) + sizeof(VectorRow) +
                            sizeof(Int8Summary) + sizeof(std::int32_t);
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
