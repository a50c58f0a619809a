// Runs poppler's pdftotext and pdfinfo as children. They are GPL and old C++: never linked, always inside the outer
// ring.
#pragma once

#include <optional>
#include <string>

#include "ingest/document.h"

namespace hearth::ingest {

struct PdfConversion {
    std::string text;  ///< UTF-8, every page ended by a form feed
    std::string info;  ///< "Key:   value" lines
    std::optional<Refusal> refusal;
};

/// Reads the PDF behind `file_fd` from its beginning. The children inherit the caller's limits and sandbox.
PdfConversion convert_pdf(int file_fd, std::size_t max_text_bytes);

}  // namespace hearth::ingest
