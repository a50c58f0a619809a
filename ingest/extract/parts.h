// Documents inside documents: chapters of a book, cells of a notebook, attachments of a message.
#pragma once

#include <string>
#include <string_view>

#include "ingest/document.h"
#include "ingest/extract/parsers.h"

namespace hearth::ingest {

/// Adds `part` behind `into`, its headings `deeper` levels down (6 at most). Its title is not taken over.
void append_part(Document& into, const Document& part, int deeper);

/// Adds the file `name` beneath a heading: its content, or in a sentence why it cannot be read. False in that case.
bool append_file(Document& into, std::string_view bytes, const std::string& name, const std::string& heading, int level,
                 ParseLimits limits);

}  // namespace hearth::ingest
