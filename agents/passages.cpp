#include "agents/passages.h"

#include <algorithm>

#include "agents/sentences.h"

namespace hearth::agents {
namespace {

constexpr std::size_t kTouchBytes = 4;      // blanks between two chunks that follow each other
constexpr int kPassageOverheadTokens = 12;  // number, file name and line ends around a passage

/// Parts of one run of text: what is cited keeps the one heading and page that its place has.
bool continues(const retrieval::Hit& a, const retrieval::Hit& b) {
    return a.document.id == b.document.id && a.chunk.heading == b.chunk.heading && a.chunk.page == b.chunk.page &&
           a.chunk.span.start <= b.chunk.span.end + kTouchBytes && b.chunk.span.start <= a.chunk.span.end + kTouchBytes;
}

void merge_into(retrieval::Hit& kept, const retrieval::Hit& other) {
    kept.chunk.span.start = std::min(kept.chunk.span.start, other.chunk.span.start);
    kept.chunk.span.end = std::max(kept.chunk.span.end, other.chunk.span.end);
    if (other.scores.dense && (!kept.scores.dense || *kept.scores.dense < *other.scores.dense)) {
        kept.scores.dense = other.scores.dense;
    }
    if (other.scores.bm25 && (!kept.scores.bm25 || *kept.scores.bm25 < *other.scores.bm25)) {
        kept.scores.bm25 = other.scores.bm25;
    }
}

/// Into the better placed of the two, until no two continue each other: a hit can close the gap between two others.
void merge_neighbours(std::vector<retrieval::Hit>& hits) {
    for (std::size_t i = 0; i < hits.size(); ++i) {
        for (std::size_t j = i + 1; j < hits.size(); ++j) {
            if (!continues(hits[i], hits[j])) continue;
            merge_into(hits[i], hits[j]);
            hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(j));
            i = 0;
            j = 0;
        }
    }
}

/// Shortens to whole sentences that fit; empty when not even the first does.
std::string cut_to_budget(const std::string& text, int budget, const TokenCount& count) {
    std::size_t end = 0;
    for (const retrieval::Span& sentence : sentences_of(text)) {
        if (count(std::string_view(text).substr(0, sentence.end)) > budget) break;
        end = sentence.end;
    }
    return text.substr(0, end);
}

}  // namespace

Result<std::string> read_span(const retrieval::Corpus& corpus, const std::string& document_id, retrieval::Span span) {
    HEARTH_TRY(const retrieval::Passage passage, corpus.passage(document_id, span, 0));
    if (span.start < passage.window.start || span.end > passage.window.end || span.end < span.start ||
        span.end - passage.window.start > passage.text.size()) {
        return Error(ErrorCode::kNotFound, "Document " + document_id + " changed: the passage is no longer there.");
    }
    return passage.text.substr(span.start - passage.window.start, span.end - span.start);
}

Result<std::vector<retrieval::Hit>> select_passages(const std::vector<retrieval::Hit>& hits,
                                                    const retrieval::Corpus& corpus, const PassageLimits& limits,
                                                    const TokenCount& count) {
    const std::size_t shown = std::min(hits.size(), static_cast<std::size_t>(std::max(0, limits.count)));
    std::vector<retrieval::Hit> merged(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(shown));
    merge_neighbours(merged);
    std::vector<retrieval::Hit> passages;
    int left = limits.token_budget;
    for (retrieval::Hit& hit : merged) {
        auto text = read_span(corpus, hit.document.id, hit.chunk.span);
        // Gone or rewritten between the search and now: its words must not be shown.
        if (!text.ok() && text.error().code == ErrorCode::kNotFound) continue;
        if (!text.ok()) return std::move(text).error();
        hit.text = std::move(text).value();
        const int cost = count(hit.text) + count(hit.chunk.heading) + kPassageOverheadTokens;
        if (cost > left) {
            std::string cut = cut_to_budget(hit.text, left - (cost - count(hit.text)), count);
            if (cut.empty() && passages.empty()) cut = hit.text;
            if (cut.empty()) continue;
            hit.text = std::move(cut);
            hit.chunk.span.end = hit.chunk.span.start + hit.text.size();
        }
        left -= count(hit.text) + count(hit.chunk.heading) + kPassageOverheadTokens;
        passages.push_back(std::move(hit));
    }
    return passages;
}

}  // namespace hearth::agents
