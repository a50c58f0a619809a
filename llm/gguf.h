// GGUF v3 files, read through checked arithmetic: metadata and tensor places. Nothing in the file is trusted.
// Source: ggml docs/gguf.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/file.h"
#include "core/result.h"
#include "llm/dtype.h"

namespace hearth::llm {

/// A metadata value. Integers of every width become int64 (uint64 above 2^63-1 is refused); arrays are of one kind.
using GgufValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>, std::vector<double>,
                               std::vector<bool>, std::vector<std::string>>;

struct GgufTensor {
    std::string name;
    DType type = DType::kF32;
    std::vector<std::int64_t> dims;    ///< as stored: dims[0] is the contiguous one (columns)
    std::span<const std::byte> bytes;  ///< inside the mapped file
};

/// Immutable after open; spans live as long as the object.
class GgufFile {
  public:
    /// kDataLoss for a truncated or inconsistent file, kUnsupported for version, endianness or tensor type.
    static Result<std::unique_ptr<GgufFile>> open(const std::string& path);
    /// The parser itself, for bytes already in memory (tests, fuzzing). `bytes` must outlive the result.
    static Result<std::unique_ptr<GgufFile>> parse(std::span<const std::byte> bytes);

    const GgufValue* find(std::string_view key) const;
    Result<std::string> text(std::string_view key) const;
    Result<std::int64_t> integer(std::string_view key) const;
    std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
    double number_or(std::string_view key, double fallback) const;
    const std::vector<std::string>* texts(std::string_view key) const;

    const GgufTensor* tensor(std::string_view name) const;
    const std::vector<GgufTensor>& tensors() const { return tensors_; }

    /// A tensor was read for the last time for now: its pages stay in the system's cache, and out of this process.
    void release(const GgufTensor& tensor) const noexcept {
        if (file_) file_->release(tensor.bytes);
    }

    /// Empty: open() and parse() are the way to one with content.
    GgufFile() = default;

  private:
    friend class GgufParser;
    std::optional<MappedFile> file_;
    std::map<std::string, GgufValue, std::less<>> metadata_;
    std::vector<GgufTensor> tensors_;
    std::map<std::string, std::size_t, std::less<>> tensor_index_;
};

}  // namespace hearth::llm
