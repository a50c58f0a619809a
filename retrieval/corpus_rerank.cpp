#include <algorithm>
#include <cmath>

#include "core/log.h"
#include "retrieval/corpus_impl.h"

namespace hearth::retrieval {
namespace {

/// Candidates that are read again. Twice the places of a list at least, because neighbours merge into one place.
constexpr std::size_t kLeastReranked = 32;
constexpr std::size_t kMostReranked = 200;

}  // namespace

Status CorpusImpl::rerank(Database& reader, const std::string& question, std::size_t k,
                          std::vector<Fused>& fused) const {
    const std::size_t depth = std::min({std::clamp(2 * k, kLeastReranked, kMostReranked), fused.size()});
    std::vector<std::int64_t> chunks;
    for (std::size_t i = 0; i < depth; ++i) chunks.push_back(fused[i].chunk);
    HEARTH_TRY(const auto rows, find_chunks(reader, chunks));
    std::vector<std::string> passages;
    std::vector<Fused*> candidates;
    for (std::size_t i = 0; i < depth; ++i) {
        if (!rows[i]) continue;
        auto text = read_text(reader, rows[i]->version, rows[i]->ref.span);
        if (!text.ok()) continue;  // fill_hits() says so
        passages.push_back(std::move(text).value());
        candidates.push_back(&fused[i]);
    }
    if (passages.empty()) return {};
    const auto scores = reranker_->score(question, passages);
    if (!scores.ok() && scores.error().code == ErrorCode::kCancelled) return scores.error();
    const bool usable = scores.ok() && scores->size() == passages.size() &&
                        std::all_of(scores->begin(), scores->end(), [](float score) { return std::isfinite(score); });
    if (!usable) {  // the fused order is still a good one
        HEARTH_LOG(kWarn, "retrieval", "rerank_failed",
                   {{"reason", scores.ok() ? std::string("scores that are no numbers") : scores.error().message}});
        return {};
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i]->rerank = (*scores)[i];
    std::stable_sort(fused.begin(), fused.end(),
                     [](const Fused& a, const Fused& b) { return a.rerank.value_or(-1.0) > b.rerank.value_or(-1.0); });
    return {};
}

}  // namespace hearth::retrieval
