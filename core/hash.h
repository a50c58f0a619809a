// SHA-256 (FIPS 180-4) of bytes and files. The only file pair that includes OpenSSL's digest headers.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "core/result.h"

namespace hearth {

/// Incremental SHA-256.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::span<const std::byte> bytes);
    /// 64 lower-case hex digits. Call once.
    std::string finish_hex();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);
Result<std::string> sha256_hex_of_file(const std::string& path);

/// `byte_count` random bytes from the kernel as lower-case hex: ids and keys.
std::string random_hex(std::size_t byte_count);

}  // namespace hearth
