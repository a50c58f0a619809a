#include "agents/citations.h"

#include <algorithm>
#include <utility>

#include "agents/marks.h"
#include "agents/sentences.h"
#include "agents/words.h"

namespace hearth::agents {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kCallOpen = "<tool_call>";
constexpr std::string_view kCallClose = "</tool_call>";
constexpr std::string_view kBareCall = "{\"name\"";
constexpr std::size_t kListNumberBytes = 3;
constexpr auto npos = std::string_view::npos;

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_stop(char c) {
    return c == '.' || c == '!' || c == '?';
}
bool is_closer(char c) {
    return c == '"' || c == '\'' || c == ')' || c == '*';
}

std::size_t blanks_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && is_blank(text[end])) ++end;
    return end - at;
}

/// A beginning of `whole` at least as long as what is there.
bool may_become(std::string_view text, std::string_view whole) {
    return text.size() < whole.size() && whole.starts_with(text);
}

bool is_list_number(std::string_view body) {
    return !body.empty() && body.size() <= kListNumberBytes &&
           std::all_of(body.begin(), body.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What a list item says: without its number.
std::string_view claim_of(std::string_view body) {
    const std::size_t digits = std::min(body.find_first_not_of("0123456789"), body.size());
    const bool numbered = digits > 0 && digits <= kListNumberBytes && digits + 1 < body.size() &&
                          (body[digits] == '.' || body[digits] == ')') && body[digits + 1] == ' ';
    return numbered ? body.substr(digits + 2) : body;
}

/// End of the first sentence of `text`, with its stops and marks behind them; npos while that is not decided.
std::size_t sentence_end(std::string_view text, bool last) {
    const std::size_t start = blanks_at(text, 0);
    for (std::size_t at = start; at < text.size(); ++at) {
        if (text[at] == '\n' || text.substr(at).starts_with(kCallOpen)) return at;
        if (!is_stop(text[at])) continue;
        const std::string_view body = text.substr(start, at - start);
        std::size_t end = at;
        while (end < text.size() && (is_stop(text[end]) || is_closer(text[end]))) ++end;
        std::size_t next = end + blanks_at(text, end);
        if (next == text.size()) return last ? text.size() : npos;
        if (next == end && text[next] != '[') continue;
        if (is_list_number(body) || (next > end && !ends_sentence(text, at))) continue;
        while (next < text.size() && text[next] == '[') {
            const bool open = text.find(']', next) == npos && text.size() - next <= kLongestMark;
            if (open && !last) return npos;
            const WrittenMark mark = mark_at(text, next);
            if (mark.numbers.empty()) break;
            end = mark.end;
            next = end + blanks_at(text, end);
            if (next == text.size() && !last) return npos;
        }
        return end;
    }
    return last || text.size() > CitationWriter::kLongestSentence ? text.size() : npos;
}

}  // namespace

CitationWriter::CitationWriter(std::vector<int> known, const SupportIndex& support, Judge judge)
    : known_(std::move(known)), support_(support), judge_(std::move(judge)) {}

std::string CitationWriter::push(std::string_view delta) {
    pending_ += delta;
    while (!stopped_ && !pending_.empty() && take_piece(false)) {
    }
    return taken();
}

std::string CitationWriter::finish() {
    while (!stopped_ && !pending_.empty() && take_piece(true)) {
    }
    return taken();
}

std::string CitationWriter::taken() {
    std::string out = text_.substr(emitted_);
    emitted_ = text_.size();
    return out;
}

/// False: more is needed, or nothing is left.
bool CitationWriter::take_piece(bool last) {
    const std::size_t blanks = blanks_at(pending_, 0);
    const std::string_view ahead = std::string_view(pending_).substr(blanks);
    if (ahead.empty()) return false;
    if (in_code_ || ahead.starts_with(kFence)) return take_code(last);
    const bool bare_call = text_.empty() && ahead.starts_with(kBareCall);
    if (bare_call || ahead.starts_with(kCallOpen)) return take_call(last);
    const bool undecided =
        may_become(ahead, kFence) || may_become(ahead, kCallOpen) || (text_.empty() && may_become(ahead, kBareCall));
    if (undecided && !last) return false;
    const std::size_t end = sentence_end(pending_, last);
    if (end == npos) return false;
    const std::string piece = pending_.substr(0, end);
    pending_.erase(0, end);
    write_sentence(piece);
    return true;
}

bool CitationWriter::take_code(bool last) {
    const std::size_t newline = pending_.find('\n', blanks_at(pending_, 0));
    if (newline == npos && !last) return false;
    const std::string line = pending_.substr(0, newline == npos ? npos : newline);
    pending_.erase(0, line.size());
    const std::size_t blanks = blanks_at(line, 0);
    if (line.compare(blanks, kFence.size(), kFence) == 0) in_code_ = !in_code_;
    text_ += text_.empty() ? line.substr(blanks) : line;
    return true;
}

bool CitationWriter::take_call(bool last) {
    const std::size_t close = pending_.find(kCallClose);
    if (close == npos && !last) return false;
    pending_.erase(0, close == npos ? npos : close + kCallClose.size());
    return true;
}

void CitationWriter::write_sentence(std::string_view piece) {
    const std::size_t blanks = blanks_at(piece, 0);
    std::vector<int> wished;
    const std::string bare = without_marks(piece.substr(blanks), wished);
    std::size_t body = bare.size();
    while (body > 0 && (is_stop(bare[body - 1]) || is_closer(bare[body - 1]))) --body;
    while (body < bare.size() && is_closer(bare[body]))
        ++body;  // the mark goes behind a closing quote, before the stop
    if (bare.find_first_not_of(" \t\r\n") == npos) return;
    const std::optional<Support> best = support_.best_passage(claim_of(bare));
    Ruling ruling;
    if (judge_) ruling = std::exchange(judge_, {})(bare, best);
    if (!text_.empty()) text_ += piece.substr(0, blanks);
    for (const Quote& quote : ruling.quotes) write_quote(quote);
    stopped_ = !ruling.keep;
    if (stopped_) return;
    if (!ruling.quotes.empty()) text_ += ' ';
    write_checked(std::string_view(bare).substr(0, body), std::string_view(bare).substr(body), wished);
}

void CitationWriter::write_quote(const Quote& quote) {
    if (!text_.empty() && !is_blank(text_.back())) text_ += ' ';
    const bool stop = quote.text.ends_with('.');  // it stands behind the mark
    text_ += "\u201c" + quote.text.substr(0, quote.text.size() - (stop ? 1 : 0)) + "\u201d ";
    const std::string mark = "[" + std::to_string(quote.number) + "]";
    marks_.push_back({text_.size(), text_.size() + mark.size(), quote.number, true});
    text_ += mark + ".";
}

void CitationWriter::write_checked(std::string_view body, std::string_view stops, const std::vector<int>& wished) {
    const std::size_t start = text_.size();
    text_ += body;
    const std::string_view claim = claim_of(body);
    std::vector<Support> carriers;
    for (const int number : wished) {
        if (std::find(known_.begin(), known_.end(), number) == known_.end()) continue;
        const std::optional<Support> support = support_.support_by(number, claim);
        if (support && !support->contradicted) carriers.push_back(*support);
    }
    if (carriers.empty()) {
        if (const std::optional<Support> best = support_.best_passage(claim)) carriers.push_back(*best);
    }
    for (const Support& carrier : carriers) {
        const std::string mark = "[" + std::to_string(carrier.number) + "]";
        if (text_.back() != ']' || &carrier == carriers.data()) text_ += ' ';
        text_ += mark;
        marks_.push_back({text_.size() - mark.size(), text_.size(), carrier.number, carrier.in_sentence});
    }
    text_ += stops;
    if (carriers.empty() && !content_stems(body).empty()) unsupported_.push_back({start, text_.size()});
}

}  // namespace hearth::agents
