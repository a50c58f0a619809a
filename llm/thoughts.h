// What a model thinks before it answers: <think>…</think> at the beginning of its output (Qwen3, DeepSeek-R1).
#pragma once

#include <string>
#include <string_view>

namespace hearth::llm {

inline constexpr std::string_view kThoughtOpen = "<think>";
inline constexpr std::string_view kThoughtClose = "</think>";

/// Splits the output of a model whose prompt ends inside a thought. White space around the thought, and before the
/// text, goes with the tags; a thought that is never closed has no text.
class ThoughtParser {
  public:
    struct Parts {
        std::string thought;
        std::string text;
    };
    Parts push(std::string_view delta);
    /// Ends the output: returns the thought still held back.
    Parts finish();
    /// The thought is not closed yet.
    bool thinking() const { return state_ == State::kThought; }

  private:
    enum class State { kThought, kGap, kText };

    State state_ = State::kThought;
    std::string held_;  // of a thought: may become the closing tag, or white space before it
    bool begun_ = false;
};

}  // namespace hearth::llm
