#include "agents/sources.h"

#include <algorithm>

#include "agents/passages.h"
#include "agents/sentences.h"

namespace hearth::agents {
namespace {

/// The answer's sentence that carries the first mark of `number`; the whole answer when there is none.
std::string_view cited_statement(std::string_view answer, const std::vector<CitationMark>& marks, int number) {
    const auto mark =
        std::find_if(marks.begin(), marks.end(), [&](const CitationMark& m) { return m.number == number; });
    if (mark == marks.end()) return answer;
    for (const retrieval::Span sentence : sentences_of(answer)) {
        if (mark->start >= sentence.start && mark->start <= sentence.end) {
            return answer.substr(sentence.start, sentence.end - sentence.start);
        }
    }
    return answer;
}

}  // namespace

std::vector<Source> sources_of(const std::vector<retrieval::Hit>& passages, int first_number) {
    std::vector<Source> sources;
    for (const retrieval::Hit& passage : passages) {
        Source source;
        source.number = first_number++;
        source.hit = passage;
        sources.push_back(std::move(source));
    }
    return sources;
}

std::vector<SupportPassage> support_passages(const std::vector<Source>& sources) {
    std::vector<SupportPassage> passages;
    for (const Source& source : sources) {
        const bool computed = !source.computed.empty();
        passages.push_back({source.number, computed ? source.computed : source.hit.chunk.heading, source.hit.text});
    }
    return passages;
}

Status quote_sources(std::vector<Source>& sources, std::string_view answer, const std::vector<CitationMark>& marks,
                     std::string_view question, const SupportIndex& support, const retrieval::Corpus& corpus) {
    for (Source& source : sources) {
        source.cited = std::any_of(marks.begin(), marks.end(),
                                   [&](const CitationMark& mark) { return mark.number == source.number; });
        const std::string_view statement = source.cited ? cited_statement(answer, marks, source.number) : question;
        const retrieval::Span inside = support.best_sentences(source.number, statement, question);
        source.quote = source.hit.text.substr(inside.start, inside.end - inside.start);
        const std::size_t base = source.hit.chunk.span.start;
        source.quote_span = {base + inside.start, base + inside.end};
        const auto record = read_span(corpus, source.hit.document.id, source.quote_span);
        if (!record.ok() && record.error().code != ErrorCode::kNotFound) return record.error();
        source.verified = record.ok() && !source.quote.empty() && *record == source.quote;  // a document may be gone
    }
    return {};
}

}  // namespace hearth::agents
