// Token counts anywhere in a text of any size: the text is tokenized in windows, a few of which are held at a time.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "ingest/sink.h"

namespace hearth::ingest {

/// Windows end at blanks, where no tokenizer joins; only text without any blank is cut at a code point.
class TokenWindows {
  public:
    TokenWindows(std::string_view text, const TokenCounter& tokens);

    /// Tokens that touch [start, end): one cut by a border counts.
    int count(std::size_t start, std::size_t end);
    /// Largest end up to `limit` such that [start, end) holds at most `budget` tokens.
    std::size_t reach(std::size_t start, int budget, std::size_t limit);

  private:
    static constexpr std::size_t kWindowBytes = 64 << 10;
    struct Window {
        std::size_t index;
        std::vector<std::size_t> starts;
        std::vector<std::size_t> ends;
    };
    std::size_t index_at(std::size_t at) const;
    const Window& window(std::size_t index);

    const std::string_view text_;
    const TokenCounter& tokens_;
    std::vector<std::size_t> cuts_;  ///< first bytes of the windows, then the text's size
    std::array<std::optional<Window>, 4> held_;
};

}  // namespace hearth::ingest
