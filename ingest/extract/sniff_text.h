// The part of sniffing that concerns text.
#pragma once

#include "ingest/extract/parsers.h"

namespace hearth::ingest {

/// `bytes` look like text in some encoding; `suffix` is the name's ending in lower case.
Sniffed sniff_text(std::string_view bytes, std::string_view suffix);

}  // namespace hearth::ingest
