// Sniffing, and the parsers that a name leads to: the first byte picks the name.
#include <array>
#include <cstddef>
#include <cstdint>

#include "fuzz/document_check.h"
#include "ingest/extract/parsers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr std::array<std::string_view, 12> kNames = {"a",    "a.txt", "a.cpp", "a.go", "a.rs",  "a.ts",
                                                         "a.py", "a.rb",  "a.sh",  "a.kt", "a.sql", "a.java"};
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto name = kNames[size == 0 ? 0 : data[0] % kNames.size()];
    hearth::test::check_extraction(hearth::ingest::extract_bytes(bytes.substr(size == 0 ? 0 : 1), name, {}));
    return 0;
}
