#include "agents/marks.h"

#include <algorithm>

namespace hearth::agents {
namespace {

constexpr int kLargestNumber = 99999;

/// Empty when the brackets hold something else.
std::vector<int> numbers_in(std::string_view inside) {
    for (const std::string_view word : {"passages ", "passage ", "Passages ", "Passage ", "source ", "Source "}) {
        if (inside.starts_with(word)) inside.remove_prefix(word.size());
    }
    std::vector<int> numbers;
    int value = -1;
    for (const char c : inside) {
        if (c >= '0' && c <= '9') {
            value = std::max(value, 0) * 10 + (c - '0');
            if (value > kLargestNumber) return {};
        } else if (c == ',' || c == ' ' || c == ';') {
            if (value >= 0) numbers.push_back(value);
            value = -1;
        } else {
            return {};
        }
    }
    if (value >= 0) numbers.push_back(value);
    return numbers;
}

}  // namespace

WrittenMark mark_at(std::string_view text, std::size_t at) {
    if (at >= text.size() || text[at] != '[') return {};
    const std::size_t close = text.find(']', at);
    if (close == std::string_view::npos || close - at > kLongestMark) return {};
    return {numbers_in(text.substr(at + 1, close - at - 1)), close + 1};
}

std::string without_marks(std::string_view text, std::vector<int>& numbers) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const WrittenMark mark = mark_at(text, at);
        if (mark.numbers.empty()) {
            out.push_back(text[at++]);
            continue;
        }
        while (!out.empty() && out.back() == ' ') out.pop_back();
        for (const int number : mark.numbers) {
            if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
        }
        at = mark.end;
    }
    return out;
}

}  // namespace hearth::agents
