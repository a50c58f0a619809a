// Places where a long text may be cut: after sentences, lines and words.
#pragma once

#include <cstddef>
#include <string_view>

#include "ingest/sink.h"

namespace hearth::ingest {

/// ASCII blank; a byte order mark is skipped by the callers that meet one.
inline bool is_blank(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/// `span` without the blanks at both ends.
TextSpan trim_blanks(std::string_view text, TextSpan span) noexcept;

/// First byte after the sentence that holds `from`, its closing quotes and the blanks behind it; `end` when the
/// text runs out. A new line ends a sentence only when it is blank. Knows the full stops of Latin, CJK, Arabic and
/// Indic scripts, and initials ("J. Doe") do not end one.
std::size_t next_sentence(std::string_view text, std::size_t from, std::size_t end) noexcept;

/// First byte after the line that holds `from`.
std::size_t next_line(std::string_view text, std::size_t from, std::size_t end) noexcept;

/// First byte after the word that holds `from` and the blanks behind it.
std::size_t next_word(std::string_view text, std::size_t from, std::size_t end) noexcept;

}  // namespace hearth::ingest
