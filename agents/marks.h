// Citation marks in text that a model wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::agents {

inline constexpr std::size_t kLongestMark = 24;

/// The numbers of the mark that starts at `at` ("[1]", "[1, 2]", "[passage 3]") and its end; no numbers: it is none.
struct WrittenMark {
    std::vector<int> numbers;
    std::size_t end = 0;
};
WrittenMark mark_at(std::string_view text, std::size_t at);

/// `text` without marks and the blanks before them; their numbers, each once, go to `numbers`.
std::string without_marks(std::string_view text, std::vector<int>& numbers);

}  // namespace hearth::agents
