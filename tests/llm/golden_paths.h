// Where the tests of the engine find committed goldens, shared data and (support/models.h) models.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/models.h"

namespace hearth::test {

inline std::string golden_path(const std::string& name) {
    return std::string(HEARTH_SOURCE_DIR) + "/tests/golden/" + name;
}

/// HEARTH_SHARED or its default, plus `name`; empty when the file is not there.
inline std::string shared_path(const std::string& name) {
    const char* root = std::getenv("HEARTH_SHARED");
    const std::string path = (root ? std::string(root) : std::string(HEARTH_SOURCE_DIR) + "/../shared") + "/" + name;
    return std::filesystem::exists(path) ? path : std::string();
}

}  // namespace hearth::test
