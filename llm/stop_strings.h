// Finds the first stop string in streamed text and holds back what may still become one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::llm {

/// The stop string that is complete first ends the text before its first character. Not thread-safe.
class StopStrings {
  public:
    /// Empty strings are ignored.
    explicit StopStrings(std::vector<std::string> stops);

    /// Adds text; returns what can no longer be part of a stop string. Nothing after a match.
    std::string push(std::string_view delta);
    /// Ends the stream: returns what was held back.
    std::string finish();
    bool matched() const { return matched_; }

  private:
    std::size_t held_back() const;

    std::vector<std::string> stops_;
    std::string pending_;
    bool matched_ = false;
};

}  // namespace hearth::llm
