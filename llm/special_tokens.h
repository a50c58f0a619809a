// The spellings that stand for one token each, and where they occur in a text.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"

namespace hearth::llm {

/// Found longest first, with one look-up for each length that begins with the byte at hand. The spellings are borrowed.
class SpecialTokens {
  public:
    /// Real vocabularies have a few hundred special tokens of some 20 bytes; these bound what a hostile one can cost.
    static constexpr std::size_t kMaxTokens = 1 << 16;
    static constexpr std::size_t kMaxBytes = 256;

    struct Match {
        std::size_t at = std::string_view::npos;
        std::size_t length = 0;
        int id = -1;
    };

    /// The first id of a spelling counts. kDataLoss beyond the limits.
    Status add(std::string_view text, int id);

    /// The first match at or after `from`; at == npos when there is none.
    Match find(std::string_view text, std::size_t from) const;

    int id(std::string_view text) const;  ///< -1: no special token

  private:
    std::unordered_map<std::string_view, int> ids_;
    std::array<std::vector<std::size_t>, 256> lengths_;  // by first byte, descending
};

}  // namespace hearth::llm
