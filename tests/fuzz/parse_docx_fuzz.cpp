#include <cstddef>
#include <cstdint>

#include "fuzz/document_check.h"
#include "ingest/extract/parsers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    hearth::test::check_extraction(hearth::ingest::parse_docx(bytes));
    return 0;
}
