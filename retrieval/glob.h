// Path patterns of a search: `*` and `?` stay inside one folder name, `**` crosses folders. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace hearth::retrieval {

/// A compiled pattern. It matches whole paths: "manuals/*.pdf" does not match "old/manuals/a.pdf".
/// "**/" also matches no folder at all: "**/a.md" matches "a.md". There are no classes and no escapes.
class Glob {
  public:
    static constexpr std::size_t kMaxPatternBytes = 1024;

    /// kInvalidArgument when the pattern is longer than kMaxPatternBytes.
    static Result<Glob> compile(std::string_view pattern);

    /// Time is at most proportional to path bytes times pattern tokens.
    bool matches(std::string_view path) const;

  private:
    enum class Kind : unsigned char { kByte, kAnyByte, kStar, kDoubleStar, kFolders };
    struct Token {
        Kind kind;
        char byte = 0;
    };

    Glob() = default;
    void activate(std::vector<char>& states, std::size_t state) const;
    bool advance(const std::vector<char>& from, std::vector<char>& to, char byte) const;

    std::string prefix_;         // bytes before the first wildcard, compared first
    std::vector<Token> tokens_;  // the rest
};

}  // namespace hearth::retrieval
