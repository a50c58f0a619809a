#include "agents/polarity.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "agents/words.h"

namespace hearth::agents {
namespace {

/// Stems (agents/words.h) that turn a statement round.
bool denies(std::string_view stem) {
    static const std::unordered_set<std::string_view> kDenials = {
        "no",       "not",    "never",  "none",   "nor",      "neither", "cannot",    "without", "forbidden",
        "prohibit", "exclud", "except", "unable", "unlawful", "ban",     "impossibl", "nobody",
    };
    return kDenials.contains(stem) || stem.ends_with("n't");
}

bool denies(const std::vector<Word>& words) {
    return std::any_of(words.begin(), words.end(), [](const Word& word) { return denies(word.stem); });
}

/// Clauses: between commas, semicolons, brackets and conjunctions.
std::vector<std::vector<Word>> clauses_of(std::string_view sentence) {
    static const std::unordered_set<std::string_view> kConjunctions = {"and", "but", "because", "while", "or"};
    std::vector<std::vector<Word>> clauses(1);
    std::size_t last_end = 0;
    for (Word& word : words_of(sentence)) {
        const std::string_view between = sentence.substr(last_end, word.span.start - last_end);
        last_end = word.span.end;
        const bool joint = kConjunctions.contains(word.stem);
        if (joint || between.find_first_of(",;:()") != std::string_view::npos) clauses.emplace_back();
        if (!joint) clauses.back().push_back(std::move(word));
    }
    return clauses;
}

}  // namespace

bool contradicts(std::string_view statement, std::string_view sentence) {
    const std::vector<Word> said = words_of(statement);
    const std::vector<std::string> stems = content_stems(statement);
    std::size_t best = 0;
    bool best_denies = false;
    for (const std::vector<Word>& clause : clauses_of(sentence)) {
        const auto shared = static_cast<std::size_t>(std::count_if(clause.begin(), clause.end(), [&](const Word& word) {
            return word.content && std::find(stems.begin(), stems.end(), word.stem) != stems.end();
        }));
        const bool clause_denies = denies(clause);
        // Of equals the denying one: a wrong "covered" costs more than a quote too many.
        if (shared > best || (shared == best && shared > 0 && clause_denies)) {
            best_denies = clause_denies;
            best = shared;
        }
    }
    return best > 0 && best_denies != denies(said);
}

}  // namespace hearth::agents
