// Any bytes as a safetensors file: parsed or refused, and every tensor that came out can be read to its last byte.
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/read_all.h"
#include "llm/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
    const auto file = hearth::llm::SafetensorsFile::parse(bytes);
    if (!file.ok()) return 0;
    for (const auto& [name, tensor] : file.value()->tensors()) hearth::fuzz::read_all(tensor.bytes);
    return 0;
}
