// The tokens of Rich Text Format (RTF 1.9.1): groups, control words, text.
#pragma once

#include <optional>
#include <string_view>

namespace hearth::ingest {

struct RtfToken {
    enum class Kind { kOpen, kClose, kWord, kSymbol, kByte, kText, kEnd };
    Kind kind = Kind::kEnd;
    std::string_view text;         ///< kWord: its letters. kText: a run of plain bytes
    std::optional<int> parameter;  ///< kWord: its number. kByte: the byte of \'hh
    char symbol = '\0';            ///< kSymbol
};

class RtfTokens {
  public:
    explicit RtfTokens(std::string_view bytes) : bytes_(bytes) {}
    RtfToken next();
    /// Passes the bytes of \binN.
    void skip(std::size_t count);

  private:
    RtfToken control();

    const std::string_view bytes_;
    std::size_t at_ = 0;
};

}  // namespace hearth::ingest
