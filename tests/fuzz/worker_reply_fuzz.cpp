#include <cstddef>
#include <cstdint>

#include "fuzz/document_check.h"
#include "ingest/worker_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto decoded = hearth::ingest::decode_reply(std::string(reinterpret_cast<const char*>(data), size));
    if (decoded.ok()) hearth::test::check_extraction(*decoded);
    return 0;
}
