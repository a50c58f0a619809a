// Documents inside documents: chapters of a book, cells of a notebook, attachments of a message.
#pragma once

#include "ingest/document.h"

namespace hearth::ingest {

/// Adds `part` behind `into`, its headings `deeper` levels down (6 at most). Its title is not taken over.
void append_part(Document& into, const Document& part, int deeper);

}  // namespace hearth::ingest
