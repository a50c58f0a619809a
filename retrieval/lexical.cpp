#include "retrieval/lexical.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace hearth::retrieval {
namespace {

// The list of Lucene's English analyzer with the question words and auxiliaries a person asks with.
constexpr std::array<std::string_view, 75> kStopWords = {
    "a",     "about", "am",     "an",   "and",   "any", "are",  "as",   "at",   "be",    "been",  "but",   "by",
    "can",   "could", "did",    "do",   "does",  "for", "from", "had",  "has",  "have",  "how",   "i",     "if",
    "in",    "into",  "is",     "it",   "its",   "me",  "my",   "no",   "not",  "of",    "on",    "or",    "our",
    "s",     "shall", "should", "so",   "such",  "t",   "than", "that", "the",  "their", "them",  "then",  "there",
    "these", "they",  "this",   "to",   "was",   "we",  "were", "what", "when", "where", "which", "while", "who",
    "whom",  "why",   "will",   "with", "would", "you", "your", "must", "may",  "whose"};

struct Term {
    std::string text;  // folded words, separated by one space when it is a phrase
    bool prefix = false;
    bool stop_word = false;
};

bool is_word_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The next run of word bytes at or after `at`, lower-cased where ASCII; `at` moves behind it.
std::string take_word(std::string_view text, std::size_t& at) {
    while (at < text.size() && !is_word_byte(text[at])) ++at;
    std::string word;
    while (at < text.size() && is_word_byte(text[at])) word += lower(text[at++]);
    return word;
}

Term phrase_of(std::string_view quoted) {
    Term term;
    for (std::size_t at = 0; at < quoted.size();) {
        const std::string word = take_word(quoted, at);
        if (word.empty()) break;
        if (!term.text.empty()) term.text += ' ';
        term.text += word;
    }
    return term;
}

std::vector<Term> terms_of(std::string_view query) {
    std::vector<Term> terms;
    for (std::size_t at = 0; at < query.size();) {
        if (query[at] == '"') {
            const std::size_t end = query.find('"', at + 1);
            if (end != std::string_view::npos) {
                terms.push_back(phrase_of(query.substr(at + 1, end - at - 1)));
                at = end + 1;
                if (at < query.size() && query[at] == '*') terms.back().prefix = true;
                continue;
            }
        }
        if (!is_word_byte(query[at])) {
            ++at;
            continue;
        }
        Term term{take_word(query, at)};
        term.prefix = at < query.size() && query[at] == '*';
        term.stop_word = !term.prefix && is_stop_word(term.text);
        terms.push_back(std::move(term));
    }
    std::erase_if(terms, [](const Term& term) { return term.text.empty(); });
    return terms;
}

/// The rank function with a weight and a count for each phrase of the expression, in its order.
std::string rank_call(const std::vector<LexicalTerm>& terms) {
    std::string call = "hearth_rank(chunk_text";
    for (const LexicalTerm& term : terms) {
        char pair[64];
        std::snprintf(pair, sizeof pair, ", %.6f, %lld", term.weight, static_cast<long long>(term.chunks.value_or(-1)));
        call += pair;
    }
    return call + ")";
}

}  // namespace

bool is_stop_word(std::string_view word) {
    return std::find(kStopWords.begin(), kStopWords.end(), word) != kStopWords.end();
}

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = lower(c);
    return out;
}

std::vector<LexicalTerm> lexical_terms(std::string_view query) {
    const std::vector<Term> terms = terms_of(query);
    const bool only_stop_words = std::all_of(terms.begin(), terms.end(), [](const Term& t) { return t.stop_word; });
    std::set<std::string> seen;
    std::vector<LexicalTerm> out;
    for (const Term& term : terms) {
        if (term.stop_word && !only_stop_words) continue;
        if (seen.size() == kMaxQueryTerms) break;
        // Word bytes never include the quote, so the term cannot end its own quotes.
        const std::string quoted = '"' + term.text + (term.prefix ? "\"*" : "\"");
        if (!seen.insert(quoted).second) continue;
        out.push_back({quoted, 1, !term.prefix && term.text.find(' ') == std::string::npos});
    }
    return out;
}

std::string fts_expression(const std::vector<LexicalTerm>& terms) {
    std::string expression;
    for (const LexicalTerm& term : terms) expression += (expression.empty() ? "" : " OR ") + term.quoted;
    return expression;
}

Result<std::vector<Ranked>> lexical_search(Database& reader, const std::vector<LexicalTerm>& terms, std::size_t limit,
                                           const Admission* admission) {
    // Neither sorted nor limited by SQLite: it would sort every row that has one of the words.
    std::string sql = "SELECT rowid, " + rank_call(terms);
    if (admission != nullptr) sql += ", (SELECT document FROM chunks WHERE chunk = chunk_text.rowid)";
    HEARTH_TRY(Statement statement, reader.prepare(sql + " FROM chunk_text WHERE chunk_text MATCH ?1"));
    statement.bind(1, fts_expression(terms));
    const auto better = [](const Ranked& a, const Ranked& b) {
        return a.score > b.score || (a.score == b.score && a.chunk < b.chunk);
    };
    std::vector<Ranked> best;  // a heap, the worst of them in front
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) break;
        const Ranked row{statement.column_int(0), statement.column_double(1)};
        if (best.size() == limit && !better(row, best.front())) continue;
        if (admission != nullptr && !admission->admits(statement.column_int(2), row.chunk)) continue;
        if (best.size() == limit) {
            std::pop_heap(best.begin(), best.end(), better);
            best.pop_back();
        }
        best.push_back(row);
        std::push_heap(best.begin(), best.end(), better);
    }
    std::sort_heap(best.begin(), best.end(), better);
    return best;
}

}  // namespace hearth::retrieval
