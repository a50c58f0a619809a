#include "retrieval/fusion.h"

#include <algorithm>
#include <map>

namespace hearth::retrieval {

std::vector<Fused> reciprocal_rank_fusion(std::span<const Ranked> lexical, std::span<const Ranked> dense) {
    std::map<std::int64_t, Fused> by_chunk;
    const auto add = [&](std::span<const Ranked> list, std::optional<double> Fused::*own_score) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            Fused& fused = by_chunk[list[i].chunk];
            fused.chunk = list[i].chunk;
            fused.score += 1.0 / (kReciprocalRankConstant + static_cast<double>(i + 1));
            fused.*own_score = list[i].score;
        }
    };
    add(lexical, &Fused::bm25);
    add(dense, &Fused::dense);
    std::vector<Fused> out;
    out.reserve(by_chunk.size());
    for (const auto& [chunk, fused] : by_chunk) out.push_back(fused);
    std::stable_sort(out.begin(), out.end(), [](const Fused& a, const Fused& b) { return a.score > b.score; });
    return out;
}

namespace {

bool continues(const MergedWindow& place, const Window& best, const Window& candidate) {
    if (best.document != candidate.document || best.heading != candidate.heading || best.page != candidate.page) {
        return false;
    }
    const bool adjacent = candidate.ordinal == place.first_ordinal - 1 || candidate.ordinal == place.last_ordinal + 1;
    return adjacent && place.last_ordinal - place.first_ordinal + 1 < kMaxMergedChunks;
}

}  // namespace

std::vector<MergedWindow> merge_neighbours(std::span<const Window> candidates, std::size_t k) {
    std::vector<MergedWindow> places;
    for (std::size_t i = 0; i < candidates.size() && places.size() < k; ++i) {
        const Window& candidate = candidates[i];
        const auto place = std::find_if(places.begin(), places.end(), [&](const MergedWindow& taken) {
            return continues(taken, candidates[taken.best], candidate);
        });
        if (place == places.end()) {
            places.push_back({i, candidate.span, candidate.ordinal, candidate.ordinal});
            continue;
        }
        place->span.start = std::min(place->span.start, candidate.span.start);
        place->span.end = std::max(place->span.end, candidate.span.end);
        place->first_ordinal = std::min(place->first_ordinal, candidate.ordinal);
        place->last_ordinal = std::max(place->last_ordinal, candidate.ordinal);
    }
    return places;
}

}  // namespace hearth::retrieval
