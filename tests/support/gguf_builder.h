// Writes GGUF files in memory, right or wrong on purpose: for parser tests and hermetic models.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "llm/dtype.h"

namespace hearth::test {

/// Add metadata and tensors, then build(). Every number of the header can be overridden to make a hostile file.
class GgufBuilder {
  public:
    std::uint32_t version = 3;
    std::uint64_t alignment = 32;  ///< used for placing; also written when add_alignment is called
    std::uint64_t tensor_count_override = ~0ull;
    std::uint64_t metadata_count_override = ~0ull;

    void add_text(std::string_view key, std::string_view value) {
        key_and_type(key, 8);
        put_string(metadata_, value);
    }
    void add_u32(std::string_view key, std::uint32_t value) {
        key_and_type(key, 4);
        put(metadata_, value);
    }
    void add_u64(std::string_view key, std::uint64_t value) {
        key_and_type(key, 10);
        put(metadata_, value);
    }
    void add_f32(std::string_view key, float value) {
        key_and_type(key, 6);
        put(metadata_, value);
    }
    void add_bool(std::string_view key, bool value) {
        key_and_type(key, 7);
        put(metadata_, static_cast<std::uint8_t>(value));
    }
    void add_texts(std::string_view key, const std::vector<std::string>& values) {
        array_header(key, 8, values.size());
        for (const std::string& value : values) put_string(metadata_, value);
    }
    void add_i32s(std::string_view key, const std::vector<std::int32_t>& values) {
        array_header(key, 5, values.size());
        for (const std::int32_t value : values) put(metadata_, value);
    }
    /// An array whose announced count need not match its bytes.
    void add_raw_array(std::string_view key, std::uint32_t type, std::uint64_t count, std::string_view bytes) {
        array_header(key, type, count);
        metadata_ += bytes;
    }

    void add_tensor(std::string_view name, const std::vector<std::uint64_t>& dims, llm::DType type,
                    std::string_view bytes) {
        data_.resize((data_.size() + alignment - 1) / alignment * alignment);
        add_tensor_at(name, dims, static_cast<std::uint32_t>(type), data_.size());
        data_ += bytes;
    }
    void add_f32_tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::span<const float> values) {
        add_tensor(name, dims, llm::DType::kF32,
                   {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
    }
    /// A tensor record alone, at any offset.
    void add_tensor_at(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                       std::uint64_t offset) {
        put_string(infos_, name);
        put(infos_, static_cast<std::uint32_t>(dims.size()));
        for (const std::uint64_t dim : dims) put(infos_, dim);
        put(infos_, type);
        put(infos_, offset);
        ++tensors_;
    }

    std::string build() const {
        std::string out = "GGUF";
        put(out, version);
        put(out, tensor_count_override != ~0ull ? tensor_count_override : tensors_);
        put(out, metadata_count_override != ~0ull ? metadata_count_override : entries_);
        out += metadata_;
        out += infos_;
        if (tensors_ > 0) out.resize((out.size() + alignment - 1) / alignment * alignment);
        return out + data_;
    }

  private:
    template <typename T>
    static void put(std::string& out, T value) {
        char bytes[sizeof(T)];
        std::memcpy(bytes, &value, sizeof(T));
        out.append(bytes, sizeof(T));
    }
    static void put_string(std::string& out, std::string_view text) {
        put(out, static_cast<std::uint64_t>(text.size()));
        out += text;
    }
    void key_and_type(std::string_view key, std::uint32_t type) {
        put_string(metadata_, key);
        put(metadata_, type);
        ++entries_;
    }
    void array_header(std::string_view key, std::uint32_t type, std::uint64_t count) {
        key_and_type(key, 9);
        put(metadata_, type);
        put(metadata_, count);
    }

    std::string metadata_;
    std::string infos_;
    std::string data_;
    std::uint64_t entries_ = 0;
    std::uint64_t tensors_ = 0;
};

}  // namespace hearth::test
