#include "llm/thoughts.h"

#include <algorithm>
#include <utility>

namespace hearth::llm {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::string_view without_leading_space(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(kSpaces), text.size()));
}

std::size_t length_without_trailing_space(std::string_view text) {
    return text.find_last_not_of(kSpaces) + 1;  // npos + 1 is 0
}

/// Bytes at the end of `text` that a closing tag may begin with.
std::size_t possible_tag(std::string_view text) {
    for (std::size_t length = std::min(text.size(), kThoughtClose.size() - 1); length > 0; --length)
        if (kThoughtClose.starts_with(text.substr(text.size() - length))) return length;
    return 0;
}

}  // namespace

ThoughtParser::Parts ThoughtParser::push(std::string_view delta) {
    Parts out;
    if (state_ == State::kThought) {
        held_ += delta;
        if (!begun_) held_ = without_leading_space(held_);
        const std::size_t close = held_.find(kThoughtClose);
        const std::size_t open_end = close == std::string::npos ? held_.size() - possible_tag(held_) : close;
        const std::size_t certain = length_without_trailing_space(std::string_view(held_).substr(0, open_end));
        out.thought = held_.substr(0, certain);
        begun_ = begun_ || certain > 0;
        if (close == std::string::npos) {
            held_.erase(0, certain);
            return out;
        }
        const std::string rest = std::exchange(held_, {}).substr(close + kThoughtClose.size());
        state_ = State::kGap;
        out.text = push(rest).text;
        return out;
    }
    if (state_ == State::kGap) delta = without_leading_space(delta);
    if (!delta.empty()) state_ = State::kText;
    out.text = delta;
    return out;
}

ThoughtParser::Parts ThoughtParser::finish() {
    const std::string rest = std::exchange(held_, {});
    return {rest.substr(0, length_without_trailing_space(rest)), {}};
}

}  // namespace hearth::llm
