#include "agents/words.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "core/utf8.h"

namespace hearth::agents {
namespace {

constexpr std::size_t kShortestStem = 3;

bool is_digit(char32_t c) {
    return c >= '0' && c <= '9';
}

bool is_cjk(char32_t c) {
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF);
}

bool is_letter(char32_t c) {
    if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
    if (c == 0xD7 || c == 0xF7) return false;
    return !(c >= 0x2000 && c <= 0x2BFF) && !(c >= 0x3000 && c <= 0x303F) && c != kReplacementCharacter &&
           !(c >= 0xFE00 && c <= 0xFEFF) && !(c >= 0xFF00 && c <= 0xFF0F);
}

bool is_upper(char32_t c) {
    return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) ||
           (c >= 0x410 && c <= 0x42F);
}

char32_t fold(char32_t c) {
    return is_upper(c) ? c + 32 : c;
}

const std::unordered_set<std::string_view>& function_words() {
    static const std::unordered_set<std::string_view> kWords = {
        "a",     "about",  "all",     "also",    "am",    "an",      "and",   "any",    "are",   "as",     "at",
        "be",    "been",   "being",   "but",     "by",    "can",     "could", "did",    "do",    "does",   "doing",
        "done",  "each",   "else",    "for",     "from",  "get",     "gets",  "give",   "given", "had",    "has",
        "have",  "having", "he",      "her",     "hers",  "him",     "his",   "how",    "i",     "if",     "in",
        "into",  "is",     "it",      "its",     "just",  "kind",    "let",   "long",   "many",  "may",    "me",
        "might", "mine",   "more",    "most",    "much",  "must",    "my",    "no",     "not",   "of",     "off",
        "on",    "one",    "only",    "or",      "other", "our",     "ours",  "out",    "over",  "please", "per",
        "shall", "she",    "should",  "so",      "some",  "such",    "tell",  "than",   "that",  "the",    "their",
        "them",  "then",   "there",   "these",   "they",  "this",    "those", "to",     "too",   "under",  "until",
        "up",    "us",     "use",     "used",    "uses",  "very",    "was",   "we",     "were",  "what",   "when",
        "where", "which",  "while",   "who",     "whom",  "whose",   "why",   "will",   "with",  "within", "without",
        "would", "you",    "your",    "yours",   "don't", "doesn't", "isn't", "what's", "who's", "i'm",    "it's",
        "need",  "happen", "happens", "exactly",
    };
    return kWords;
}

/// "three weeks" and "3 weeks" are the same statement. "one" is left out: it is a pronoun more often.
std::string_view digits_of(std::string_view word) {
    static constexpr std::array<std::string_view, 11> kSpelled = {
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    };
    static constexpr std::array<std::string_view, 11> kDigits = {"2", "3", "4",  "5",  "6", "7",
                                                                 "8", "9", "10", "11", "12"};
    const auto* found = std::find(kSpelled.begin(), kSpelled.end(), word);
    return found == kSpelled.end() ? std::string_view{} : kDigits[static_cast<std::size_t>(found - kSpelled.begin())];
}

struct Ending {
    std::string_view from;
    std::string_view to;
};

/// One ending off, longest first: enough to join "approves"/"approval" and "registered"/"register".
std::string strip_ending(std::string word) {
    static constexpr std::array<Ending, 20> kEndings = {{
        {"ations", ""}, {"ation", ""}, {"ments", ""}, {"ment", ""}, {"ings", ""}, {"ance", ""}, {"ing", ""},
        {"ies", "y"},   {"ied", "y"},  {"als", ""},   {"ers", ""},  {"ed", ""},   {"er", ""},   {"es", ""},
        {"ly", ""},     {"al", ""},    {"'s", ""},    {"ss", "ss"}, {"us", "us"}, {"s", ""},
    }};
    for (const Ending& ending : kEndings) {
        if (!word.ends_with(ending.from)) continue;
        if (word.size() - ending.from.size() + ending.to.size() < kShortestStem) continue;
        word.replace(word.size() - ending.from.size(), ending.from.size(), ending.to);
        break;
    }
    if (word.size() > kShortestStem && word.back() == 'e') word.pop_back();
    const std::size_t n = word.size();
    if (n > kShortestStem && word[n - 1] == word[n - 2] && word[n - 1] != 's' && word[n - 1] != 'l') word.pop_back();
    return word;
}

/// Reads one word at `at` (a letter or digit); returns the first byte behind it.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Word read(std::size_t& at) {
        Word word;
        word.span.start = at;
        const DecodedCodePoint first = decode_utf8(text_, at);
        const bool capital = is_upper(first.value);
        std::string folded;
        while (at < text_.size()) {
            const DecodedCodePoint c = decode_utf8(text_, at);
            if (is_letter(c.value) || is_digit(c.value)) {
                word.number = word.number || is_digit(c.value);
                append_utf8(folded, fold(c.value));
            } else if (!joins(at, c, word.number, folded)) {
                break;
            }
            at += c.length;
            if (is_cjk(c.value) || (at < text_.size() && is_cjk(decode_utf8(text_, at).value))) break;
        }
        word.span.end = at;
        if (const std::string_view digits = digits_of(folded); !digits.empty()) {
            folded = digits;
            word.number = true;
        }
        word.content = word.number || !function_words().contains(folded);
        word.name = capital && !opens_sentence(word.span.start);
        word.stem = word.number ? folded : strip_ending(std::move(folded));
        return word;
    }

  private:
    /// An apostrophe between letters, or a separator between digits: "doctor's", "9.2", "2,000".
    bool joins(std::size_t at, const DecodedCodePoint& c, bool number, std::string& folded) const {
        const std::size_t next_at = at + c.length;
        if (next_at >= text_.size()) return false;
        const char32_t next = decode_utf8(text_, next_at).value;
        if ((c.value == '\'' || c.value == 0x2019) && is_letter(next)) {
            folded.push_back('\'');
            return true;
        }
        if (!number || !is_digit(next) || !is_digit(static_cast<unsigned char>(text_[at - 1]))) return false;
        if (c.value == ',') return true;
        if (c.value != '.' && c.value != ':') return false;
        folded.push_back(static_cast<char>(c.value));
        return true;
    }

    bool opens_sentence(std::size_t start) const {
        while (start > 0) {
            const char c = text_[--start];
            if (c == ' ' || c == '\t' || c == '"' || c == '(' || c == '*' || c == '-' || c == '|') continue;
            return c == '.' || c == '!' || c == '?' || c == ':' || c == '\n';
        }
        return true;
    }

    std::string_view text_;
};

}  // namespace

std::vector<Word> words_of(std::string_view text) {
    std::vector<Word> words;
    Reader reader(text);
    for (std::size_t at = 0; at < text.size();) {
        const DecodedCodePoint c = decode_utf8(text, at);
        if (is_letter(c.value) || is_digit(c.value)) {
            words.push_back(reader.read(at));
        } else {
            at += c.length;
        }
    }
    return words;
}

std::vector<std::string> content_stems(std::string_view text) {
    std::vector<std::string> stems;
    for (Word& word : words_of(text)) {
        if (!word.content || std::find(stems.begin(), stems.end(), word.stem) != stems.end()) continue;
        stems.push_back(std::move(word.stem));
    }
    return stems;
}

bool repeats_heading(std::string_view sentence, const std::vector<std::string>& heading_stems) {
    if (sentence.starts_with('#')) return true;
    const std::size_t digits = std::min(sentence.find_first_not_of("0123456789"), sentence.size());
    if (digits > 0 && sentence.substr(digits).starts_with(". ")) sentence.remove_prefix(digits + 2);
    const std::vector<std::string> stems = content_stems(sentence);
    return std::all_of(stems.begin(), stems.end(), [&](const std::string& stem) {
        return std::find(heading_stems.begin(), heading_stems.end(), stem) != heading_stems.end();
    });
}

}  // namespace hearth::agents
