// Safetensors files, read through checked arithmetic. Nothing in the file is trusted.
// Source: the format description of huggingface/safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "core/result.h"
#include "llm/dtype.h"

namespace hearth::llm {

struct SafetensorsTensor {
    DType type = DType::kF32;          ///< F32, F16 or BF16
    std::vector<std::int64_t> shape;   ///< outermost first: the last one is contiguous
    std::span<const std::byte> bytes;  ///< inside the mapped file
};

/// Immutable after open; spans live as long as the object.
class SafetensorsFile {
  public:
    /// Header at most 16 MiB, 65,536 tensors, no holes and no overlap. kDataLoss for a truncated or inconsistent file,
    /// kUnsupported for an unknown element type. Integer tensors are checked but not listed.
    static Result<std::unique_ptr<SafetensorsFile>> open(const std::string& path);
    /// The parser itself, for bytes already in memory (tests, fuzzing). `bytes` must outlive the result.
    static Result<std::unique_ptr<SafetensorsFile>> parse(std::span<const std::byte> bytes);

    const SafetensorsTensor* tensor(std::string_view name) const;
    const std::map<std::string, SafetensorsTensor, std::less<>>& tensors() const { return tensors_; }

    /// Empty: open() and parse() are the way to one with content.
    SafetensorsFile() = default;

  private:
    std::optional<MappedFile> file_;
    std::map<std::string, SafetensorsTensor, std::less<>> tensors_;
};

}  // namespace hearth::llm
