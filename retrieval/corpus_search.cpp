#include <algorithm>
#include <cmath>

#include "core/log.h"
#include "retrieval/admission.h"
#include "retrieval/corpus_impl.h"
#include "retrieval/diversity.h"
#include "retrieval/fusion.h"
#include "retrieval/lexical.h"
#include "retrieval/query_syntax.h"

namespace hearth::retrieval {
namespace {

constexpr std::size_t kMaxPathBytes = 1024;
constexpr int kMaxHits = 200;
/// Each list's depth: what the reference figures of reciprocal rank fusion were measured with.
constexpr std::size_t kCandidates = 100;

/// In a smaller corpus the few passages that feedback takes for relevant are a large part of everything.
constexpr std::size_t kLeastFeedbackChunks = 50 * kFeedbackPassages;

/// A sentence describes a subject; fewer words than this name a thing, and what is learned leads away from it
/// (DECISIONS 17).
constexpr std::size_t kLeastFeedbackTerms = 6;

/// Who writes a phrase or a prefix says exactly what to look for.
bool can_learn(const std::vector<LexicalTerm>& terms) {
    return terms.size() >= kLeastFeedbackTerms &&
           std::all_of(terms.begin(), terms.end(), [](const LexicalTerm& term) { return term.plain; });
}

Status check_query(const Query& query) {
    if (query.text.find_first_not_of(" \t\r\n") == std::string::npos) {
        return Error(ErrorCode::kInvalidArgument, "the query is empty; say what to look for");
    }
    if (query.text.size() > kMaxQueryBytes) {
        return Error(ErrorCode::kInvalidArgument, "the query has " + std::to_string(query.text.size()) +
                                                      " bytes; at most " + std::to_string(kMaxQueryBytes) +
                                                      " are allowed");
    }
    if (query.path.size() > kMaxPathBytes) {
        return Error(ErrorCode::kInvalidArgument, "the path pattern has " + std::to_string(query.path.size()) +
                                                      " bytes; at most " + std::to_string(kMaxPathBytes) +
                                                      " are allowed");
    }
    if (query.k < 1 || query.k > kMaxHits) {
        return Error(ErrorCode::kInvalidArgument,
                     "k is " + std::to_string(query.k) + "; it must be 1 to " + std::to_string(kMaxHits));
    }
    return {};
}

}  // namespace

Result<std::vector<float>> CorpusImpl::embed_query(const std::string& text) const {
    if (auto cached = query_cache_.find(text)) return *std::move(cached);
    HEARTH_TRY(std::vector<float> vector, embedder_.embed(std::span(&text, 1)));
    if (vector.size() != static_cast<std::size_t>(embedder_.dimensions())) {
        return Error(ErrorCode::kInternal, "the embedder returned " + std::to_string(vector.size()) + " values, not " +
                                               std::to_string(embedder_.dimensions()));
    }
    if (!std::all_of(vector.begin(), vector.end(), [](float value) { return std::isfinite(value); })) {
        return Error(ErrorCode::kInternal, "the embedder returned values that are not numbers");
    }
    query_cache_.insert(text, vector);
    return vector;
}

Result<std::vector<Fused>> CorpusImpl::fused_search(Database& reader, const QueryForms& forms,
                                                    const Admission* admission) const {
    std::vector<Ranked> lexical, dense;
    if (!forms.terms.empty()) {
        HEARTH_TRY(lexical, lexical_search(reader, forms.terms, kCandidates, admission));
    }
    if (const auto current = index(); current->size() > 0 && !forms.vector.empty())
        dense = current->search(forms.vector, kCandidates, admission);
    return reciprocal_rank_fusion(lexical, dense);
}

Result<std::vector<Hit>> CorpusImpl::search(const Query& query) const {
    HEARTH_TRY_STATUS(check_query(query));
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(const auto admission, admission_of(*reader, query));
    QueryForms forms{lexical_terms(query.text), {}};
    if (auto vector = embed_query(query.text); vector.ok()) {
        forms.vector = std::move(vector).value();
    } else {
        // Words still find things while the embedder is away; hits then carry no dense score.
        HEARTH_LOG(kWarn, "retrieval", "dense_search_failed", {{"reason", vector.error().message}});
        if (vector.error().code == ErrorCode::kCancelled) return std::move(vector).error();
    }
    HEARTH_TRY(std::vector<Fused> fused, fused_search(*reader, forms, admission.get()));
    if (query.second_look && index()->size() >= kLeastFeedbackChunks && can_learn(forms.terms)) {
        HEARTH_TRY_STATUS(learn_from(*reader, fused, forms));
        HEARTH_TRY(fused, fused_search(*reader, forms, admission.get()));
    }
    const auto k = static_cast<std::size_t>(query.k);
    if (reranker_ != nullptr) HEARTH_TRY_STATUS(rerank(*reader, query.text, k, fused));
    return fill_hits(*reader, copies_last(fused, *index(), k), k);
}

namespace {

/// The best of a search with their rows, read as far down as it takes to fill k places.
struct Candidates {
    std::vector<ChunkRow> rows;
    std::vector<Window> windows;
    std::vector<const Fused*> sources;

    Status load(Database& reader, std::span<const Fused> fused);
    Result<std::vector<MergedWindow>> fill(Database& reader, std::span<const Fused> fused, std::size_t k);
};

Status Candidates::load(Database& reader, std::span<const Fused> fused) {
    std::vector<std::int64_t> chunks;
    for (const Fused& candidate : fused) chunks.push_back(candidate.chunk);
    HEARTH_TRY(auto found, find_chunks(reader, chunks));
    for (std::size_t i = 0; i < fused.size(); ++i) {
        // The index may be one write ahead of, or behind, what this reader sees.
        if (!found[i]) continue;
        const ChunkRow& row = *found[i];
        windows.push_back({row.document, row.ordinal, row.ref.span, row.ref.heading, row.ref.page});
        rows.push_back(*std::move(found[i]));
        sources.push_back(&fused[i]);
    }
    return {};
}

Result<std::vector<MergedWindow>> Candidates::fill(Database& reader, std::span<const Fused> fused, std::size_t k) {
    std::vector<MergedWindow> places;
    for (std::size_t loaded = 0; loaded < fused.size() && places.size() < k;) {
        const std::size_t more = std::min(std::max(loaded, 2 * k), fused.size() - loaded);
        HEARTH_TRY_STATUS(load(reader, fused.subspan(loaded, more)));
        loaded += more;
        places = merge_neighbours(windows, k);
    }
    return places;
}

}  // namespace

Result<std::vector<Hit>> CorpusImpl::fill_hits(Database& reader, const std::vector<Fused>& fused, std::size_t k) const {
    Candidates candidates;
    HEARTH_TRY(const std::vector<MergedWindow> places, candidates.fill(reader, fused, k));
    const bool reranked =
        std::any_of(fused.begin(), fused.end(), [](const Fused& each) { return each.rerank.has_value(); });
    std::vector<Hit> hits;
    for (const MergedWindow& place : places) {
        ChunkRow& row = candidates.rows[place.best];
        const Fused& source = *candidates.sources[place.best];
        Hit hit;
        auto text = read_text(reader, row.version, place.span);
        if (!text.ok()) {  // one damaged document must not take the others out of the list
            HEARTH_LOG(kWarn, "retrieval", "passage_unreadable",
                       {{"path", row.document_ref.path}, {"reason", text.error().message}});
            continue;
        }
        hit.text = std::move(text).value();
        hit.document = std::move(row.document_ref);
        hit.chunk = std::move(row.ref);
        hit.chunk.span = place.span;
        hit.score = reranked ? source.rerank.value_or(0) : source.score;
        hit.scores = {source.bm25, source.dense, source.score, source.rerank};
        hits.push_back(std::move(hit));
    }
    return hits;
}

}  // namespace hearth::retrieval
