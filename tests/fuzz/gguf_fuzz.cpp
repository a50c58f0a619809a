// Any bytes as a GGUF file: parsed or refused, and every tensor that came out can be read to its last byte.
#include <cstddef>
#include <cstdint>
#include <span>

#include "llm/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
    const auto file = hearth::llm::GgufFile::parse(bytes);
    if (!file.ok()) return 0;
    unsigned sum = 0;
    for (const hearth::llm::GgufTensor& tensor : file.value()->tensors())
        for (const std::byte byte : tensor.bytes) sum += std::to_integer<unsigned>(byte);
    static volatile unsigned sink;
    sink = sum;
    return 0;
}
