#include "agents/support.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string>

#include "agents/polarity.h"
#include "agents/sentences.h"
#include "agents/words.h"

namespace hearth::agents {
namespace {

constexpr double kNumberWeight = 2.0;        // a figure tells passages apart better than a word
constexpr double kQuestionShare = 0.5;       // question words count half beside the answer's own
constexpr double kSecondSentenceGain = 0.3;  // of the first sentence's score, to be quoted too

bool holds(const std::vector<std::string>& sorted, const std::string& stem) {
    return std::binary_search(sorted.begin(), sorted.end(), stem);
}

std::vector<std::string> sorted_stems(std::string_view text) {
    std::vector<std::string> stems = content_stems(text);
    std::sort(stems.begin(), stems.end());
    return stems;
}

struct WeightedStem {
    std::string stem;
    double weight = 0;
};

double overlap(const std::vector<std::string>& sentence, const std::vector<WeightedStem>& wanted) {
    double sum = 0;
    for (const WeightedStem& word : wanted) sum += holds(sentence, word.stem) ? word.weight : 0.0;
    return sum;
}

std::string folded_blanks(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
        if (!blank) {
            out.push_back(c);
        } else if (!out.empty() && out.back() != ' ') {
            out.push_back(' ');
        }
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

}  // namespace

SupportIndex::SupportIndex(const std::vector<SupportPassage>& passages, std::string_view question)
    : asked_(sorted_stems(question)) {
    for (const SupportPassage& passage : passages) {
        std::string all(passage.heading);
        all += '\n';
        all += passage.text;
        entries_.push_back({passage.number, passage.heading, passage.text, sorted_stems(all)});
    }
}

double SupportIndex::weight(const std::string& stem, bool number) const {
    std::size_t holders = 0;
    for (const Entry& entry : entries_) holders += holds(entry.stems, stem) ? 1 : 0;
    // idf over the few shown passages: what all of them say tells little about which one is meant.
    const double rarity =
        std::log(1.0 + static_cast<double>(entries_.size() + 1) / (static_cast<double>(holders) + 0.5));
    return rarity * (number ? kNumberWeight : 1.0);
}

const SupportIndex::Entry* SupportIndex::find(int number) const {
    for (const Entry& entry : entries_) {
        if (entry.number == number) return &entry;
    }
    return nullptr;
}

std::optional<Support> SupportIndex::best_passage(std::string_view statement) const {
    std::optional<Support> best;
    for (const Entry& entry : entries_) {
        const std::optional<Support> support = support_of(entry, statement);
        if (!support || support->contradicted) continue;
        const bool better = !best || (support->in_sentence && !best->in_sentence) ||
                            (support->in_sentence == best->in_sentence && support->share > best->share);
        if (better) best = support;
    }
    return best;
}

std::optional<Support> SupportIndex::support_by(int number, std::string_view statement) const {
    const Entry* entry = find(number);
    return entry == nullptr ? std::nullopt : support_of(*entry, statement);
}

std::optional<Support> SupportIndex::support_of(const Entry& entry, std::string_view statement) const {
    double total = 0;
    double share = 0;
    for (const Word& word : words_of(statement)) {
        if (!word.content) continue;
        const bool held = holds(entry.stems, word.stem);
        if (!held && (word.number || (word.name && !holds(asked_, word.stem)))) return std::nullopt;
        const double w = weight(word.stem, word.number);
        total += w;
        share += held ? w : 0;
    }
    if (total == 0 || share < kMinimumShare * total) return std::nullopt;
    Support support{.number = entry.number, .share = share / total};
    nearest_sentence(entry, statement, support);
    return support;
}

void SupportIndex::nearest_sentence(const Entry& entry, std::string_view statement, Support& support) const {
    std::vector<WeightedStem> wanted;
    double total = 0;
    for (const Word& word : words_of(statement)) {
        if (!word.content) continue;
        wanted.push_back({word.stem, weight(word.stem, word.number)});
        total += wanted.back().weight;
    }
    const std::vector<std::string> heading = sorted_stems(entry.heading);
    double best = -1;
    for (const retrieval::Span& sentence : sentences_of(entry.text)) {
        const std::vector<std::string> stems =
            sorted_stems(entry.text.substr(sentence.start, sentence.end - sentence.start));
        const double own = overlap(stems, wanted);
        if (own <= best) continue;
        best = own;
        std::vector<std::string> all;
        std::set_union(stems.begin(), stems.end(), heading.begin(), heading.end(), std::back_inserter(all));
        support.sentence = sentence;
        support.in_sentence = own > 0 && overlap(all, wanted) >= kMinimumShare * total;
    }
    const auto text = entry.text.substr(support.sentence.start, support.sentence.end - support.sentence.start);
    support.contradicted = support.in_sentence && contradicts(statement, text);
}

retrieval::Span SupportIndex::best_sentences(int number, std::string_view statement, std::string_view question) const {
    const Entry* entry = find(number);
    if (entry == nullptr) return {};
    const std::vector<retrieval::Span> sentences = sentences_of(entry->text);
    if (sentences.empty()) return {};
    std::vector<WeightedStem> wanted;
    for (const Word& word : words_of(statement)) {
        if (word.content) wanted.push_back({word.stem, weight(word.stem, word.number)});
    }
    for (const std::string& stem : content_stems(question))
        wanted.push_back({stem, kQuestionShare * weight(stem, false)});
    std::vector<double> scores;
    std::vector<std::vector<std::string>> stems;
    const std::vector<std::string> heading_stems = content_stems(entry->heading);
    for (const retrieval::Span& sentence : sentences) {
        const std::string_view words = entry->text.substr(sentence.start, sentence.end - sentence.start);
        // The heading is shown as the passage's place: as a quote it, or a number alone, would carry nothing.
        const bool empty = repeats_heading(words, heading_stems) || words.find(' ') == std::string_view::npos;
        stems.push_back(empty ? std::vector<std::string>() : sorted_stems(words));
        scores.push_back(empty ? -1 : overlap(stems.back(), wanted));
    }
    const std::size_t best = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    retrieval::Span span = sentences[best];
    std::vector<WeightedStem> missing;
    for (const WeightedStem& word : wanted) {
        if (!holds(stems[best], word.stem)) missing.push_back(word);
    }
    const double next_gain = best + 1 < sentences.size() ? overlap(stems[best + 1], missing) : 0;
    const double previous_gain = best > 0 ? overlap(stems[best - 1], missing) : 0;
    if (std::max(next_gain, previous_gain) > kSecondSentenceGain * scores[best] && scores[best] > 0) {
        if (next_gain >= previous_gain) {
            span.end = sentences[best + 1].end;
        } else {
            span.start = sentences[best - 1].start;
        }
    }
    return span;
}

std::vector<retrieval::Span> quotes_not_in(std::string_view answer, const std::vector<std::string_view>& texts) {
    struct Marks {
        std::string_view open;
        std::string_view close;
    };
    static constexpr std::array<Marks, 4> kMarks = {{
        {"\"", "\""},
        {"\u201c", "\u201d"},
        {"\u201e", "\u201c"},
        {"\u00ab", "\u00bb"},
    }};
    std::vector<std::string> folded;
    for (const std::string_view text : texts) folded.push_back(folded_blanks(text));
    std::vector<retrieval::Span> unknown;
    for (std::size_t at = 0; at < answer.size();) {
        const Marks* marks = nullptr;
        for (const Marks& candidate : kMarks) {
            if (answer.substr(at).starts_with(candidate.open)) marks = &candidate;
        }
        const std::size_t start = at + (marks != nullptr ? marks->open.size() : 1);
        const std::size_t end = marks != nullptr ? answer.find(marks->close, start) : std::string_view::npos;
        if (end == std::string_view::npos) {
            at = start;
            continue;
        }
        const std::string quote = folded_blanks(answer.substr(start, end - start));
        const bool known = std::any_of(folded.begin(), folded.end(),
                                       [&](const std::string& text) { return text.find(quote) != std::string::npos; });
        if (quote.find(' ') != std::string::npos && !known) unknown.push_back({start, end});
        at = end + marks->close.size();
    }
    return unknown;
}

}  // namespace hearth::agents
