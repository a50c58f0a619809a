// Guesses the next tokens of an answer that repeats its context: what followed the last few tokens where they stood
// before (prompt lookup decoding, A. Saxena 2023). The guess costs nothing and is checked by the model itself.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace hearth::llm {

/// One per sequence. Not thread-safe.
class PromptLookup {
  public:
    /// Tokens that must have been seen together before anything is guessed.
    static constexpr int kNgram = 3;

    /// The tokens that follow `tokens` (the whole sequence so far; it only grows between calls), at most `most` of
    /// them: the continuation of the longest earlier match of its end, the latest of equals. Empty without a match.
    std::span<const std::int32_t> guess(std::span<const std::int32_t> tokens, int most);

  private:
    static constexpr int kMaxCandidates = 16;
    static constexpr int kMaxMatch = 32;

    void index(std::span<const std::int32_t> tokens);

    /// ends_[hash] is the latest position after such an n-gram; earlier_[position] the one before with the same hash.
    std::unordered_map<std::uint64_t, std::int32_t> ends_;
    std::vector<std::int32_t> earlier_;
    std::vector<std::int32_t> guess_;
};

/// How many tokens to guess, out of how the last guesses fared. A step over a wrong guess costs more than one without.
class DraftPace {
  public:
    /// 0 = this step shall not guess.
    int most() const { return rest_ > 0 ? 0 : length_; }
    /// After a step with a guess of `drafted` tokens (0: none was made).
    void observe(int drafted, int accepted);

  private:
    static constexpr int kFirst = 4;
    static constexpr int kLongest = 15;
    static constexpr int kLongestRest = 16;

    int length_ = kFirst;
    int rest_ = 0;       // steps to go without a guess
    int next_rest_ = 1;  // after the next complete failure
};

}  // namespace hearth::llm
