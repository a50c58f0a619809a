// A string that remembers where each of its bytes came from: the template (trusted) or the conversation (not).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::llm::jinja {

/// UTF-8 bytes in runs of equal provenance. Every operation keeps the provenance byte for byte.
class Text {
  public:
    struct Run {
        std::size_t end;  ///< the run reaches from the end of the one before it to here
        bool trusted;
    };

    Text() = default;
    Text(std::string bytes, bool trusted) : bytes_(std::move(bytes)) {
        if (!bytes_.empty()) runs_.push_back({bytes_.size(), trusted});
    }

    const std::string& bytes() const { return bytes_; }
    std::size_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }
    const std::vector<Run>& runs() const { return runs_; }
    /// True when no byte came from the conversation.
    bool trusted() const;
    bool trusted_at(std::size_t at) const;

    void append(std::string_view bytes, bool trusted);
    void append(const Text& other);
    Text slice(std::size_t at, std::size_t length) const;

  private:
    std::string bytes_;
    std::vector<Run> runs_;  // neighbours differ; none is empty
};

/// Byte offsets of the code points of `text`, and its size at the end: Python's view of a string.
std::vector<std::size_t> code_point_offsets(std::string_view text);

/// Whitespace as str.strip() and str.split() know it.
bool is_python_space(char32_t c);
/// The places of the first byte and past the last byte that stay.
std::pair<std::size_t, std::size_t> trimmed_range(std::string_view text, bool left, bool right);

enum class LetterCase { kUpper, kLower };
/// Unicode simple case mapping, code point by code point.
Text with_case(const Text& text, LetterCase letter_case);
/// The first letter, and every letter after a character for which `ends_word` holds, upper; the rest lower.
Text with_capitals(const Text& text, const std::function<bool(char32_t)>& ends_word);

}  // namespace hearth::llm::jinja
