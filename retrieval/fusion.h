// Putting ranked lists together, and putting overlapping windows of one document together. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "retrieval/types.h"

namespace hearth::retrieval {

/// One entry of a ranked list, best first. `score` is the list's own; it is carried along, not compared.
struct Ranked {
    std::int64_t chunk = 0;
    double score = 0;
};

/// A chunk that at least one list holds.
struct Fused {
    std::int64_t chunk = 0;
    double score = 0;
    std::optional<double> bm25;
    std::optional<double> dense;
    std::optional<double> rerank;  ///< set by a reranker alone, which then decides the order
};

/// The constant of reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009).
constexpr double kReciprocalRankConstant = 60;

/// score(chunk) = sum over lists of 1 / (60 + rank), rank from 1. Best first; equal scores in order of chunk id,
/// so the result never depends on hashing.
std::vector<Fused> reciprocal_rank_fusion(std::span<const Ranked> lexical, std::span<const Ranked> dense);

/// What merging needs to know of a candidate.
struct Window {
    std::int64_t document = 0;
    std::int64_t ordinal = 0;  ///< place of the chunk in its document
    Span span;
    std::string heading;
    std::optional<int> page;
};

/// A place in the result: the best candidate (index into the input) and the text it now covers.
struct MergedWindow {
    std::size_t best = 0;
    Span span;
    std::int64_t first_ordinal = 0;
    std::int64_t last_ordinal = 0;
};

/// A merged window covers at most this many chunks, so that one long section does not become one long hit.
constexpr std::int64_t kMaxMergedChunks = 3;

/// Takes candidates best first until `k` places are filled. A candidate that continues a place already taken (same
/// document, heading and page, the chunk just before or after it) widens that place instead of taking its own.
std::vector<MergedWindow> merge_neighbours(std::span<const Window> candidates, std::size_t k);

}  // namespace hearth::retrieval
