#include "agents/ruling.h"

#include <algorithm>

#include "agents/prompt.h"

namespace hearth::agents {
namespace {

CitationWriter::Quote quote_of(const RankedSentence& ranked, const std::vector<retrieval::Hit>& passages) {
    const std::string& text = passages[ranked.passage].text;
    return {one_line(text.substr(ranked.span.start, ranked.span.end - ranked.span.start)),
            static_cast<int>(ranked.passage) + 1};
}

}  // namespace

CitationWriter::Ruling rule_on(const std::optional<Support>& support, const std::vector<retrieval::Hit>& passages,
                               const std::vector<RankedSentence>& ranked) {
    if (ranked.empty()) return {};
    const double nearest = ranked.front().cosine;
    if (support) {
        const auto carrier = std::find_if(ranked.begin(), ranked.end(), [&](const RankedSentence& sentence) {
            return static_cast<int>(sentence.passage) + 1 == support->number &&
                   sentence.span.start < support->sentence.end && support->sentence.start < sentence.span.end;
        });
        if (carrier != ranked.end() && nearest - carrier->cosine <= kTie) return {};
    }
    CitationWriter::Ruling ruling;
    ruling.keep = support.has_value();
    ruling.quotes.push_back(quote_of(ranked.front(), passages));
    const bool tied = ranked.size() > 1 && nearest - ranked[1].cosine <= kTie;
    if (!ruling.keep && tied) ruling.quotes.push_back(quote_of(ranked[1], passages));
    return ruling;
}

}  // namespace hearth::agents
