// A directory that lives as long as the test.
#pragma once

#include <filesystem>
#include <string>

#include "core/check.h"
#include "core/hash.h"

namespace hearth::test {

class TempDir {
  public:
    TempDir() : path_(std::filesystem::temp_directory_path() / ("hearth-test-" + random_hex(8))) {
        HEARTH_CHECK(std::filesystem::create_directories(path_));
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    std::string path() const { return path_.string(); }
    std::string path(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

}  // namespace hearth::test
