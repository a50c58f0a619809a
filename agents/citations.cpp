#include "agents/citations.h"

#include <algorithm>
#include <optional>

#include "agents/sentences.h"

namespace hearth::agents {
namespace {

constexpr std::size_t kListNumberBytes = 3;

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_stop(char c) {
    return c == '.' || c == '!' || c == '?';
}
bool is_closer(char c) {
    return c == '"' || c == '\'' || c == ')' || c == '*';
}

/// The numbers of "[1]", "[1, 2]", "[passage 3]"; nothing when the brackets hold something else.
std::optional<std::vector<int>> mark_numbers(std::string_view inside) {
    for (const std::string_view word : {"passages ", "passage ", "Passages ", "Passage ", "source ", "Source "}) {
        if (inside.starts_with(word)) inside.remove_prefix(word.size());
    }
    std::vector<int> numbers;
    int value = -1;
    for (const char c : inside) {
        if (c >= '0' && c <= '9') {
            value = std::max(value, 0) * 10 + (c - '0');
            if (value > 99999) return std::nullopt;
        } else if (c == ',' || c == ' ' || c == ';') {
            if (value >= 0) numbers.push_back(value);
            value = -1;
        } else {
            return std::nullopt;
        }
    }
    if (value >= 0) numbers.push_back(value);
    if (numbers.empty()) return std::nullopt;
    return numbers;
}

}  // namespace

CitationWriter::CitationWriter(std::vector<int> known, const SupportIndex& support)
    : known_(std::move(known)), support_(support) {}

std::string CitationWriter::push(std::string_view delta) {
    pending_ += delta;
    while (!pending_.empty() && step(false) == Step::kAdvanced) {
    }
    std::string out = text_.substr(emitted_);
    emitted_ = text_.size();
    return out;
}

std::string CitationWriter::finish() {
    while (!pending_.empty()) {
        if (step(true) == Step::kNeedsMore) take(pending_.size());
    }
    end_sentence();
    std::string out = text_.substr(emitted_);
    emitted_ = text_.size();
    return out;
}

CitationWriter::Step CitationWriter::step(bool last) {
    if (pending_.front() == '`') return step_fence(last);
    if (in_code_) {
        const std::size_t next = std::min(pending_.find('`'), pending_.size());
        emit(std::string_view(pending_).substr(0, next));
        take(next);
        return Step::kAdvanced;
    }
    if (is_blank(pending_.front())) return step_blanks(last);
    if (pending_.front() == '[') return step_bracket(0, last);
    if (is_stop(pending_.front())) return step_stop(last);
    const auto special = std::find_if(pending_.begin(), pending_.end(),
                                      [](char c) { return is_blank(c) || is_stop(c) || c == '[' || c == '`'; });
    const std::size_t plain = static_cast<std::size_t>(special - pending_.begin());
    emit(std::string_view(pending_).substr(0, plain));
    take(plain);
    return Step::kAdvanced;
}

/// Blanks wait for what follows: an unknown mark goes together with the blank before it, and the end has none.
CitationWriter::Step CitationWriter::step_blanks(bool last) {
    std::size_t blanks = 0;
    while (blanks < pending_.size() && is_blank(pending_[blanks])) ++blanks;
    if (blanks == pending_.size()) return Step::kNeedsMore;
    if (pending_[blanks] == '[') return step_bracket(blanks, last);
    const std::string_view run = std::string_view(pending_).substr(0, blanks);
    if (run.find('\n') != std::string_view::npos) end_sentence();
    if (!text_.empty()) emit(run);
    if (run.find('\n') != std::string_view::npos) sentence_start_ = text_.size();
    take(blanks);
    return Step::kAdvanced;
}

CitationWriter::Step CitationWriter::step_bracket(std::size_t blanks, bool last) {
    const std::size_t close = pending_.find(']', blanks);
    const bool too_long = (close == std::string::npos ? pending_.size() : close) - blanks > kLongestMark;
    if (close == std::string::npos && !too_long && !last) return Step::kNeedsMore;
    std::optional<std::vector<int>> numbers;
    if (close != std::string::npos && !too_long) {
        numbers = mark_numbers(std::string_view(pending_).substr(blanks + 1, close - blanks - 1));
    }
    if (!numbers) {  // brackets of the text itself
        if (!text_.empty()) emit(std::string_view(pending_).substr(0, blanks));
        emit("[");
        take(blanks + 1);
        return Step::kAdvanced;
    }
    bool first = true;
    for (const int number : *numbers) {
        if (std::find(known_.begin(), known_.end(), number) == known_.end()) continue;
        const bool repeated = !marks_.empty() && marks_.back().end == text_.size() && marks_.back().number == number;
        if (repeated) continue;
        if (first && !text_.empty()) emit(std::string_view(pending_).substr(0, blanks));
        first = false;
        emit_mark(number);
    }
    take(close + 1);
    return Step::kAdvanced;
}

/// A stop ends the sentence only when blanks follow; then the mark belongs before it. A mark the model put behind the
/// stop ("… days. [1]") counts for the sentence too, so that one is waited for.
CitationWriter::Step CitationWriter::step_stop(bool last) {
    std::size_t stops = 0;
    while (stops < pending_.size() && (is_stop(pending_[stops]) || is_closer(pending_[stops]))) ++stops;
    std::size_t next = stops;
    while (next < pending_.size() && is_blank(pending_[next])) ++next;
    const bool behind_known = next < pending_.size();
    if (!last && (stops == pending_.size() || (next > stops && !behind_known))) return Step::kNeedsMore;
    const std::string sentence = text_.substr(sentence_start_);
    const bool list_number = !sentence.empty() && sentence.size() <= kListNumberBytes &&
                             std::all_of(sentence.begin(), sentence.end(), [](char c) { return c >= '0' && c <= '9'; });
    const bool ends = next > stops && !list_number && ends_sentence(sentence + pending_, sentence.size() + stops - 1);
    if (!ends && behind_known) {
        emit(std::string_view(pending_).substr(0, stops));
        take(stops);
        return Step::kAdvanced;
    }
    if (behind_known && pending_[next] == '[') {
        const std::size_t close = pending_.find(']', next);
        if (close == std::string::npos && pending_.size() - next <= kLongestMark && !last) return Step::kNeedsMore;
        if (close != std::string::npos && close - next <= kLongestMark) {
            const auto numbers = mark_numbers(std::string_view(pending_).substr(next + 1, close - next - 1));
            for (const int number : numbers.value_or(std::vector<int>{})) {
                sentence_marked_ = sentence_marked_ || std::find(known_.begin(), known_.end(), number) != known_.end();
            }
        }
    }
    end_sentence();
    emit(std::string_view(pending_).substr(0, stops));
    take(stops);
    sentence_start_ = text_.size();
    return Step::kAdvanced;
}

CitationWriter::Step CitationWriter::step_fence(bool last) {
    constexpr std::size_t kFence = 3;
    std::size_t ticks = 0;
    while (ticks < pending_.size() && pending_[ticks] == '`') ++ticks;
    if (ticks < kFence && ticks == pending_.size() && !last) return Step::kNeedsMore;
    if (ticks >= kFence) {
        in_code_ = !in_code_;
        ticks = kFence;
    }
    emit(std::string_view(pending_).substr(0, ticks));
    take(ticks);
    if (!in_code_ && ticks == kFence) sentence_start_ = text_.size();
    return Step::kAdvanced;
}

void CitationWriter::end_sentence() {
    if (!sentence_marked_ && !in_code_) {
        const std::string_view sentence = std::string_view(text_).substr(sentence_start_);
        if (const std::optional<Support> best = support_.best_passage(sentence)) {
            emit(" ");
            emit_mark(best->number);
        }
    }
    sentence_marked_ = false;
    sentence_start_ = text_.size();
}

void CitationWriter::emit(std::string_view piece) {
    text_ += piece;
}

void CitationWriter::emit_mark(int number) {
    const std::string mark = "[" + std::to_string(number) + "]";
    marks_.push_back({text_.size(), text_.size() + mark.size(), number});
    // Behind the stop, the mark belongs to the sentence that just ended.
    const bool opens = std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(sentence_start_), text_.end(), is_blank);
    text_ += mark;
    sentence_marked_ = !opens;
    if (opens) sentence_start_ = text_.size();
}

}  // namespace hearth::agents
