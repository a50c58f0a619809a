#include "agents/answer_form.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <unordered_set>
#include <vector>

#include "agents/words.h"

namespace hearth::agents {
namespace {

constexpr int kLeastTelephoneDigits = 5;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

std::vector<std::string> lower_words(std::string_view text) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (is_alnum(c) || c == '-') {
            out.back().push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
        } else if (!out.back().empty()) {
            out.emplace_back();
        }
    }
    return out;
}

bool has_email(std::string_view text) {
    for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
        if (at > 0 && is_alnum(text[at - 1]) && at + 1 < text.size() && is_alnum(text[at + 1])) return true;
    }
    return false;
}

/// Digits with at most two separators between them, as in "+49 (30) 123-45".
bool has_telephone(std::string_view text) {
    int digits = 0, gap = 0;
    for (const char c : text) {
        if (is_digit(c)) {
            gap = 0;
            if (++digits >= kLeastTelephoneDigits) return true;
        } else if (std::string_view(" ()-./+").find(c) == std::string_view::npos || ++gap > 2) {
            digits = 0;
        }
    }
    return false;
}

/// "https://", "www." or a name with a dot inside: "wiki.example", not "10.5" and not the end of a sentence.
bool has_web_address(std::string_view text) {
    if (text.find("://") != std::string_view::npos || text.find("www.") != std::string_view::npos) return true;
    for (std::size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.', dot + 1)) {
        const auto letter = [&](std::size_t i) {
            return i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) != 0;
        };
        if (dot > 1 && letter(dot - 1) && letter(dot - 2) && letter(dot + 1) && letter(dot + 2)) return true;
    }
    return false;
}

bool has_year(std::string_view text) {
    for (std::size_t i = 0; i + 4 <= text.size(); ++i) {
        const bool four = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i),
                                      text.begin() + static_cast<std::ptrdiff_t>(i) + 4, is_digit);
        const bool alone = (i == 0 || !is_digit(text[i - 1])) && (i + 4 == text.size() || !is_digit(text[i + 4]));
        if (four && alone) return true;
    }
    return false;
}

bool has_date(std::string_view text) {
    static const std::unordered_set<std::string> kDates = {
        "january",   "february",  "march",   "april",    "may",      "june",      "july",
        "august",    "september", "october", "november", "december", "monday",    "tuesday",
        "wednesday", "thursday",  "friday",  "saturday", "sunday",   "yesterday", "today",
        "ago",       "last",      "century", "spring",   "summer",   "autumn",    "winter"};
    const auto words = lower_words(text);
    return has_year(text) ||
           std::any_of(words.begin(), words.end(), [](const std::string& word) { return kDates.contains(word); });
}

bool has_count(std::string_view text) {
    static const std::unordered_set<std::string> kCounts = {
        "one",   "once",    "single",   "no",        "none",    "both",   "pair",   "twice", "half",
        "dozen", "hundred", "hundreds", "thousand",  "million", "every",  "each",   "all",   "several",
        "few",   "many",    "any",      "unlimited", "zero",    "couple", "double", "triple"};
    const auto words = words_of(text);
    if (std::any_of(words.begin(), words.end(), [](const Word& word) { return word.number; })) return true;
    const auto plain = lower_words(text);
    return std::any_of(plain.begin(), plain.end(), [](const std::string& word) { return kCounts.contains(word); });
}

bool has_price(std::string_view text) {
    const auto words = lower_words(text);
    return has_count(text) || std::any_of(words.begin(), words.end(), [](const std::string& word) {
               return word == "free" || word == "nothing" || word == "gratis";
           });
}

}  // namespace

AnswerForm form_asked_for(std::string_view question) {
    const std::vector<std::string> words = lower_words(question);
    const auto asks = [&](std::initializer_list<std::string_view> any) {
        return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
            return std::find(any.begin(), any.end(), word) != any.end();
        });
    };
    const auto follows = [&](std::string_view first, std::initializer_list<std::string_view> then) {
        for (std::size_t i = 0; i + 1 < words.size(); ++i) {
            if (words[i] == first && std::find(then.begin(), then.end(), words[i + 1]) != then.end()) return true;
        }
        return false;
    };
    // "Which e-mail address ...", not "Who reads the e-mail?": the thing itself must be asked for.
    const bool of_a_thing = asks({"what", "which", "what-s", "whats"}) || words.front() == "give";
    if (follows("e-mail", {"address"}) || follows("email", {"address"}) || follows("mail", {"address"}) ||
        (of_a_thing && (follows("the", {"e-mail", "email"}) || follows("s", {"e-mail", "email"}))))
        return AnswerForm::kEmail;
    if (follows("phone", {"number"}) || follows("telephone", {"number"}) || follows("fax", {"number"}))
        return AnswerForm::kTelephone;
    if (asks({"url", "website"}) || follows("web", {"address", "site", "page"})) {
        return of_a_thing ? AnswerForm::kWebAddress : AnswerForm::kAny;
    }
    if (follows("what", {"year"}) || follows("which", {"year"})) return AnswerForm::kYear;
    // Of what was: what is or will be may be said in any words ("before sunrise").
    if (follows("when", {"was", "were", "did"})) return AnswerForm::kDate;
    if (follows("how", {"many"})) return AnswerForm::kCount;
    if (of_a_thing && (follows("the", {"price", "fee"}) || follows("s", {"price", "fee"}))) return AnswerForm::kPrice;
    return AnswerForm::kAny;
}

bool has_form(std::string_view sentence, AnswerForm form) {
    switch (form) {
        case AnswerForm::kAny:
            return true;
        case AnswerForm::kEmail:
            return has_email(sentence);
        case AnswerForm::kTelephone:
            return has_telephone(sentence);
        case AnswerForm::kWebAddress:
            return has_web_address(sentence);
        case AnswerForm::kYear:
            return has_year(sentence);
        case AnswerForm::kDate:
            return has_date(sentence);
        case AnswerForm::kCount:
            return has_count(sentence);
        case AnswerForm::kPrice:
            return has_price(sentence);
    }
    return true;
}

}  // namespace hearth::agents
