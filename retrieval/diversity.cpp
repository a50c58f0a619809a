#include "retrieval/diversity.h"

#include <algorithm>

#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

struct Kept {
    std::int64_t document = 0;
    std::span<const float> vector;
};

}  // namespace

std::vector<Fused> copies_last(const std::vector<Fused>& fused, const VectorIndex& index, std::size_t k) {
    const DistanceKernels& kernels = distance_kernels();
    std::vector<Kept> kept;
    std::vector<Fused> out;
    std::vector<Fused> copies;
    for (const Fused& candidate : fused) {
        const std::span<const float> vector = index.vector_of(candidate.chunk);
        if (out.size() >= k || vector.empty()) {
            out.push_back(candidate);
            continue;
        }
        const std::int64_t document = index.document_of(candidate.chunk);
        const bool copy = std::any_of(kept.begin(), kept.end(), [&](const Kept& other) {
            return other.document != document &&
                   kernels.dot(other.vector.data(), vector.data(), vector.size()) >= kCopyCosine;
        });
        if (copy) {
            copies.push_back(candidate);
            continue;
        }
        kept.push_back({document, vector});
        out.push_back(candidate);
    }
    out.insert(out.end(), copies.begin(), copies.end());
    return out;
}

}  // namespace hearth::retrieval
