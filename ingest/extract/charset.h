// Bytes of unknown encoding to UTF-8. The only file pair that includes uchardet and ICU's converters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hearth::ingest {

/// False for what a person would not call text: NUL bytes outside UTF-16/32, or many control bytes. Looks at 64 KiB.
bool looks_like_text(std::string_view bytes);

/// `bytes` as UTF-8. Order of trust: byte order mark, valid UTF-8, `declared` (an HTML charset; may be empty), UTF-16
/// by its zero bytes, UTF-8 with a few broken bytes, uchardet's guess, Windows-1252. Valid UTF-8 comes back byte for
/// byte. Empty when no converter takes it.
std::optional<std::string> to_utf8(std::string_view bytes, std::string_view declared = {});

}  // namespace hearth::ingest
