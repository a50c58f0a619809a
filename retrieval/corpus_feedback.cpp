// The second look of a search: what the best passages of the first say is looked for too.
#include <algorithm>
#include <cmath>

#include "core/log.h"
#include "retrieval/corpus_impl.h"
#include "retrieval/feedback.h"
#include "retrieval/fts_words.h"

namespace hearth::retrieval {
namespace {

/// The words' weights are shared out with the query's own: kFeedbackShare to the added ones. A word that is in the
/// query already gains there.
void add_words(const std::vector<WeightedWord>& words, const std::vector<IndexedWord>& query_words,
               std::vector<LexicalTerm>& terms) {
    for (LexicalTerm& term : terms) term.weight = (1 - kFeedbackShare) / static_cast<double>(terms.size());
    const std::size_t own = terms.size();
    for (const WeightedWord& word : words) {
        const auto asked = std::find_if(query_words.begin(), query_words.end(),
                                        [&](const IndexedWord& one) { return one.stem == word.stem; });
        const std::string quoted = '"' + lower_ascii(asked == query_words.end() ? word.surface : asked->surface) + '"';
        const auto place = std::find_if(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(own),
                                        [&](const LexicalTerm& term) { return term.quoted == quoted; });
        if (place != terms.begin() + static_cast<std::ptrdiff_t>(own)) {
            place->weight += kFeedbackShare * word.weight;
        } else if (terms.size() < kMaxQueryTerms && word.surface.find('"') == std::string::npos) {
            terms.push_back({quoted, kFeedbackShare * word.weight, true});
        }
    }
}

/// Says of every term that is one word of the index how many chunks have it, so that ranking need not count.
Status add_counts(StemCounts& counts, const std::vector<IndexedWord>& words, std::vector<LexicalTerm>& terms) {
    for (LexicalTerm& term : terms) {
        const auto word = std::find_if(words.begin(), words.end(), [&](const IndexedWord& one) {
            return '"' + lower_ascii(one.surface) + '"' == term.quoted;
        });
        if (word == words.end()) continue;
        HEARTH_TRY(term.chunks, counts.of(word->stem));
    }
    return {};
}

std::string joined(const std::vector<LexicalTerm>& terms) {
    std::string out;
    for (const LexicalTerm& term : terms) out += term.quoted + ' ';
    return out;
}

}  // namespace

Result<std::vector<WeightedWord>> CorpusImpl::words_of(Database& reader, const std::vector<Fused>& best,
                                                       const std::vector<LexicalTerm>& terms) const {
    const std::string expression = fts_expression(terms);
    std::vector<std::vector<IndexedWord>> passages;
    for (const Fused& candidate : best) {
        HEARTH_TRY(const auto row, find_chunk(reader, candidate.chunk));
        if (!row) continue;
        auto text = read_text(reader, row->version, row->ref.span);
        if (!text.ok()) continue;  // a damaged document teaches nothing
        HEARTH_TRY(std::vector<IndexedWord> words, indexed_words(reader, expression, *text));
        passages.push_back(std::move(words));
    }
    const auto chunks = static_cast<double>(index()->size());
    HEARTH_TRY(const std::int64_t generation, read_generation(reader));
    HEARTH_TRY(StemCounts counts, StemCounts::open(reader, generation, stem_counts_));
    return telling_words(passages, [&](const std::string& stem) {
        const auto holding = counts.of(stem);
        if (!holding.ok() || *holding <= 0) return 0.0;
        return std::log(1 + (chunks - static_cast<double>(*holding) + 0.5) / (static_cast<double>(*holding) + 0.5));
    });
}

Status CorpusImpl::count_terms(Database& reader, std::vector<LexicalTerm>& terms) const {
    HEARTH_TRY(const std::int64_t generation, read_generation(reader));
    HEARTH_TRY(StemCounts counts, StemCounts::open(reader, generation, stem_counts_));
    HEARTH_TRY(const std::vector<IndexedWord> words, indexed_words(reader, fts_expression(terms), joined(terms)));
    return add_counts(counts, words, terms);
}

Status CorpusImpl::learn_from(Database& reader, const std::vector<Fused>& first, QueryForms& forms) const {
    const std::vector<Fused> best(
        first.begin(), first.begin() + static_cast<std::ptrdiff_t>(std::min(first.size(), kFeedbackPassages)));
    HEARTH_TRY(const std::vector<WeightedWord> words, words_of(reader, best, forms.terms));
    HEARTH_TRY(const std::vector<IndexedWord> asked,
               indexed_words(reader, fts_expression(forms.terms), joined(forms.terms)));
    if (!words.empty()) add_words(words, asked, forms.terms);
    HEARTH_TRY_STATUS(count_terms(reader, forms.terms));
    const auto current = index();
    std::vector<std::span<const float>> vectors;
    for (const Fused& candidate : best) {
        if (const auto vector = current->vector_of(candidate.chunk); !vector.empty()) vectors.push_back(vector);
    }
    if (!forms.vector.empty()) move_towards(forms.vector, vectors);
    return {};
}

}  // namespace hearth::retrieval
